/** Log aliases of moments (HAProxy 3.x configuration 8.2.6). */

import { type AliasStep, defineAlias } from '../../rules/define.ts';
import { DateText } from '../../rules/format/datetext.ts';
import type { TextStyle, Writer } from '../../rules/format/writer.ts';
import { writePadded } from '../../rules/value/bytes.ts';
import type { Stream } from '../../state/records.ts';

type Moment = (stream: Stream) => number;

function accepted(stream: Stream): number {
  return stream.session.acceptedWallMs;
}

/** The first byte of the request; where there was none, the moment of acceptance. */
function requested(stream: Stream): number {
  return stream.firstByteWallMs > 0 ? stream.firstByteWallMs : stream.session.acceptedWallMs;
}

const DOT = 46;

/** `20/Nov/2026:08:41:14.255` in local time. */
function compileMilliseconds(moment: Moment): AliasStep {
  const text = new DateText(true, false);
  return (out, stream) => {
    const ms = text.set(moment(stream));
    out.outside(text.words, text.length);
    out.byte(DOT);
    padded(out, ms, 3);
  };
}

function padded(out: Writer, value: number, width: number): void {
  if (out.at + width <= out.limit) out.at = writePadded(out.bytes, out.at, value, width);
  else out.overflow = true;
}

/** `20/Nov/2026:08:41:14 +0000` */
function compileZoned(moment: Moment, isLocal: boolean): AliasStep {
  const text = new DateText(isLocal, true);
  return (out, stream) => {
    text.set(moment(stream));
    out.outside(text.words, text.length);
  };
}

export const acceptDate = defineAlias({
  name: 't',
  kind: 'date',
  httpOnly: false,
  doc: 'Local date of the connection, with milliseconds.',
  examples: [{ format: '%t', out: '20/Nov/2026:08:41:14.255' }],
  compile: () => compileMilliseconds(accepted),
});

export const requestDate = defineAlias({
  name: 'tr',
  kind: 'date',
  httpOnly: true,
  doc: "Local date of the request's first byte, with milliseconds.",
  examples: [{ format: '%tr', out: '20/Nov/2026:08:41:15.100' }],
  compile: () => compileMilliseconds(requested),
});

export const acceptDateGmt = defineAlias({
  name: 'T',
  kind: 'date',
  httpOnly: false,
  doc: 'Date of the connection in UTC.',
  examples: [{ format: '%T', out: '20/Nov/2026:08:41:14 +0000' }],
  compile: () => compileZoned(accepted, false),
});

export const acceptDateLocal = defineAlias({
  name: 'Tl',
  kind: 'date',
  httpOnly: false,
  doc: 'Local date of the connection with the zone.',
  examples: [{ format: '%Tl', out: '20/Nov/2026:08:41:14 +0000' }],
  compile: () => compileZoned(accepted, true),
});

export const requestDateGmt = defineAlias({
  name: 'trg',
  kind: 'date',
  httpOnly: true,
  doc: "Date of the request's first byte in UTC.",
  examples: [{ format: '%trg', out: '20/Nov/2026:08:41:15 +0000' }],
  compile: () => compileZoned(requested, false),
});

export const requestDateLocal = defineAlias({
  name: 'trl',
  kind: 'date',
  httpOnly: true,
  doc: "Local date of the request's first byte with the zone.",
  examples: [{ format: '%trl', out: '20/Nov/2026:08:41:15 +0000' }],
  compile: () => compileZoned(requested, true),
});

/** Seconds since the epoch: in hexadecimal with +X. */
function compileSeconds(style: TextStyle): AliasStep {
  if (!style.hex) return (out, stream) => out.int(Math.floor(accepted(stream) / 1000));
  return (out, stream) => {
    const second = Math.floor(accepted(stream) / 1000);
    out.hexInt(second);
  };
}

export const timestamp = defineAlias({
  name: 'Ts',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'Date of the connection in seconds since the epoch.',
  examples: [{ format: '%Ts', out: '1795164074' }],
  compile: (style) => compileSeconds(style),
});

export const milliseconds = defineAlias({
  name: 'ms',
  kind: 'number',
  inHex: true,
  httpOnly: false,
  doc: 'The milliseconds of the date of the connection, three digits.',
  examples: [
    { format: '%ms', out: '255' },
    { format: '%{+X}ms', out: 'FF' },
    { format: '%{+json}ms', out: '255' },
  ],
  compile: (style) => {
    if (!style.hex) return (out, stream) => padded(out, Math.floor(accepted(stream)) % 1000, 3);
    return (out, stream) => {
      const ms = Math.floor(accepted(stream)) % 1000;
      if (ms > 255) out.byte(48 + (ms >> 8));
      out.hexByte(ms & 255);
    };
  },
});
