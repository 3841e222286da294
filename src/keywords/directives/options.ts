/**
 * Options without arguments. Those that tune HAProxy's own machinery and change nothing a peer can see are
 * accepted and kept in the model; each says so.
 */
import { type Directive, defineDirective, defineOption, type ProxyDraft } from '../define.ts';

const ONE_COPY = 'bodies are never copied between our buffers anyway.';
const NO_ACK = 'the kernel decides when an ACK goes out.';

export const dontlognull = defineOption('dontlognull', 'DFL', 'Connections that sent nothing are not logged.');
export const dontlogNormal = defineOption(
  'dontlog-normal',
  'DFL',
  'Only errors, retries, redispatches and answers from 500 on are logged.',
);
export const logHealthChecks = defineOption('log-health-checks', 'DLB', 'Every change of a health check result is logged.');
export const logasap = defineOption('logasap', 'DFL', 'The line is logged once the response headers came; times get a `+`.');
export const logSeparateErrors = defineOption('log-separate-errors', 'DFL', 'What went wrong is logged at level err.');
export const abortonclose = defineOption('abortonclose', 'DFLB', 'A request whose client has left is dropped while it waits for a server.');
export const allbackups = defineOption('allbackups', 'DLB', 'All backup servers share the load, not only the first one.');
export const persist = defineOption('persist', 'DLB', 'A persistence cookie leads to its server even while that is down.');
export const preferLastServer = defineOption('prefer-last-server', 'DLB', 'A kept connection goes on to the server it used.');
export const httpPretendKeepalive = defineOption(
  'http-pretend-keepalive',
  'DLB',
  'No `connection: close` is sent to servers, though the connection ends behind the answer.',
);
export const httpNoDelay = defineOption(
  'http-no-delay',
  'DFLB',
  'Segments are sent at once, full or not.',
  'answers are never held back to fill segments.',
);
export const httpBufferRequest = defineOption(
  'http-buffer-request',
  'DFLB',
  "Rules see the beginning of the request's body: it is waited for, as far as a buffer holds it.",
);
export const idleCloseOnResponse = defineOption(
  'idle-close-on-response',
  'DFL',
  'At a soft stop idle connections are not closed at once but with their next response.',
);
export const httpIgnoreProbes = defineOption(
  'http-ignore-probes',
  'DFL',
  'Connections closed before a request are neither logged nor answered.',
);
export const httpUseProxyHeader = defineOption(
  'http-use-proxy-header',
  'DFL',
  'Clients that use this as their proxy are asked for credentials with 407 and Proxy-Authenticate.',
);
export const independentStreams = defineOption(
  'independent-streams',
  'DFLB',
  'In a tunnel each direction has its own inactivity: what is sent to a peer does not count as a sign of life of that peer.',
);
export const checkcache = defineOption('checkcache', 'DLB', 'A response with Set-Cookie that a cache could keep is refused with 502.');
export const h1CaseAdjustBogusClient = defineOption(
  'h1-case-adjust-bogus-client',
  'DFL',
  'Names of fields in answers get the case that `h1-case-adjust` lines say.',
);
export const h1CaseAdjustBogusServer = defineOption(
  'h1-case-adjust-bogus-server',
  'DLB',
  'Names of fields in requests to servers get the case that `h1-case-adjust` lines say.',
);
export const httpDropRequestTrailers = defineOption('http-drop-request-trailers', 'DB', 'Trailers of requests do not reach servers.');
export const httpDropResponseTrailers = defineOption('http-drop-response-trailers', 'DL', 'Trailers of responses do not reach clients.');
export const nolinger = defineOption('nolinger', 'DFLB', 'Connections are closed by a reset.');
export const contstats = defineOption('contstats', 'DFL', 'Bytes are counted while a transfer lasts, not only at its end.');
export const socketStats = defineOption(
  'socket-stats',
  'DFL',
  'Listeners have lines of their own in the statistics.',
  'there are no statistics by listener.',
);
export const clitcpka = defineOption('clitcpka', 'DFL', 'TCP keep-alive packets to clients.');
export const srvtcpka = defineOption('srvtcpka', 'DLB', 'TCP keep-alive packets to servers.');
export const tcpSmartAccept = defineOption('tcp-smart-accept', 'DFL', 'Saves an ACK packet where a request is awaited.', NO_ACK);
export const tcpSmartConnect = defineOption('tcp-smart-connect', 'DLB', 'Saves an ACK packet where a request follows.', NO_ACK);
export const spliceAuto = defineOption('splice-auto', 'DFLB', 'Splices bodies where it seems to pay.', ONE_COPY);
export const spliceRequest = defineOption('splice-request', 'DFLB', 'Splices requests.', ONE_COPY);
export const spliceResponse = defineOption('splice-response', 'DFLB', 'Splices responses.', ONE_COPY);
export const disableH2Upgrade = defineOption(
  'disable-h2-upgrade',
  'DFL',
  'An HTTP/1 connection never turns into HTTP/2.',
  'HTTP/2 is not spoken yet.',
);
export const unsafeRequests = defineUnsafe('request', 'DFL');
export const unsafeResponses = defineUnsafe('response', 'DLB');
export const invalidRequests = defineOldUnsafe('request', 'DFL');
export const invalidResponses = defineOldUnsafe('response', 'DLB');

export const httpKeepAlive = defineConnectionMode('http-keep-alive', 'Both sides are kept open between requests: the default.');
export const httpServerClose = defineConnectionMode('http-server-close', 'The server connection ends with the answer, the client is kept.');
export const httpclose = defineConnectionMode('httpclose', 'Both sides end with the answer.');

export const tcpka = defineDirective({
  name: 'option tcpka',
  sections: 'DFLB',
  args: [],
  doc: 'TCP keep-alive packets on both sides: `clitcpka` and `srvtcpka` together.',
  examples: [
    { text: 'option tcpka', gives: { options: { clitcpka: true, srvtcpka: true } } },
    { text: 'no option tcpka', says: "negation/default is not supported for option 'tcpka'" },
  ],
  apply(draft) {
    for (const name of ['clitcpka', 'srvtcpka']) setFlag(draft, name, null);
  },
});

export const restrictHeaderNames = defineDirective({
  name: 'option http-restrict-req-hdr-names',
  sections: 'DFLB',
  args: [{ name: 'action', kind: 'choice', choices: ['preserve', 'delete', 'reject'] }],
  doc: 'What becomes of request headers with characters other than letters, digits and `-`.',
  examples: [
    { text: 'option http-restrict-req-hdr-names reject', gives: { options: { 'http-restrict-req-hdr-names reject': true } } },
    { text: 'option http-restrict-req-hdr-names drop', says: "allowed: 'preserve', 'delete', 'reject'" },
  ],
  apply(draft, [action]) {
    for (const other of ['preserve', 'delete', 'reject']) draft.options[`http-restrict-req-hdr-names ${other}`] = other === action;
  },
});

function setFlag(draft: ProxyDraft, name: string, prefix: 'no' | 'default' | null): void {
  if (prefix === 'default') delete draft.options[name];
  else draft.options[name] = prefix === null;
}

const CONNECTION_MODES = ['http-keep-alive', 'http-server-close', 'httpclose'];

/** Of the three the last one written counts. */
function defineConnectionMode(name: string, doc: string): Directive {
  return defineDirective({
    name: `option ${name}`,
    sections: 'DFLB',
    negatable: true,
    args: [],
    doc,
    examples: [
      { text: `option ${name}`, gives: { options: { [name]: true } } },
      { text: `no option ${name}`, gives: { options: { [name]: false } } },
    ],
    apply(draft, _, { prefix }) {
      if (prefix === null) for (const other of CONNECTION_MODES) delete draft.options[other];
      setFlag(draft, name, prefix);
    },
  });
}

function unsafeName(side: string): string {
  return `accept-unsafe-violations-in-http-${side}`;
}

function defineUnsafe(side: 'request' | 'response', sections: string): Directive {
  return defineOption(unsafeName(side), sections, `Characters that RFC 9110 forbids are let through in a ${side}.`);
}

function defineOldUnsafe(side: 'request' | 'response', sections: string): Directive {
  const name = unsafeName(side);
  return defineDirective({
    name: `option accept-invalid-http-${side}`,
    sections,
    negatable: true,
    args: [],
    doc: `Old name of \`option ${name}\`.`,
    examples: [{ text: `option accept-invalid-http-${side}`, gives: { options: { [name]: true } } }],
    apply(draft, _, { prefix }) {
      setFlag(draft, name, prefix);
    },
  });
}
