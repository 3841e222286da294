/**
 * The built-in error pages, byte for byte as HAProxy's (drivers and tests compare them). Texts only.
 */

/** Reason phrase and sentence of the built-in pages; two reasons differ from those of http/reasons.ts. */
const PAGES: Readonly<Record<number, readonly [string, string]>> = {
  200: ['OK', 'Service ready.'],
  400: ['Bad request', 'Your browser sent an invalid request.'],
  401: ['Unauthorized', 'You need a valid user and password to access this content.'],
  403: ['Forbidden', 'Request forbidden by administrative rules.'],
  404: ['Not Found', 'The resource could not be found.'],
  405: ['Method Not Allowed', 'A request was made of a resource using a request method not supported by that resource'],
  407: ['Unauthorized', 'You need a valid user and password to access this content.'],
  408: ['Request Time-out', "Your browser didn't send a complete request in time."],
  410: ['Gone', 'The resource is no longer available and will not be available again.'],
  413: ['Payload Too Large', 'The request entity exceeds the maximum allowed.'],
  414: ['URI Too Long', 'The requested URI is too long.'],
  421: ['Misdirected Request', 'Request sent to a non-authoritative server.'],
  422: ['Unprocessable Content', 'The server cannot process the contained instructions.'],
  425: ['Too Early', 'Your browser sent early data.'],
  429: ['Too Many Requests', 'You have sent too many requests in a given amount of time.'],
  431: ['Request Header Fields Too Large', 'Request Header Fields Too Large.'],
  500: ['Internal Server Error', 'An internal server error occurred.'],
  501: ['Not Implemented', '.The server does not support the functionality required to fulfill the request.'],
  502: ['Bad Gateway', 'The server returned an invalid or incomplete response.'],
  503: ['Service Unavailable', 'No server is available to handle this request.'],
  504: ['Gateway Time-out', "The server didn't respond in time."],
};

/** The statuses that have a page; `deny_status` with any other is refused by HAProxy unless an errorfile has it. */
export const PAGE_STATUSES: readonly number[] = Object.keys(PAGES).map(Number);

export interface Page {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

/** The built-in page of a status; 500's for one that has none. */
export function pageOf(status: number): Page {
  const known = PAGES[status];
  if (known === undefined) return pageOf(500);
  const [reason, sentence] = known;
  return { status, reason, body: `<html><body><h1>${status} ${reason}</h1>\n${sentence}\n</body></html>\n` };
}
