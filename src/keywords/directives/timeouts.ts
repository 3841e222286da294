/** `timeout …`: how long each party may be silent (HAProxy configuration manual, 4.2). Unset means infinite. */
import type { TimeoutsModel } from '../../model/config.ts';
import { type Directive, defineDirective } from '../define.ts';

function defineTimeout(name: string, sections: string, field: keyof TimeoutsModel, doc: string): Directive {
  return defineDirective({
    name: `timeout ${name}`,
    sections,
    args: [{ name: 'timeout', kind: 'time' }],
    doc,
    examples: [
      { text: `timeout ${name} 30s`, gives: { timeouts: { [field]: 30000 } } },
      { text: `timeout ${name} 250`, gives: { timeouts: { [field]: 250 } } },
      { text: `timeout ${name} 25d`, says: 'timer overflow' },
      { text: `timeout ${name} 5x`, says: "unexpected character 'x'" },
    ],
    apply(draft, [timeoutMs]) {
      draft.timeouts[field] = timeoutMs;
    },
  });
}

export const timeoutClient = defineTimeout('client', 'DFL', 'clientMs', 'Longest inactivity of a client.');
export const timeoutServer = defineTimeout('server', 'DLB', 'serverMs', 'Longest inactivity of a server; before its headers came, a 504.');
export const timeoutConnect = defineTimeout('connect', 'DLB', 'connectMs', 'Longest wait for a connection to a server.');
export const timeoutQueue = defineTimeout('queue', 'DLB', 'queueMs', 'Longest wait for a free slot; `timeout connect` if unset.');
export const timeoutTunnel = defineTimeout(
  'tunnel',
  'DLB',
  'tunnelMs',
  'Inactivity of both sides once a connection is a tunnel; replaces client and server.',
);
export const timeoutTarpit = defineTimeout(
  'tarpit',
  'DFLB',
  'tarpitMs',
  'How long a tarpitted request is held; `timeout connect` if unset.',
);
export const timeoutCheck = defineTimeout('check', 'DLB', 'checkMs', 'Time for the answer of a health check, once connected.');
export const timeoutHttpRequest = defineTimeout(
  'http-request',
  'DFLB',
  'httpRequestMs',
  'Time for complete request headers, from the first byte; then a 408.',
);
export const timeoutHttpKeepAlive = defineTimeout(
  'http-keep-alive',
  'DFLB',
  'httpKeepAliveMs',
  'Wait for the next request; `timeout http-request` if unset.',
);
export const timeoutClientFin = defineTimeout(
  'client-fin',
  'DFL',
  'clientFinMs',
  'Inactivity of a client whose connection is half closed.',
);
export const timeoutServerFin = defineTimeout(
  'server-fin',
  'DLB',
  'serverFinMs',
  'Inactivity of a server whose connection is half closed.',
);
export const timeoutClientHs = defineTimeout(
  'client-hs',
  'DFL',
  'clientHsMs',
  'Time for the handshake of a client; `timeout client` if unset.',
);
