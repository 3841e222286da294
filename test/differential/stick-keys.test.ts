/**
 * Odd keys and odd numbers: what texts, numbers and addresses become as keys of each type of table, and what general purpose
 * counters and tags do with elements that are not there and values that do not fit. HAProxy and Hawser must answer alike.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { needs } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { startHaproxy, startHawser } from '../support/proxy.ts';

const VALUES = [
  '12',
  '12abc',
  '-5',
  '0x10',
  '99999999999',
  'abc',
  '',
  '1.2.3.4',
  '1.2.3.4:80',
  '1.2.3.4abc',
  '1.2.3.4,5',
  '1.2.3',
  '01.2.3.4',
];
VALUES.push(
  '1.2.3.4.',
  '::1',
  '[::1]',
  '::1:80',
  '::ffff:1.2.3.4',
  '2002:102:304::',
  '12abcdefghijklmnopqrstuvwxyz0123456789',
  '1.2.3.4:65536',
);

/** Each value as a key of the table: tracked, looked up, and what it is as an address elsewhere. */
function keys(type: string, port: number): string {
  const told = ['sc0_tracked', 'sc0_http_req_cnt', 'table_cnt(st)', 'var(txn.v),in_table(st)', 'var(txn.v),table_http_req_cnt(st)'];
  told.push(
    'src,in_table(st)',
    'int(16909060),in_table(st)',
    'var(txn.v),ipmask(24,64)',
    'req.hdr_ip(x-v)',
    'req.hdr_ip(x-v,1)',
    'var(txn.a)',
  );
  return `frontend fe
  bind 127.0.0.1:${port}
  http-request set-var(txn.v) req.fhdr(x-v)
  http-request track-sc0 var(txn.v) table st
  http-request set-var(txn.a) bool(true) if { var(txn.v) -m ip 1.2.3.0/24 ::1 }
  http-request return status 200 hdr x-told "${told.map((name) => `%[${name}]`).join('|')}"
backend st
  stick-table type ${type} size 100 store http_req_cnt
`;
}

const KEY_TYPES = ['integer', 'ip', 'ipv6', 'string', 'string len 4', 'binary len 2', 'binary len 16'];

const CHANGES = ['set-gpt0(0) -5', 'set-gpt0(0) 4294967297', 'set-gpt0(0) 99999999999', 'set-gpt0(0) int(-7)', 'set-gpt0(0) req.hdr(x-v)'];
CHANGES.push('set-gpt0(0) src', 'set-gpt0 9', 'set-gpt(2,1) 9', 'set-gpt(3,1) 9', 'set-gpt0(1) 4', 'set-gpt(0,0) 77', 'inc-gpc(0,1)');
CHANGES.push('inc-gpc(2,1)', 'inc-gpc(3,1)', 'inc-gpc(0,0)', 'inc-gpc0(1)', 'inc-gpc1(1)', 'inc-gpc0', 'inc-gpc0(2)', 'inc-gpc1(2)');

/** Each change by a request of its own. */
function numbers(port: number): string {
  const plain = ['sc0_get_gpt0', 'sc0_get_gpc0', 'sc0_gpc0_rate', 'sc0_get_gpc1', 'sc_get_gpt(0,0)', 'sc_get_gpc(0,0)', 'sc_gpc_rate(0,0)'];
  const arrays = [0, 1, 2, 3].flatMap((at) => [`sc_get_gpt(${at},1)`, `sc_get_gpc(${at},1)`, `sc_gpc_rate(${at},1)`]);
  const named = ['sc1_get_gpt0', 'sc1_get_gpc0', 'sc1_get_gpc1', 'sc1_gpc0_rate', 'sc2_get_gpc0', 'sc2_gpc0_rate', 'sc2_get_gpc1'];
  const looked = [
    'src_get_gpc0(none)',
    'src_get_gpc0(st)',
    'src,table_gpc(0,arr)',
    'src,table_gpc(5,arr)',
    'src,table_gpc0(arr)',
    'src,table_gpt(0,st)',
  ];
  const changed = [
    'sc_inc_gpc0(2)',
    'sc_inc_gpc1(2)',
    'sc_inc_gpc(0,0)',
    'sc_clr_gpc0(1)',
    'sc_clr_gpc(0,0)',
    'src_inc_gpc0(none)',
    'table_cnt(none)',
  ];
  changed.push('src_clr_gpc0(none)', 'src_updt_conn_cnt(none)', 'src_updt_conn_cnt(st)', 'sc_inc_gpc(7,1)', 'sc_clr_gpc(7,1)');
  return `backend st
  stick-table type ip size 1k store gpc0,gpt0,gpc0_rate(60s),http_req_cnt
backend arr
  stick-table type ip size 1k store gpc(3),gpt(3),gpc_rate(2,60s)
backend ronly
  stick-table type ip size 1k store gpc0_rate(60s),gpc1
backend none
  stick-table type ip size 1k
frontend fe
  bind 127.0.0.1:${port}
  http-request track-sc0 src table st
  http-request track-sc1 src table arr
  http-request track-sc2 src table ronly
${CHANGES.map((change, at) => `  http-request sc-${change} if { req.hdr(x-at) ${at} }`).join('\n')}
  http-request return status 200 hdr x-told "${[...plain, ...arrays, ...named, ...looked, ...changed].map((name) => `%[${name}]`).join('|')}"
`;
}

/** What is told of each request, on one connection. */
async function answers(start: typeof startHawser, configuration: (port: number) => string, fields: readonly string[]): Promise<string[]> {
  const port = await freePort();
  const config = `defaults\n  mode http\n  timeout client 5s\n${configuration(port)}`;
  await using _proxy = await start({ config });
  using client = await connect(port);
  const told: string[] = [];
  for (const field of fields) {
    await client.write(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n\r\n`);
    const { head } = await client.readMessage();
    told.push(`${field} -> ${/^x-told: (.*)\r$/im.exec(head)?.[1]}`);
  }
  return told;
}

async function compare(configuration: (port: number) => string, fields: readonly string[]): Promise<void> {
  assert.deepEqual(await answers(startHawser, configuration, fields), await answers(startHaproxy, configuration, fields));
}

describe('stick tables of HAProxy and ours', needs('haproxy'), () => {
  for (const type of KEY_TYPES) {
    const fields = [...VALUES.map((value) => `X-V: ${value}`), 'X-Other: 1'];
    test(`make the same keys of type ${type}`, () => compare((port) => keys(type, port), fields));
  }
  test('count and tag alike', () => {
    const values = ['12', 'abc', '12abc', '-3', '99999999999'].map((value) => `X-At: 4\r\nX-V: ${value}`);
    return compare(numbers, [...CHANGES.map((_, at) => `X-At: ${at}`), ...values]);
  });
});
