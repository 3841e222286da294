/** %ID: the unique identifier (HAProxy 3.x configuration 8.2.6). */
import { defineAlias } from '../../rules/define.ts';
import { Place } from '../../rules/place.ts';

export const identifier = defineAlias({
  name: 'ID',
  kind: 'string',
  httpOnly: false,
  doc: 'The identifier of the request that `unique-id-format` describes.',
  examples: [
    { format: '%ID', out: '192.0.2.7:40123_9' },
    { format: '%{+Q}ID', out: '"192.0.2.7:40123_9"' },
  ],
  compile: (style, { places }) => {
    const isLog = (places & Place.log) !== 0;
    return (out, stream) => {
      // In a rule it is only told, as HAProxy does: the sample makes it.
      if (isLog) stream.frontend.uniqueId?.make(stream);
      if (stream.uniqueIdEnd === 0) out.empty(style);
      else out.text(stream.uniqueIdStart, stream.uniqueIdEnd, style);
    };
  },
});
