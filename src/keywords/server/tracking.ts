/** Servers that follow the state of another one (HAProxy configuration manual, 5.2 track). */
import { defineServerOption } from '../define.ts';

export const trackOption = defineServerOption({
  name: 'track',
  args: [{ name: '[<proxy>/]<server>', kind: 'text', optional: true }],
  doc:
    'The server is up, down, drained or in maintenance as that other one is, and has no checks of its own. It may be of another backend, and ' +
    'may track a third one: the last of them must have checks. Both backends must agree on `http-check disable-on-404`.',
  examples: [
    { text: 'track web/web1', gives: { track: 'web/web1' } },
    { text: 'track', says: "'track' expects [<proxy>/]<server> as argument" },
  ],
  apply(server, [word], context) {
    if (word === null) context.error({ text: "'track' expects [<proxy>/]<server> as argument." });
    else server.track = word;
  },
});
