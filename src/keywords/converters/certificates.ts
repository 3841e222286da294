/** Names of errors of certificates (HAProxy 3.x configuration 7.3.1). */
import { defineConverter } from '../../rules/define.ts';
import { cast, SampleType } from '../../rules/sample.ts';
import { VERIFY_ERRORS } from '../verify-errors.ts';

export const x509VErrStr = defineConverter({
  name: 'x509_v_err_str',
  args: [],
  from: SampleType.int,
  to: SampleType.str,
  doc: "The name of an error of a certificate's verification, as `ssl_c_verify` gives it; a number without a name stays a number.",
  examples: [
    { value: 0, call: 'x509_v_err_str', out: 'X509_V_OK' },
    { value: 10, call: 'x509_v_err_str', out: 'X509_V_ERR_CERT_HAS_EXPIRED' },
    { value: 75, call: 'x509_v_err_str', out: 'X509_V_ERR_OCSP_CERT_UNKNOWN' },
    { value: 999, call: 'x509_v_err_str', out: '999' },
  ],
  compile: (_, { thread: { memory } }) => {
    const starts = VERIFY_ERRORS.map((name) => memory.intern(name));
    return (sample) => {
      const name = VERIFY_ERRORS[sample.int];
      if (name === undefined) return cast(sample, SampleType.str);
      const start = starts[sample.int] as number;
      return sample.setText(start, start + name.length);
    };
  },
});
