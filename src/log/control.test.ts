/** Lines of the control thread on real sockets and descriptors. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseText } from '../config/parse.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { ControlLogs } from './control.ts';

function modelOf(text: string): ConfigModel {
  const { model, diagnostics } = parseText(`${text}\n`);
  assert.ok(model !== null, JSON.stringify(diagnostics));
  return model;
}

test('a backend logs to its UDP target and to a file, with levels', async () => {
  const receiver = createSocket('udp4');
  receiver.bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  const folder = mkdtempSync(join(tmpdir(), 'h-'));
  const path = join(folder, 'log');
  const descriptor = openSync(path, 'w');
  const model = modelOf(
    `global\n log 127.0.0.1:${port} local0 notice\n log fd@${descriptor} format short daemon\nbackend b\n mode http\n log global\n server s 127.0.0.1:1`,
  );
  const logs = new ControlLogs({ model, pid: 42, hostname: 'box' });
  const log = logs.of(model.proxies[0] as ConfigModel['proxies'][0]);
  assert.equal(logs.of(model.proxies[0] as ConfigModel['proxies'][0]), log);
  const arrived = once(receiver, 'message') as Promise<[Buffer]>;
  log.send(6, 'only for the file');
  log.send(1, 'Server b/s is DOWN.');
  const [message] = await arrived;
  assert.match(message.toString(), /^<129>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d haproxy\[42\]: Server b\/s is DOWN\.\n$/);
  assert.equal(readFileSync(path, 'latin1'), '<6>only for the file\n<1>Server b/s is DOWN.\n');
  assert.equal(log.dropped, 0);
  logs.close();
  closeSync(descriptor);
  receiver.close();
  rmSync(folder, { recursive: true });
});

test('a UNIX target that is not there drops lines and counts them', () => {
  const model = modelOf('global\n log /nowhere/log local0\nbackend b\n mode http\n log global\n server s 127.0.0.1:1');
  const logs = new ControlLogs({ model, pid: 42, hostname: 'box' });
  const log = logs.of(model.proxies[0] as ConfigModel['proxies'][0]);
  log.send(1, 'x');
  assert.equal(log.dropped, 1);
  logs.close();
});

test('a proxy without targets logs nowhere', () => {
  const model = modelOf('backend b\n mode http\n server s 127.0.0.1:1');
  const log = new ControlLogs({ model, pid: 42, hostname: 'box' }).of(model.proxies[0] as ConfigModel['proxies'][0]);
  log.send(1, 'x');
  assert.equal(log.dropped, 0);
});
