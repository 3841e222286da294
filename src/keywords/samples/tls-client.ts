/** Samples of what is wrong with TLS on the client's connection, and with the client's certificate (HAProxy 3.x configuration 7.3.4). */
import { Fact, Figure, type FigureValue } from '../../platform/tls/contract.ts';
import { defineFetch } from '../../rules/define.ts';
import { SampleType } from '../../rules/sample.ts';
import { compileFact, TLS_CLIENT } from '../tls-samples.ts';

export const sslFcErr = defineFigure('ssl_fc_err', Figure.errorCode, "OpenSSL's number of the first error on the client's connection");
export const sslCErr = defineFigure(
  'ssl_c_err',
  Figure.certificateError,
  "OpenSSL's number of the first error while the client's certificate was verified",
);
export const sslCCaErr = defineFigure('ssl_c_ca_err', Figure.authorityError, "The same for the authorities above the client's certificate");
export const sslCCaErrDepth = defineFigure(
  'ssl_c_ca_err_depth',
  Figure.authorityErrorDepth,
  "How many steps above the client's certificate the authority of `ssl_c_ca_err` stands",
);
export const sslCVerify = defineFigure(
  'ssl_c_verify',
  Figure.verifyResult,
  "What the verification of the client's certificate has come to, also 0 if there was none",
);

function defineFigure(name: string, figure: FigureValue, doc: string): ReturnType<typeof defineFetch> {
  return defineFetch({
    name,
    args: [],
    type: SampleType.int,
    valid: TLS_CLIENT,
    doc: `${doc}: 0 if nothing is wrong; none without TLS.`,
    examples: [
      { call: name, tls: true, out: 0 },
      { call: name, out: null },
    ],
    compile: () => (sample, stream) => {
      const { tls } = stream.session;
      return tls !== null && sample.setInt(tls.figure(figure));
    },
  });
}

export const sslFcErrStr = defineFetch({
  name: 'ssl_fc_err_str',
  args: [],
  type: SampleType.str,
  valid: TLS_CLIENT,
  doc: "The first error on the client's connection in OpenSSL's words; none if there is none.",
  examples: [{ call: 'ssl_fc_err_str', tls: true, out: null }],
  compile: (_, context) => compileFact((stream) => stream.session.tls, Fact.errorText, false, context),
});
