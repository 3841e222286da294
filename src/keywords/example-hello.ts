/** A client's hello for examples: server name, groups, point formats, a ticket, protocols, signatures, versions, a key share. */
const two = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const short = (body: string): string => String.fromCharCode(body.length) + body;
const sized = (body: string): string => two(body.length) + body;
const extension = (kind: number, body: string): string => two(kind) + sized(body);
const words = (...values: readonly number[]): string => values.map(two).join('');

/** `spread` puts reserved values (GREASE, RFC 8701) into every list that may hold them. */
export function exampleHello(version: number, ticket: string, spread = false): string {
  const some = (value: number): readonly number[] => (spread ? [value] : []);
  const extensions = [
    ...some(0x1a1a).map((kind) => extension(kind, '')),
    extension(0, sized(`\0${sized('www.example.com')}`)),
    extension(10, sized(words(...some(0x2a2a), 29, 23))),
    extension(11, short('\0')),
    extension(35, ticket),
    extension(16, sized('\x02h2\x08http/1.1')),
    extension(13, sized(words(0x0403))),
    ...(spread ? [extension(43, short(words(0x3a3a, 0x0304, 0x0303)))] : []),
    extension(51, sized(two(29) + sized('abcd'))),
  ];
  const ciphers = words(...some(0x0a0a), 0x1301, 0x1302, ...some(0xfafb));
  const body = `${two(version)}${'R'.repeat(32)}\0${sized(ciphers)}\x01\0${sized(extensions.join(''))}`;
  return `\x16\x03\x01${sized(`\x01\0${sized(body)}`)}`;
}
