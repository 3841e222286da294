/** auth: asks for credentials (HAProxy 3.x configuration 4.4; RFC 7617). */
import { HeaderId } from '../../http/message.ts';
import { type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { usesProxyFields } from '../../rules/value/credentials.ts';
import { Ended } from '../../state/end.ts';
import type { LocalReply, Stream } from '../../state/records.ts';
import { countError } from '../../stick/track.ts';

/** The page of a status with a challenge in it; false: that page is silent. */
function compileChallenge(status: number, name: string, realm: string, context: CompileContext): (stream: Stream) => boolean {
  const { memory } = context.thread;
  const page = context.errorReply(status) as LocalReply;
  const nameStart = memory.intern(name);
  const value = `Basic realm="${realm}"`;
  const valueStart = memory.intern(value);
  return (stream) => {
    if (!page.fill(stream)) return false;
    const { headers } = stream.response;
    headers.removeAll(memory.bytes, nameStart, name.length);
    return headers.add(HeaderId.other, nameStart, name.length, valueStart, valueStart + value.length);
  };
}

export const auth = defineAction({
  name: 'auth',
  signature: 'auth [realm <realm>]',
  ruleSets: ['http-request'],
  doc: 'Asks for a user and a password: 401 with a challenge, or 407 for clients of a proxy (`option http-use-proxy-header`). The realm is the name of the proxy unless one is given.',
  examples: [
    {
      rule: 'http-request auth realm "Staff only"',
      request: 'GET / HTTP/1.1',
      head: 'HTTP/1.1 401 Unauthorized\ncontent-length: 112\ncache-control: no-cache\ncontent-type: text/html\nwww-authenticate: Basic realm="Staff only"',
    },
  ],
  compile: (words, context) => {
    const realm = words.take('realm') ? words.next('a realm') : context.proxy.name;
    words.end(['realm']);
    const ask = compileChallenge(401, 'www-authenticate', realm, context);
    const askAsProxy = compileChallenge(407, 'proxy-authenticate', realm, context);
    const { thread } = context;
    return (stream) => {
      stream.cause = Ended.local;
      countError(stream);
      return (usesProxyFields(thread, stream) ? askAsProxy : ask)(stream) ? Outcome.answer : Outcome.drop;
    };
  },
});
