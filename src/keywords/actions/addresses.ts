/** set-src, set-dst and their ports: the addresses of the client's connection as everything behind them sees it (HAProxy 3.x configuration 4.4). */
import { Family } from '../../base/address.ts';
import { type ActionStep, type CompileContext, defineAction, type Expression, Outcome } from '../../rules/define.ts';
import { Place } from '../../rules/place.ts';
import { cast, type Sample, SampleType } from '../../rules/sample.ts';
import type { Words } from '../../rules/words.ts';
import { changeAddress, changePort, keepDestination, keepSource, writeSourceText } from '../../state/addresses.ts';
import type { Session, Stream } from '../../state/records.ts';

const RULE_SETS = ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'http-request'] as const;
const GET = 'GET / HTTP/1.1\r\nX-Ip: 10.1.2.3\r\nX-Port: 99';
/** Rules of the connection change it for all its requests. */
const LASTING = Place.frontendConnection | Place.frontendSession;
const PORTS = 65_536;

function readExpression(words: Words, context: CompileContext): Expression {
  const expression = context.expression(words.next('a sample'));
  words.end();
  return expression;
}

type Change = (session: Session, sample: Sample, lasts: boolean) => void;

/** Runs the expression; without a value of that type nothing is changed. */
function compileChange(words: Words, context: CompileContext, type: 'address' | 'int', change: Change): ActionStep {
  const expression = readExpression(words, context);
  const { sample } = context.thread;
  const lasts = (context.places & LASTING) !== 0;
  return (stream) => {
    if (expression.run(sample, stream) && cast(sample, SampleType[type])) change(stream.session, sample, lasts);
    return Outcome.next;
  };
}

function familyOf(sample: Sample): typeof Family.inet | typeof Family.inet6 {
  return sample.type === SampleType.ipv4 ? Family.inet : Family.inet6;
}

/** A port in 16 bits, as HAProxy takes it. */
function portOf(sample: Sample): number {
  return ((sample.int % PORTS) + PORTS) % PORTS;
}

export const setSrc = defineAction({
  name: 'set-src',
  signature: 'set-src <expr>',
  ruleSets: RULE_SETS,
  doc: "Replaces the client's address for everything that follows: samples, logs, X-Forwarded-For. The port stays. By a rule of the request it lasts as long as the request.",
  examples: [
    { rule: 'http-request set-src req.hdr(x-ip)', request: GET, head: 'GET / HTTP/1.1\nx-ip: 10.1.2.3\nx-port: 99' },
    { rule: 'tcp-request connection set-src src,ipmask(24)', request: 'GET / HTTP/1.1', head: 'GET / HTTP/1.1' },
  ],
  compile: (words, context) =>
    compileChange(words, context, 'address', (session, sample, lasts) => {
      keepSource(session, lasts);
      changeAddress(session.source, familyOf(sample), sample.ip);
      writeSourceText(session);
    }),
});

export const setSrcPort = defineAction({
  name: 'set-src-port',
  signature: 'set-src-port <expr>',
  ruleSets: RULE_SETS,
  doc: "Replaces the client's port for everything that follows.",
  examples: [{ rule: 'http-request set-src-port req.hdr(x-port)', request: GET, head: 'GET / HTTP/1.1\nx-ip: 10.1.2.3\nx-port: 99' }],
  compile: (words, context) =>
    compileChange(words, context, 'int', (session, sample, lasts) => {
      keepSource(session, lasts);
      changePort(session.source, portOf(sample));
      writeSourceText(session);
    }),
});

/** What the client connected to is asked for before it is changed. */
function withDestination(step: ActionStep): ActionStep {
  return (stream: Stream) => {
    if (!stream.session.hasDestination) stream.front?.findDestination();
    return step(stream);
  };
}

export const setDst = defineAction({
  name: 'set-dst',
  signature: 'set-dst <expr>',
  ruleSets: RULE_SETS,
  doc: 'Replaces the address that the client connected to for everything that follows.',
  examples: [{ rule: 'http-request set-dst req.hdr(x-ip)', request: GET, head: 'GET / HTTP/1.1\nx-ip: 10.1.2.3\nx-port: 99' }],
  compile: (words, context) =>
    withDestination(
      compileChange(words, context, 'address', (session, sample, lasts) => {
        keepDestination(session, lasts);
        changeAddress(session.destination, familyOf(sample), sample.ip);
        session.hasDestination = true;
      }),
    ),
});

export const setDstPort = defineAction({
  name: 'set-dst-port',
  signature: 'set-dst-port <expr>',
  ruleSets: RULE_SETS,
  doc: "Replaces the port that the client connected to for everything that follows, also for servers whose port is the client's.",
  examples: [{ rule: 'http-request set-dst-port int(8080)', request: 'GET / HTTP/1.1', head: 'GET / HTTP/1.1' }],
  compile: (words, context) =>
    withDestination(
      compileChange(words, context, 'int', (session, sample, lasts) => {
        keepDestination(session, lasts);
        changePort(session.destination, portOf(sample));
        session.hasDestination = true;
      }),
    ),
});
