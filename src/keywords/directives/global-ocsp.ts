/** When OCSP servers are asked about certificates (HAProxy 3.x configuration 3.1, `ocsp-update`). */
import { DEFAULT_MAX_DELAY_S, DEFAULT_MIN_DELAY_S } from '../../model/tls.ts';
import { type Directive, defineGlobal } from '../define.ts';

const MOST_S = 2147483647;

function defineDelay(name: string, side: 'min' | 'max', doc: string): Directive {
  const key = `ocsp-update.${side}delay`;
  const wrong = side === 'min' ? `${DEFAULT_MAX_DELAY_S + 1}` : `${DEFAULT_MIN_DELAY_S - 1}`;
  return defineGlobal({
    name,
    args: [{ name: 'seconds', kind: 'integer', min: 0, max: MOST_S }],
    doc,
    examples: [
      { text: `${name} 400`, gives: { tune: { [key]: 400 } } },
      { text: `${name} ${wrong}`, says: side === 'min' ? 'can not be higher than' : 'can not be lower than' },
      { text: `${name} -1`, says: 'must be' },
    ],
    apply(global, [seconds], context) {
      const least = global.tune['ocsp-update.mindelay'] ?? DEFAULT_MIN_DELAY_S;
      const most = global.tune['ocsp-update.maxdelay'] ?? DEFAULT_MAX_DELAY_S;
      if (side === 'min' && seconds > most)
        context.error({ text: `'${name}' : ${seconds} can not be higher than 'ocsp-update.maxdelay', which is ${most}` });
      else if (side === 'max' && seconds < least)
        context.error({ text: `'${name}' : ${seconds} can not be lower than 'ocsp-update.mindelay', which is ${least}` });
      else global.tune[key] = seconds;
    },
  });
}

const LEAST = 'Shortest time between two requests about one certificate, in seconds; 300 if unset.';
const MOST = 'Longest time between two requests about one certificate, in seconds; 3600 if unset.';

function defineDelays(): readonly Directive[] {
  return [
    defineDelay('ocsp-update.mindelay', 'min', LEAST),
    defineDelay('ocsp-update.maxdelay', 'max', MOST),
    defineDelay('tune.ssl.ocsp-update.mindelay', 'min', 'Old name of `ocsp-update.mindelay`.'),
    defineDelay('tune.ssl.ocsp-update.maxdelay', 'max', 'Old name of `ocsp-update.maxdelay`.'),
  ];
}

export const ocspDelays = defineDelays();

function defineSwitch(name: 'ocsp-update.mode' | 'ocsp-update.disable', doc: string): Directive {
  return defineGlobal({
    name,
    args: [{ name: 'state', kind: 'choice', choices: ['on', 'off'] }],
    doc,
    examples: [
      { text: `${name} on`, gives: { flags: { [name]: true } } },
      { text: `${name} maybe`, says: "allowed: 'on', 'off'" },
    ],
    apply(global, [state]) {
      global.flags[name] = state === 'on';
    },
  });
}

export const ocspMode = defineSwitch(
  'ocsp-update.mode',
  'Whether responses are fetched for certificates whose line says nothing of `ocsp-update`; off if unset. The certificate must name a server, and who signed it must be known.',
);
export const ocspDisable = defineSwitch('ocsp-update.disable', 'No response is fetched, whatever certificates say.');

const HTTP_PORT = 80;

export const ocspHttpProxy = defineGlobal({
  name: 'ocsp-update.httpproxy',
  args: [{ name: 'address', kind: 'word' }],
  doc: 'HTTP proxy that requests to OCSP servers go through; port 80 if none is written.',
  examples: [
    { text: 'ocsp-update.httpproxy 192.0.2.1:3128', gives: { ocspProxy: { port: 3128 } } },
    { text: 'ocsp-update.httpproxy 192.0.2.1', gives: { ocspProxy: { port: 80 } } },
    { text: 'ocsp-update.httpproxy x/y', says: "'x/y'" },
  ],
  apply(global, [word], context) {
    const address = context.literalAddress(word);
    if (address !== null) global.ocspProxy = { ...address, port: address.port === 0 ? HTTP_PORT : address.port };
  },
});
