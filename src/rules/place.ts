/**
 * Where a sample may be used: HAProxy's 22 places as bits, in the order of the `valid=` columns of its
 * keyword list (HAProxy 3.x configuration 7.3), and the rule sets that evaluate there.
 */
export const PLACE_NAMES = [
  'frontend tcp-request connection rule',
  'frontend tcp-request session rule',
  'frontend tcp-request content rule',
  'frontend http-request header rule',
  'frontend http-request body rule',
  'frontend use-backend rule',
  'backend tcp-request content rule',
  'backend http-request header rule',
  'backend http-request body rule',
  'backend use-server, balance or stick-match rule',
  'server source selection',
  'backend tcp-response content rule',
  'backend http-response header rule',
  'backend http-response body rule',
  'backend stick-store rule',
  'frontend tcp-response content rule',
  'frontend http-response header rule',
  'frontend http-response body rule',
  'logs',
  'backend tcp-check rule',
  'configuration parser',
  'CLI parser',
] as const;

export const Place = {
  frontendConnection: 1 << 0,
  frontendSession: 1 << 1,
  frontendRequestContent: 1 << 2,
  frontendRequest: 1 << 3,
  useBackend: 1 << 5,
  backendRequestContent: 1 << 6,
  backendRequest: 1 << 7,
  /** `use-server`, `balance`, `stick match`. */
  useServer: 1 << 9,
  /** `source`, `sni`. */
  serverConnection: 1 << 10,
  backendResponseContent: 1 << 11,
  backendResponse: 1 << 12,
  stickStore: 1 << 14,
  frontendResponseContent: 1 << 15,
  frontendResponse: 1 << 16,
  log: 1 << 18,
  check: 1 << 19,
  parser: 1 << 20,
} as const;

/** Bits of Place: a `listen` section evaluates in two. */
export type Places = number;

const RESPONSE_FIRST = 11;
const LOG = 18;

/** The rule sets by HAProxy's name, with the place in a frontend and in a backend (0: not there). */
const RULE_SETS: Readonly<Record<string, readonly [number, number]>> = {
  'tcp-request connection': [Place.frontendConnection, 0],
  'tcp-request session': [Place.frontendSession, 0],
  'tcp-request content': [Place.frontendRequestContent, Place.backendRequestContent],
  'tcp-response content': [0, Place.backendResponseContent],
  'http-request': [Place.frontendRequest, Place.backendRequest],
  use_backend: [Place.useBackend, 0],
  'use-server': [0, Place.useServer],
  'stick match': [0, Place.useServer],
  'stick store-response': [0, Place.stickStore],
  redirect: [Place.frontendRequest, Place.backendRequest],
  'http-response': [Place.frontendResponse, Place.backendResponse],
  'http-after-response': [Place.frontendResponse, Place.backendResponse],
};

/** Where a rule set of a frontend or backend is evaluated; 0: there is no such rule set. */
export function placeOf(ruleSet: string, isFrontend: boolean): Places {
  return RULE_SETS[ruleSet]?.[isFrontend ? 0 : 1] ?? 0;
}

/** The bits of a `valid=` mask: one `Y` or `.` per place. */
export function maskOf(valid: string): Places {
  let mask = 0;
  for (let at = 0; at < valid.length; at++) if (valid[at] === 'Y') mask |= 1 << at;
  return mask;
}

/** HAProxy's name of the (first) place, for messages. */
export function placeName(places: Places): string {
  for (let at = 0; at < PLACE_NAMES.length; at++) if ((places & (1 << at)) !== 0) return PLACE_NAMES[at] as string;
  return 'nowhere';
}

/** A response exists there, so a word that serves both directions reads the response. */
export function readsResponse(places: Places): boolean {
  return (places >= 1 << RESPONSE_FIRST && places < 1 << LOG) || places === Place.check;
}

/** Masks that many words share, as in HAProxy's list. */
export const Valid = {
  always: 'YYYYYYYYYYYYYYYYYYYYYY',
  /** Needs a session or a check: everywhere but in the configuration parser. */
  running: 'YYYYYYYYYYYYYYYYYYYY.Y',
  /** The client's connection. */
  client: 'YYYYYYYYYYYYYYYYYYYY..',
  frontend: 'YYYYYYYYYYYYYYYYYYY...',
  /** From the choice of the backend on. */
  backend: '......YYYYYYYYYYYYYY..',
  /** From the end of the connection's rules to the log. */
  session: '.YYYYYYYYYYYYYYYYYY...',
  /** From the choice of the server to the log. */
  exchange: '.........YYYYYYYYYY...',
  /** From the choice of the server on. */
  server: '..........YYYYYYYYYY..',
  /** While the request's head is there. */
  request: '..YYYYYYYYY...........',
  /** From the request to the log: what is kept of it. */
  requestKept: '..YYYYYYYYYYYYYYYYY...',
  /** The head of either direction. */
  message: '..YYYYYYYYYYYYYYYY.Y..',
  /** While the response's head is there. */
  response: '...........YYYYYYY.Y..',
  /** From the response to the log. */
  responseKept: '...........YYYYYYYYY..',
} as const;

const NEEDS: ReadonlyMap<string, string> = new Map<string, string>([
  [Valid.request, 'HTTP request headers'],
  [Valid.requestKept, 'HTTP request line'],
  [Valid.message, 'HTTP request headers,HTTP response headers'],
  [Valid.response, 'HTTP response headers'],
  [Valid.responseKept, 'HTTP response line'],
  [Valid.server, 'layer 4 server'],
  [Valid.backend, 'backend'],
  [Valid.frontend, 'frontend'],
  [Valid.client, 'layer 4 client'],
]);

/** What a word with this mask reads, for messages. */
export function needOf(valid: string): string {
  return NEEDS.get(valid) ?? 'internal state';
}
