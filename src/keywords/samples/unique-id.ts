/** The stream's unique identifier, made when it is first asked for (HAProxy 3.x configuration 4.2 unique-id-format, 7.3.6). */
import { defineFetch } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { SampleType } from '../../rules/sample.ts';

export const uniqueId = defineFetch({
  name: 'unique-id',
  args: [],
  type: SampleType.str,
  valid: Valid.always,
  doc: 'The identifier of the request that `unique-id-format` describes.',
  examples: [{ call: 'unique-id', out: '192.0.2.7:40123_9' }],
  compile: () => {
    return (sample, stream) => {
      stream.frontend.uniqueId?.make(stream);
      return stream.uniqueIdEnd > 0 && sample.setText(stream.uniqueIdStart, stream.uniqueIdEnd);
    };
  },
});
