/** What a proxy is and where it listens (HAProxy configuration manual, 4). */
import { defineDirective } from '../define.ts';

export const mode = defineDirective({
  name: 'mode',
  sections: 'DFLB',
  args: [{ name: 'mode', kind: 'word' }],
  doc: 'What passes: `tcp` bytes (the default) or `http` messages.',
  examples: [
    { text: 'mode http', gives: { mode: 'http' } },
    { text: 'mode tcp', gives: { mode: 'tcp' } },
    { text: 'mode foo', says: "unknown proxy mode 'foo'" },
    { text: 'mode log', says: 'not supported by this version' },
    { text: 'mode health', says: "doesn't exist anymore" },
  ],
  apply(draft, [word], context) {
    const { text } = word;
    if (text === 'http' || text === 'tcp') draft.mode = text;
    else if (['log', 'spop', 'haterm'].includes(text))
      context.error({ text: `mode '${text}' is not supported by this version`, word, allowed: ['tcp', 'http'] });
    else if (text === 'health')
      context.error({ text: "'mode health' doesn't exist anymore: 'http-request return status 200' does the same", word });
    else context.error({ text: `unknown proxy mode '${text}'`, word, allowed: ['tcp', 'http'], near: ['tcp', 'http'] });
  },
});

export const bind = defineDirective({
  name: 'bind',
  sections: 'FL',
  args: [
    { name: 'address', kind: 'word', optional: true },
    { name: 'options', kind: 'rest' },
  ],
  doc: 'Listens on addresses: `*:80`, `:8000-8010`, `[::]:80`, several with commas, `/path`, `abns@name`, `fd@3`.',
  examples: [
    { text: 'bind *:80', gives: { binds: [{ text: '*:80', addresses: [{ family: 4, port: 80 }] }] } },
    { text: 'bind :60000-60001 name web', gives: { binds: [{ name: 'web', addresses: [{ port: 60000 }, { port: 60001 }] }] } },
    {
      text: 'bind [::]:80,127.0.0.1:81',
      gives: {
        binds: [
          {
            addresses: [
              { family: 6, port: 80 },
              { family: 4, port: 81 },
            ],
          },
        ],
      },
    },
    { text: 'bind /run/web.sock mode 600', gives: { binds: [{ mode: 0o600, addresses: [{ family: 1, path: '/run/web.sock' }] }] } },
    { text: 'bind fd@7', gives: { binds: [{ addresses: [{ family: 3, port: 7 }] }] } },
    { text: 'bind 127.0.0.1', says: "missing port specification in '127.0.0.1'" },
    { text: 'bind :99999', says: "invalid port '99999'" },
    { text: 'bind *:81 nme x', says: "unknown keyword 'nme'; did you mean 'name' maybe ?" },
    { text: 'bind :443 ssl crt /none.pem', says: "unable to load '/none.pem'" },
    { text: 'bind', says: "'bind' expects" },
  ],
  apply(draft, [address, options], context) {
    if (address === null) {
      context.error({ text: "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments." });
      return;
    }
    const line = context.bindLine(address, options);
    if (line !== null) draft.binds.push(line);
  },
});

export const id = defineDirective({
  name: 'id',
  sections: 'FLB',
  args: [{ name: 'id', kind: 'integer', min: 1, max: 2147483647 }],
  doc: 'Fixed number of the proxy, for statistics and commands.',
  examples: [
    { text: 'id 12', gives: { id: 12 } },
    { text: 'id 0', says: 'must be between 1' },
  ],
  apply(draft, [number]) {
    draft.id = number;
  },
});

export const description = defineDirective({
  name: 'description',
  sections: 'FLB',
  args: [
    { name: 'text', kind: 'text' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'A description for the statistics.',
  examples: [{ text: 'description the blog', gives: { description: 'the blog' } }],
  apply(draft, [text, more]) {
    draft.description = [text, ...more.map((word) => word.text)].join(' ');
  },
});

export const disabled = defineDirective({
  name: 'disabled',
  sections: 'DFLB',
  args: [],
  doc: 'The proxy is not started.',
  examples: [
    { text: 'disabled', gives: { disabled: true } },
    { text: 'disabled x', says: "'disabled' cannot handle unexpected argument 'x'." },
  ],
  apply(draft) {
    draft.disabled = true;
  },
});

export const enabled = defineDirective({
  name: 'enabled',
  sections: 'DFLB',
  args: [],
  doc: 'The proxy is started: undoes `disabled` of a defaults section.',
  examples: [{ text: 'enabled', gives: { disabled: false } }],
  apply(draft) {
    draft.disabled = false;
  },
});

const MOST = 2147483647;

export const maxconn = defineDirective({
  name: 'maxconn',
  sections: 'DFL',
  args: [{ name: 'conns', kind: 'integer', min: 0, max: MOST }],
  doc: 'Most connections that a frontend serves at once; further ones wait in the kernel. 0: the process limit.',
  examples: [
    { text: 'maxconn 2000', gives: { maxconn: 2000 } },
    { text: 'maxconn', says: "'maxconn' expects an integer argument" },
    { text: 'maxconn 5 6', says: "'maxconn' cannot handle unexpected argument '6'." },
  ],
  apply(draft, [conns]) {
    draft.maxconn = conns;
  },
});

export const rateLimitSessions = defineDirective({
  name: 'rate-limit sessions',
  sections: 'DFL',
  args: [{ name: 'rate', kind: 'integer', min: 0, max: MOST }],
  doc: 'Most connections that the frontend accepts in a second; further ones wait in the kernel, none is refused. 0: no limit.',
  examples: [
    { text: 'rate-limit sessions 100', gives: { sessionRateLimit: 100 } },
    { text: 'rate-limit sessions x', says: "'rate-limit sessions'" },
  ],
  apply(draft, [rate]) {
    draft.sessionRateLimit = rate;
  },
});

export const backlog = defineDirective({
  name: 'backlog',
  sections: 'DFL',
  args: [{ name: 'conns', kind: 'integer', min: 0, max: MOST }],
  doc: 'Length of the kernel queue of connections that were not accepted yet; `maxconn` if unset.',
  examples: [{ text: 'backlog 512', gives: { backlog: 512 } }],
  apply(draft, [conns]) {
    draft.backlog = conns;
  },
});

export const maxKeepAliveQueue = defineDirective({
  name: 'max-keep-alive-queue',
  sections: 'DLB',
  args: [{ name: 'size', kind: 'integer', min: -1, max: MOST }],
  doc: 'A client goes on with the server it used (option prefer-last-server) only while fewer streams than this wait for that; -1, the default: while it has a free slot.',
  examples: [
    { text: 'max-keep-alive-queue 5', gives: { maxKeepAliveQueue: 5 } },
    { text: 'max-keep-alive-queue -1', gives: { maxKeepAliveQueue: -1 } },
    { text: 'max-keep-alive-queue x', says: "'max-keep-alive-queue'" },
  ],
  apply(draft, [size]) {
    draft.maxKeepAliveQueue = size;
  },
});

export const fullconn = defineDirective({
  name: 'fullconn',
  sections: 'DLB',
  args: [{ name: 'conns', kind: 'integer', min: 0, max: MOST }],
  doc: 'Connections at which servers get their full `maxconn`: below it the limit grows from `minconn` on. 0: a tenth of what the frontends allow.',
  examples: [
    { text: 'fullconn 1000', gives: { fullconn: 1000 } },
    { text: 'fullconn 0', gives: { fullconn: null } },
    { text: 'fullconn -1', says: 'must be between 0' },
  ],
  apply(draft, [conns]) {
    draft.fullconn = conns === 0 ? null : conns;
  },
});
