/**
 * Samples of a TLS handshake that passes through undeciphered: the first message of the client, the type of the server's (HAProxy
 * 3.x configuration 7.3.5). Where TLS ends here, see ssl_fc_…
 */
import { ClientHello, HelloResult, type Span } from '../../proto/tls-hello.ts';
import { type CompileContext, defineFetch, defineFetchName, type FetchStep } from '../../rules/define.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import type { Stream } from '../../state/records.ts';
import { exampleHello } from '../example-hello.ts';

type HelloStep = (sample: Sample, hello: ClientHello) => boolean;

/** Runs `step` on a complete ClientHello. A hello that is not complete may become one. */
function compileHello(step: HelloStep): FetchStep {
  const hello = new ClientHello();
  return (sample, { tunnel, hasRequestLine, request }) => {
    if (!tunnel || hasRequestLine) return false;
    const result = hello.read(sample.memory.bytes, request.bodyStart, request.bodyEnd);
    if (result === HelloResult.more) sample.mayChange = true;
    return result === HelloResult.done && step(sample, hello);
  };
}

function compileSpan(spanOf: (hello: ClientHello) => Span, type: typeof SampleType.str | typeof SampleType.bin): FetchStep {
  return compileHello((sample, hello) => {
    const { start, end } = spanOf(hello);
    if (start < 0) return false;
    return type === SampleType.str ? sample.setText(start, end) : sample.setBinary(start, end);
  });
}

const HELLO = exampleHello(0x0303, '');
const OTHER = 'GET / HTTP/1.1\r\n';

export const reqSslHelloType = defineFetch({
  name: 'req.ssl_hello_type',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: "1 once the client's hello is complete.",
  examples: [
    { raw: HELLO, call: 'req.ssl_hello_type', out: 1 },
    { raw: HELLO.slice(0, -1), call: 'req.ssl_hello_type', out: null },
    { raw: OTHER, call: 'req.ssl_hello_type', out: null },
  ],
  compile: () => compileHello((sample) => sample.setInt(1)),
});

export const reqSslHelloTypeOld = defineFetchName('req_ssl_hello_type', reqSslHelloType, {
  raw: HELLO,
  call: 'req_ssl_hello_type',
  out: 1,
});

export const reqSslSni = defineFetch({
  name: 'req.ssl_sni',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['req_ssl_sni:str'],
  doc: 'The host name that the client asks for in its hello.',
  examples: [
    { raw: HELLO, call: 'req.ssl_sni', out: 'www.example.com' },
    { raw: OTHER, call: 'req.ssl_sni', out: null },
  ],
  compile: () => compileSpan((hello) => hello.serverName, SampleType.str),
});

export const reqSslSniOld = defineFetchName('req_ssl_sni', reqSslSni, { raw: HELLO, call: 'req_ssl_sni', out: 'www.example.com' });

export const reqSslVer = defineFetch({
  name: 'req.ssl_ver',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  derivatives: ['req.ssl_ver:version', 'req_ssl_ver:version'],
  doc: "The version in the client's hello: major number times 65536 plus minor. ACLs take it as 3.3, which is TLS 1.2 and what TLS 1.3 says too.",
  examples: [{ raw: HELLO, call: 'req.ssl_ver', out: 196_611 }],
  compile: () => compileHello((sample, { version }) => sample.setInt((version >> 8) * 65_536 + (version & 255))),
});

export const reqSslVerOld = defineFetchName('req_ssl_ver', reqSslVer, {
  raw: exampleHello(0x0301, ''),
  call: 'req_ssl_ver',
  out: 196_609,
});

/** The protocol names one after another; the first one outside of ACLs. */
function compileProtocols(): FetchStep {
  return compileHello((sample, { alpn }) => {
    if (alpn.start < 0) return false;
    const { bytes } = sample.memory;
    const at = sample.next < 0 ? alpn.start : sample.next;
    const end = at + 1 + (bytes[at] as number);
    if (at >= alpn.end || end > alpn.end) return false;
    sample.next = end;
    sample.more = end < alpn.end;
    return sample.setText(at + 1, end);
  });
}

export const reqSslAlpn = defineFetch({
  name: 'req.ssl_alpn',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The protocol that the client wants most, of those that its hello names. In ACLs, every one.',
  examples: [{ raw: HELLO, call: 'req.ssl_alpn', out: 'h2' }],
  compile: () => {
    const step = compileProtocols();
    return (sample, stream) => {
      sample.next = -1;
      return step(sample, stream);
    };
  },
  compileEach: () => compileProtocols(),
});

export const reqSslEcExt = defineFetch({
  name: 'req.ssl_ec_ext',
  args: [],
  type: SampleType.bool,
  valid: Valid.request,
  doc: "True if the client's hello names the elliptic curves that it supports; else there is no value.",
  examples: [{ raw: HELLO, call: 'req.ssl_ec_ext', out: true }],
  compile: () => compileHello((sample, { groups }) => groups.start >= 0 && sample.setBool(true)),
});

export const reqSslStExt = defineFetch({
  name: 'req.ssl_st_ext',
  args: [],
  type: SampleType.int,
  valid: Valid.request,
  doc: 'Session tickets of the client: 0 it takes none, 1 it takes them, 2 it brings one.',
  examples: [
    { raw: HELLO, call: 'req.ssl_st_ext', out: 1 },
    { raw: exampleHello(0x0303, 'abc'), call: 'req.ssl_st_ext', out: 2 },
  ],
  compile: () =>
    compileHello((sample, { ticket, extensions }) => {
      if (extensions.start < 0) return false;
      return sample.setInt(ticket.start < 0 ? 0 : ticket.end > ticket.start ? 2 : 1);
    }),
});

export const reqSslCipherlist = defineFetch({
  name: 'req.ssl_cipherlist',
  args: [],
  type: SampleType.bin,
  valid: Valid.client,
  doc: "The cipher suites of the client's hello, two bytes each.",
  examples: [{ raw: HELLO, call: 'req.ssl_cipherlist,hex', out: '13011302' }],
  compile: () => compileSpan((hello) => hello.ciphers, SampleType.bin),
});

export const reqSslSigalgs = defineFetch({
  name: 'req.ssl_sigalgs',
  args: [],
  type: SampleType.bin,
  valid: Valid.client,
  doc: "The signature algorithms of the client's hello, two bytes each.",
  examples: [{ raw: HELLO, call: 'req.ssl_sigalgs,hex', out: '0403' }],
  compile: () => compileSpan((hello) => hello.signatures, SampleType.bin),
});

export const reqSslSupportedGroups = defineFetch({
  name: 'req.ssl_supported_groups',
  args: [],
  type: SampleType.bin,
  valid: Valid.client,
  doc: "The groups of the client's hello, two bytes each.",
  examples: [{ raw: HELLO, call: 'req.ssl_supported_groups,hex', out: '001D0017' }],
  compile: () => compileSpan((hello) => hello.groups, SampleType.bin),
});

export const reqSslKeyshareGroups = defineFetch({
  name: 'req.ssl_keyshare_groups',
  args: [],
  type: SampleType.bin,
  valid: Valid.client,
  doc: "The groups of which the client's hello has a key, two bytes each.",
  examples: [{ raw: HELLO, call: 'req.ssl_keyshare_groups,hex', out: '001D' }],
  compile: () => compileHello(writeGroups),
});

function writeGroups(sample: Sample, { keyShares }: ClientHello): boolean {
  if (keyShares.start < 0) return false;
  const { bytes } = sample.memory;
  const start = sample.memory.scratch();
  let to = start;
  for (let at = keyShares.start; at + 4 <= keyShares.end; at += 4 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))) {
    bytes[to++] = bytes[at] as number;
    bytes[to++] = bytes[at + 1] as number;
  }
  return sample.setBinary(start, to);
}

const HANDSHAKE = 22;

/** Type of the first handshake message that the server sent, once it is complete: 2 is its hello. */
function readServerHello(sample: Sample, { tunnel, hasRequestLine, response }: Stream): boolean {
  const { bytes } = sample.memory;
  const { bodyStart: start, bodyEnd: end } = response;
  if (!tunnel || hasRequestLine || (end > start && bytes[start] !== HANDSHAKE) || (end > start + 1 && bytes[start + 1] !== 3)) return false;
  const length =
    end - start < 9 ? 9 : 9 + ((bytes[start + 6] as number) << 16) + ((bytes[start + 7] as number) << 8) + (bytes[start + 8] as number);
  if (end - start < length) {
    sample.mayChange = true;
    return false;
  }
  return sample.setInt(bytes[start + 5] as number);
}

const SERVER_HELLO = '\x16\x03\x03\0\x06\x02\0\0\x02ab';

export const resSslHelloType = defineFetch({
  name: 'res.ssl_hello_type',
  args: [],
  type: SampleType.int,
  valid: Valid.response,
  doc: "2 once the server's hello is complete.",
  examples: [
    { raw: SERVER_HELLO, response: '', call: 'res.ssl_hello_type', out: 2 },
    { raw: SERVER_HELLO.slice(0, -1), response: '', call: 'res.ssl_hello_type', out: null },
  ],
  compile: (_args: readonly unknown[], _context: CompileContext) => readServerHello,
});

export const repSslHelloType = defineFetchName('rep_ssl_hello_type', resSslHelloType, {
  raw: SERVER_HELLO,
  response: '',
  call: 'rep_ssl_hello_type',
  out: 2,
});
