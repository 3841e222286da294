/** One name server over real sockets: UDP, TCP, and answers that nobody asked for. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { type DnsReply, type DnsServer, startDns } from '../../test/support/dns.ts';
import { until, within } from '../../test/support/wait.ts';
import { newAddress, parseIp } from '../base/address.ts';
import type { NameserverModel } from '../model/sections.ts';
import { type Question, RecordType } from './message.ts';
import { Nameserver, type Reply, Status } from './nameserver.ts';

const QUESTION: Question = { name: 'web.test', type: RecordType.a };

function modelOf(port: number, isStream = false): NameserverModel {
  const address = newAddress();
  const ip = parseIp('127.0.0.1');
  if (ip !== null) address.ip.set(ip.ip);
  address.family = 4;
  address.port = port;
  return { name: 'n', address, isStream, at: { file: 'test', line: 1, column: 1 } };
}

/** What the first name server answers, and its counters. */
async function askFor(dns: DnsServer, question = QUESTION, isStream = false): Promise<[string, Nameserver['counts']]> {
  const server = new Nameserver(modelOf(dns.port, isStream), 512);
  try {
    const asked = new Promise<Reply>((resolve) => void server.ask(question, resolve));
    const { status, records } = await within(asked, 'an answer');
    const texts = records.map((record) => (record.kind === 'address' ? record.address : record.kind));
    return [[status, ...texts].join(' '), server.counts];
  } finally {
    server.close();
  }
}

test('answers of every kind', async () => {
  const many = Array.from({ length: 100 }, (_, index) => ({ type: 'A', data: `10.0.1.${index}` }) as const);
  const table: readonly (readonly [DnsReply, string])[] = [
    [{ records: [{ type: 'A', data: '10.0.0.1' }] }, `${Status.valid} 10.0.0.1`],
    [{ code: 3 }, `${Status.nx}`],
    [{ code: 5 }, `${Status.refused}`],
    [{ code: 2 }, `${Status.other}`],
    [{}, `${Status.other}`],
    // By way of aliases, in any order; addresses of other names do not count.
    [
      {
        records: [
          { name: 'b.test', type: 'A', data: '10.0.0.2' },
          { name: 'a.test', type: 'CNAME', data: 'b.test' },
          { type: 'CNAME', data: 'a.test' },
          { name: 'other.test', type: 'A', data: '10.0.0.3' },
        ],
      },
      `${Status.valid} 10.0.0.2`,
    ],
    [{ records: [{ type: 'CNAME', data: 'web.test' }] }, `${Status.other}`],
    [{ records: [{ type: 'AAAA', data: '::1' }] }, `${Status.other}`],
    [{ records: many, truncated: true }, `${Status.valid} ${many.map(({ data }) => data).join(' ')}`],
  ];
  for (const [reply, wanted] of table) {
    await using dns = await startDns(() => reply);
    assert.equal((await askFor(dns))[0], wanted);
    assert.equal((await askFor(dns, QUESTION, true))[0], wanted);
  }
});

test('an answer over UDP that is too long is not taken', async () => {
  await using dns = await startDns(() => ({ records: Array.from({ length: 60 }, () => ({ type: 'A', data: '10.0.0.1' }) as const) }));
  const server = new Nameserver(modelOf(dns.port), 512);
  server.ask(QUESTION, () => assert.fail('an answer'));
  await until(() => server.counts.tooBig === 1, 'the answer');
  server.close();
});

test('only who was asked is heard, and only about what was asked', async () => {
  const stranger = createSocket('udp4');
  const asked = createSocket('udp4');
  await new Promise<void>((resolve) => void asked.bind(0, '127.0.0.1', resolve));
  const server = new Nameserver(modelOf(asked.address().port), 512);
  const replies: Reply[] = [];
  asked.on('message', (query, { port }) => {
    const answer = Buffer.concat([query.subarray(0, query.length - 11), Buffer.from('c00c000100010000000100040a000001', 'hex')]);
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    answer.writeUInt16BE(0, 10);
    const change = (at: number, value: number): Buffer => {
      const changed = Buffer.from(answer);
      changed[at] = value;
      return changed;
    };
    // From elsewhere; another number; another name; another type; half of it; a question.
    stranger.send(answer, port, '127.0.0.1', () => {
      asked.send(change(0, (answer[0] as number) ^ 1), port, '127.0.0.1');
      asked.send(change(13, 120), port, '127.0.0.1');
      asked.send(change(23, 28), port, '127.0.0.1');
      asked.send(answer.subarray(0, answer.length - 1), port, '127.0.0.1');
      asked.send(query, port, '127.0.0.1');
      asked.send(answer, port, '127.0.0.1');
      asked.send(answer, port, '127.0.0.1');
    });
  });
  server.ask(QUESTION, (reply) => replies.push(reply));
  await until(() => server.counts.outdated === 2, 'the last answer, which comes twice');
  assert.deepEqual(
    replies.map(({ status }) => status),
    [Status.valid],
  );
  assert.deepEqual([server.counts.sent, server.counts.invalid, server.counts.valid], [1, 4, 1]);
  server.close();
  stranger.close();
  asked.close();
});

test('a name server that is not there, or hangs up, fails over TCP; who gives up hears nothing', async () => {
  const dns = await startDns(() => null);
  const { port } = dns;
  const server = new Nameserver(modelOf(port, true), 512);
  server.ask(QUESTION, () => assert.fail('an answer'))();
  server.close();
  await dns[Symbol.asyncDispose]();
  const gone = new Nameserver(modelOf(port, true), 512);
  const reply = await within(new Promise<Reply>((resolve) => void gone.ask(QUESTION, resolve)), 'the failure');
  assert.equal(reply.status, Status.other);
});
