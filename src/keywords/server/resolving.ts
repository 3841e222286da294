/** Options of `server` lines about names and the addresses behind them (HAProxy configuration manual, 5.2 and 5.3). */
import { parseIp } from '../../base/address.ts';
import { defineServerOption } from '../define.ts';

const METHODS = ['last', 'libc', 'none'];

export const initAddr = defineServerOption({
  name: 'init-addr',
  args: [{ name: 'methods', kind: 'text' }],
  doc: 'Where an address comes from at start, in order: last, libc, none, an IP. `last,libc` if unset. Nothing keeps last addresses here, so `last` finds none.',
  examples: [
    { text: 'init-addr last,libc,none', gives: { other: { 'init-addr': ['last,libc,none'] } } },
    { text: 'init-addr 10.0.0.1', gives: { other: { 'init-addr': ['10.0.0.1'] } } },
    { text: 'init-addr dns', says: "'init-addr' : unknown init-addr method 'dns', supported methods are 'libc', 'last', 'none'" },
    { text: 'init-addr', says: "'init-addr' expects an argument" },
  ],
  apply(server, [methods], context) {
    const unknown = methods.split(',').find((method) => !METHODS.includes(method) && parseIp(method) === null);
    if (unknown === undefined) server.other['init-addr'] = [methods];
    else {
      const text = `'init-addr' : unknown init-addr method '${unknown}', supported methods are 'libc', 'last', 'none'`;
      context.error({ text: `${text}, or an IP address.`, near: METHODS });
    }
  },
});

export const resolversOption = defineServerOption({
  name: 'resolvers',
  args: [{ name: 'name', kind: 'text' }],
  doc: 'The name of this server is asked for again and again, at the name servers of this section, and its address follows the answers. A name that begins with `_` asks for SRV records: each gives a server of a `server-template` its name, port and weight.',
  examples: [
    { text: 'resolvers default', gives: { other: { resolvers: ['default'] } } },
    { text: 'resolvers', says: "'resolvers' expects an argument" },
  ],
  apply(server, [name]) {
    server.other['resolvers'] = [name];
  },
});

export const resolvePrefer = defineServerOption({
  name: 'resolve-prefer',
  args: [{ name: 'family', kind: 'text' }],
  doc: 'Which family of addresses is asked for first: ipv4 or ipv6 (ipv6 if unset). At start: which one is taken if the name has both.',
  examples: [
    { text: 'resolve-prefer ipv4', gives: { other: { 'resolve-prefer': ['ipv4'] } } },
    { text: 'resolve-prefer ipv5', says: "'resolve-prefer' expects either ipv4 or ipv6 as argument" },
    { text: 'resolve-prefer', says: "'resolve-prefer' expects an argument" },
  ],
  apply(server, [family], context) {
    if (family === 'ipv4' || family === 'ipv6') server.other['resolve-prefer'] = [family];
    else context.error({ text: "'resolve-prefer' expects either ipv4 or ipv6 as argument", found: family, allowed: ['ipv4', 'ipv6'] });
  },
});

const OPTIONS = ['allow-dup-ip', 'ignore-weight', 'prevent-dup-ip'];

export const resolveOpts = defineServerOption({
  name: 'resolve-opts',
  args: [{ name: 'options', kind: 'text' }],
  doc: 'For `resolvers`: allow-dup-ip lets servers of a backend with the same name have the same address, prevent-dup-ip (as if unset) does not; ignore-weight leaves the weights of SRV records alone.',
  examples: [
    { text: 'resolve-opts allow-dup-ip,ignore-weight', gives: { other: { 'resolve-opts': ['allow-dup-ip', 'ignore-weight'] } } },
    { text: 'resolve-opts dup', says: "'resolve-opts' : unknown resolve-opts option 'dup'" },
    { text: 'resolve-opts', says: "'resolve-opts' expects an argument" },
  ],
  apply(server, [text], context) {
    const options = text.split(',');
    const unknown = options.find((option) => !OPTIONS.includes(option));
    if (unknown === undefined) server.other['resolve-opts'] = options;
    else {
      const known = "'allow-dup-ip', 'ignore-weight', and 'prevent-dup-ip'";
      const message = `'resolve-opts' : unknown resolve-opts option '${unknown}', supported methods are ${known}.`;
      context.error({ text: message, near: OPTIONS });
    }
  },
});

export const resolveNet = defineServerOption({
  name: 'resolve-net',
  args: [{ name: 'networks', kind: 'text' }],
  doc: 'Networks that are preferred among the addresses of a name.',
  examples: [
    { text: 'resolve-net 10.0.0.0/8,192.168.0.0/16', gives: { other: { 'resolve-net': ['10.0.0.0/8', '192.168.0.0/16'] } } },
    { text: 'resolve-net 10.0.0.0/40', says: "'resolve-net' invalid network '10.0.0.0/40'" },
    { text: 'resolve-net', says: "'resolve-net' expects an argument" },
  ],
  apply(server, [text], context) {
    const networks = text.split(',').map((network) => network.trim());
    const wrong = networks.find((network) => !isNetwork(network));
    if (wrong === undefined) server.other['resolve-net'] = networks;
    else context.error({ text: `'resolve-net' invalid network '${wrong}'.`, found: wrong, allowed: ['IP', 'IP/BITS'] });
  },
});

function isNetwork(text: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const ip = match === null ? null : parseIp(match[1] as string);
  return ip !== null && Number(match?.[2] ?? 0) <= (ip.family === 4 ? 32 : 128);
}
