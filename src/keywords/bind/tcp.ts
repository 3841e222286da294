/** Options of `bind` lines that are the kernel's: how TCP treats the connections (HAProxy configuration manual, 5.1). */
import { defineBindOption } from '../define.ts';

const MOST_SEGMENT = 65_535;
const MOST_MS = 2_147_483_647;

export const mss = defineBindOption({
  name: 'mss',
  args: [{ name: 'maxseg', kind: 'integer', min: 1, max: MOST_SEGMENT }],
  doc: 'The largest TCP segment that clients are told to send, bytes.',
  examples: [
    { text: 'mss 1400', gives: { tcp: { mss: 1400 } } },
    { text: 'mss 0', says: 'must be between 1' },
  ],
  apply(bind, [bytes]) {
    bind.tcp.mss = bytes;
  },
});

export const deferAccept = defineBindOption({
  name: 'defer-accept',
  args: [],
  doc: 'A connection is accepted when its first data has come, or a second has passed.',
  examples: [{ text: 'defer-accept', gives: { tcp: { defersAccept: true } } }],
  apply(bind) {
    bind.tcp.defersAccept = true;
  },
});

export const tfo = defineBindOption({
  name: 'tfo',
  args: [],
  doc: 'Clients may send data with their first packet (TCP Fast Open), if the system lets servers do so.',
  examples: [{ text: 'tfo', gives: { tcp: { fastOpen: true } } }],
  apply(bind) {
    bind.tcp.fastOpen = true;
  },
});

export const tcpUserTimeout = defineBindOption({
  name: 'tcp-ut',
  args: [{ name: 'delay', kind: 'time', min: 1, max: MOST_MS }],
  doc: 'How long data to a client may stay unacknowledged before the kernel gives the connection up.',
  examples: [
    { text: 'tcp-ut 30s', gives: { tcp: { userTimeoutMs: 30_000 } } },
    { text: 'tcp-ut 1x', says: "unexpected character 'x'" },
  ],
  apply(bind, [delayMs]) {
    bind.tcp.userTimeoutMs = delayMs;
  },
});

export const tcpSaveSyn = defineBindOption({
  name: 'tcp-ss',
  args: [{ name: 'mode', kind: 'integer', min: 0, max: 2 }],
  doc: "The kernel keeps each client's first packet for `fc_saved_syn`: 1 from its IP header on, 2 from its Ethernet header on, 0 not.",
  examples: [
    { text: 'tcp-ss 1', gives: { tcp: { saveSyn: 1 } } },
    { text: 'tcp-ss 3', says: 'must be between 0' },
  ],
  apply(bind, [mode]) {
    bind.tcp.saveSyn = mode;
  },
});
