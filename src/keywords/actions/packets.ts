/**
 * Actions on the packets of a connection (HAProxy 3.x configuration 4.3): marks for routing and filtering, types of service. A mark
 * needs CAP_NET_ADMIN; what the system refuses is not done, as with HAProxy.
 */

import { WireOption, type WireOptionValue } from '../../platform/contract.ts';
import { type Action, type ActionStep, type CompileContext, defineAction, Outcome } from '../../rules/define.ts';
import { compileInteger, type NumberStep } from '../../rules/value/setting-value.ts';
import type { Words } from '../../rules/words.ts';
import type { Stream } from '../../state/records.ts';

const GET = 'GET / HTTP/1.1';
const CLIENT_SETS = [
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
  'http-request',
  'http-response',
] as const;
const SERVER_SETS = ['tcp-request content', 'http-request'] as const;
const MOST = { mark: 0xffffffff, tos: 255 } as const;

function numberOf(words: Words, kind: 'mark' | 'tos', context: CompileContext): NumberStep {
  return compileInteger(words, `a ${kind === 'mark' ? 'mark' : 'type of service'}, or an expression`, 0, MOST[kind], context);
}

function compileClient(number: NumberStep, kind: 'mark' | 'tos'): ActionStep {
  const option: WireOptionValue = WireOption[kind];
  return (stream) => {
    const value = number(stream);
    if (value >= 0 && value <= MOST[kind]) stream.session.wire?.setOption(option, value | 0);
    return Outcome.next;
  };
}

function compileServer(number: NumberStep, kind: 'mark' | 'tos'): ActionStep {
  const set =
    kind === 'mark'
      ? (stream: Stream, value: number): void => {
          stream.overrides.backMark = value;
        }
      : (stream: Stream, value: number): void => {
          stream.overrides.backTos = value;
        };
  return (stream) => {
    const value = number(stream);
    if (value >= 0 && value <= MOST[kind]) set(stream, value);
    return Outcome.next;
  };
}

function definePackets(name: string, kind: 'mark' | 'tos', isClient: boolean, doc: string): Action {
  return defineAction({
    name,
    signature: name === `set-${kind}` ? `${name} <${kind}>` : `${name} { <${kind}> | <expr> }`,
    ruleSets: isClient ? CLIENT_SETS : SERVER_SETS,
    doc,
    examples: [
      { rule: `http-request ${name} 0x10`, request: GET, head: 'GET / HTTP/1.1' },
      { rule: `http-request ${name} 8`, request: GET, head: 'GET / HTTP/1.1' },
    ],
    compile: (words, context) => (isClient ? compileClient : compileServer)(numberOf(words, kind, context), kind),
  });
}

export const setFcMark = definePackets('set-fc-mark', 'mark', true, 'Marks the packets to the client.');
export const setFcTos = definePackets('set-fc-tos', 'tos', true, 'Sets the type of service (DSCP) of the packets to the client.');
export const setBcMark = definePackets(
  'set-bc-mark',
  'mark',
  false,
  'Marks the packets to the server, from the first one on: the connection is a new one and serves nobody else.',
);
export const setBcTos = definePackets(
  'set-bc-tos',
  'tos',
  false,
  'Sets the type of service (DSCP) of the packets to the server: the connection is a new one and serves nobody else.',
);
export const setMark = definePackets('set-mark', 'mark', true, 'The old name of `set-fc-mark`.');
export const setTos = definePackets('set-tos', 'tos', true, 'The old name of `set-fc-tos`.');
