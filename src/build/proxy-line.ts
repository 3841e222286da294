/** What of the PROXY protocol a server wants, from the model to what writes it. */
import type { Memory } from '../base/memory.ts';
import type { ServerModel } from '../model/config.ts';
import type { Compiler } from '../rules/compiler.ts';
import { Place } from '../rules/place.ts';
import type { ProxyLineSender } from '../state/records.ts';
import { ProxyLine } from '../transport/proxy-line.ts';

/** Options of what is told of TLS; each makes the SSL TLV. */
const SSL = ['ssl', 'cert-cn', 'cert-sig', 'cert-key', 'ssl-cipher'] as const;

/** null: the server gets no header. As with HAProxy, options of version 2 alone make it version 1. @throws RuleError */
export function proxyLineOf({ proxyLine: { words, tlvs } }: ServerModel, compiler: Compiler, memory: Memory): ProxyLineSender | null {
  const formats = tlvs.map(({ type, format }) => ({ type, format: compiler.format(format, 'text', Place.useServer) }));
  if (words.length === 0) return null;
  return new ProxyLine(memory, {
    isBinary: words.includes('v2'),
    crc32c: words.includes('crc32c'),
    authority: words.includes('authority'),
    uniqueId: words.includes('unique-id'),
    ssl: SSL.some((word) => words.includes(word)),
    certName: words.includes('cert-cn'),
    certKey: words.includes('cert-key'),
    certSignature: words.includes('cert-sig'),
    sslCipher: words.includes('ssl-cipher'),
    tlvs: formats,
  });
}
