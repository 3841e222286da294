/**
 * More cases of answers.test.ts: answers made here as rules see them, flags in texts for messages, and rules on what frames a
 * message. Only what both sides are to agree on, byte by byte.
 */
import { type AnswerCase, answers, at, both, MANY } from './answers.ts';

const SHOWN = 'http-after-response set-header x-n "%[res.hdr_names] %[res.hdr(content-length)]"';
const QUOTED = '"%{+Q}[path]|%{+E}[req.fhdr(x-a)]|%{+Q}r|%{+Q}HU|%{+Q}[req.hdr(none)]|%[bin(410a7f22e9)]"';
const CODES = 'set-var-fmt(txn.x) "%{+Q}[path]|%[bin(410a7f22e9)]|%{+E}[bin(410a225c5d)]|%{+Q}[req.hdr(none)]"';
const COOKIE = 'cookie SRV insert indirect';

/** What rules see of answers made here, and flags in texts for messages. */
const SEEN = [
  ...at(MANY, `http-request return\n  ${SHOWN}`, `http-request deny\n  ${SHOWN}`, `http-request auth\n  ${SHOWN}`),
  ...at(
    MANY,
    `http-request return status 418 hdr x-a b content-type text/plain lf-string "%[path]"\n  ${SHOWN}`,
    `http-request return content-type text/plain lf-string "%[path]"\n  ${SHOWN}`,
    `errorfile 403 FOLDER/page.http\n  http-request deny\n  ${SHOWN}`,
    `errorfile 403 FOLDER/bare.http\n  http-request deny\n  ${SHOWN}`,
    `http-request return content-type text/plain lf-string ${QUOTED}`,
    `http-request set-header x-q ${QUOTED}`,
    `http-request deny hdr x-q ${QUOTED}`,
    `http-request set-path /${QUOTED}`,
    `http-request ${CODES}\n  http-request return content-type text/plain lf-string "%[var(txn.x),hex]"`,
    'log-format "%f a  %[var(txn.none)] %{-M}[var(txn.none)] %HQ %hr %hs b %{-M}[capture.res.ver]  %ts"',
    'log-format "%f %[capture.res.ver] %ST"\n  http-response return status 202',
    'log-format "%f %[capture.res.ver] %ST"\n  http-request return status 202',
  ),
  ...at(
    MANY,
    "http-request deny content-type text/plain string '%[path]' hdr x-h %[src]",
    "http-request tarpit deny_status 429 content-type text/plain string '%[path]' hdr x-h %[src]",
    'http-request return content-type text/plain file FOLDER/body.txt hdr x-h %[src]',
    'http-request deny deny_status 405 errorfiles site',
    'http-error status 405 errorfiles site\n  http-request deny deny_status 405',
    'http-request deny hdr x-h %ST content-type text/plain lf-string %ST',
    'http-request redirect location /%ST',
    'http-request return content-type text/plain lf-string "x%[fe_defbe]"',
    'http-request deny hdr x-e "%[req.hdr(none)]" hdr x-f "%[path]"',
    'http-request return content-type text/plain string abc hdr x-e "%[req.hdr(none)]"',
    'log-format "%f %r|%HM|%hr|%hrl|%ID|%[capture.req.method]|%tsc"\n  unique-id-format x-%ci\n  declare capture request len 8\n  tcp-request content reject',
  ),
  both('log-format "%f %[capture.req.hdr(0)]"\n  declare capture request len 5', 'http-request set-header x-hr "%hr|%hs"'),
  both('http-request deny\n  http-after-response set-header x-be "%[be_name]|%b|%[fe_name]"', ''),
  both('log-format "%f %tsc"\n  http-request deny', COOKIE),
  both('log-format "%f %tsc"', `${COOKIE}\n  http-request deny`),
  ...answers(`log-format "%f %tsc"\n  ${COOKIE}\n  http-request deny`),
];

/** Fields and statuses that tell how long a body is: rules can't break the framing. */
const FRAMED = [
  ...at(
    MANY,
    'http-response set-status 304',
    'http-after-response set-status 204\n  http-request return content-type text/plain string abc',
  ),
  ...at('HEAD /a HTTP/1.1', 'http-request set-method GET', 'http-request set-method GET\n  http-request deny'),
];

export const MADE: readonly AnswerCase[] = [...SEEN, ...FRAMED];
