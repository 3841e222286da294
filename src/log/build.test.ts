/** Logs from a configuration text to lines on the simulator: targets, tags, formats, one sender per destination, what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseText } from '../config/parse.ts';
import { ExampleWorld } from '../keywords/examples.ts';
import type { ProxyModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import { SimHost } from '../platform/sim/host.ts';
import { LogOrigin } from '../state/logstep.ts';
import type { Stream } from '../state/records.ts';
import { buildLogs } from './build.ts';
import { LogSample } from './sample.ts';

process.env['TZ'] = 'UTC';

interface Result {
  readonly lines: readonly string[];
  readonly problems: readonly string[];
}

function modelOf(text: string): ConfigModel {
  const { model, diagnostics } = parseText(`${text}\n`);
  assert.ok(model !== null, JSON.stringify(diagnostics));
  return model;
}

/** Builds the logs of the frontend `web` in this configuration and logs one stream. */
function logOnce(global: string, web: string, change: (stream: Stream) => void = () => undefined, more = ''): Result {
  const world = new ExampleWorld();
  const host = new SimHost(1, { memory: world.memory, maxWires: 4 });
  const model = modelOf(`global\n${global}\nfrontend web\n bind :80\n${web}\n${more}`);
  const proxy = model.proxies[0] as ProxyModel;
  const problems: string[] = [];
  const logs = buildLogs({
    model,
    frontends: [{ proxy, frontend: world.frontend, compiler: world.compiler }],
    memory: world.memory,
    host,
    pid: 4711,
    hostname: 'box',
    report: (at, error) => problems.push(`${at.line}: ${(error as Error).message}`),
  });
  const stream = world.stream('GET /x HTTP/1.1');
  change(stream);
  world.frontend.log?.stream(stream);
  host.settle(100);
  logs.close();
  host.settle(100);
  assert.equal(logs.dropped(), 0);
  return { lines: host.lines.map(({ to, text }) => `${to} ${text}`), problems };
}

const HTTPLOG = '192.0.2.7:40123 [20/Nov/2026:08:41:15.100] web app/s1 5/3/2/20/40 200 58 - - ---- 1/2/3/4/0 0/0 "GET /x HTTP/1.1"';

describe('targets', () => {
  test('no target, no log', () => {
    assert.deepEqual(logOnce('', ' mode http\n option httplog'), { lines: [], problems: [] });
  });

  test('log global, own lines, levels, tags, host name', () => {
    const global =
      ' log 127.0.0.1:1514 local0\n log 127.0.0.1:1515 local1 notice\n log stdout format raw daemon\n log-tag ours\n log-send-hostname';
    const { lines, problems } = logOnce(
      global,
      ' mode http\n option httplog\n log global\n log 127.0.0.1:1516 format short local2\n log-tag web',
    );
    assert.deepEqual(problems, []);
    assert.deepEqual(
      lines.toSorted(),
      [`fd 1 ${HTTPLOG}\n`, `port 1514 <134>Nov 20 09:21:15 box web[4711]: ${HTTPLOG}\n`, `port 1516 <6>${HTTPLOG}\n`].toSorted(),
    );
  });

  test('without log global the global targets are not used', () => {
    const { lines } = logOnce(' log 127.0.0.1:1514 local0', ' mode http\n log 127.0.0.1:1516 format raw local0\n log-format "%ci %ST"');
    assert.deepEqual(lines, ['port 1516 192.0.2.7 200\n']);
  });
});

describe('formats', () => {
  test('the default, tcplog', () => {
    const raw = ' log stdout format raw local0\n';
    assert.deepEqual(logOnce('', ` mode http\n${raw}`).lines, ['fd 1 Connect from 192.0.2.7:40123 to 198.51.100.1:80 (web/HTTP)\n']);
    assert.deepEqual(logOnce('', ` mode tcp\n${raw} option tcplog`).lines, [
      'fd 1 192.0.2.7:40123 [20/Nov/2026:08:41:14.255] web app/s1 3/2/140 58 -- 1/2/3/4/0 0/0\n',
    ]);
  });

  test('an error in one is reported at its line, even without a target', () => {
    assert.match(
      logOnce('', ' mode http\n log-format "%[req.hdr(a)]"').problems[0] as string,
      /^6: sample fetch <req\.hdr> may not be reliably used here/,
    );
    assert.match(logOnce('', ' mode http\n error-log-format "%nope"').problems[0] as string, /^6: no such format alias 'nope'/);
  });

  test('log-separate-errors raises the level of failed streams', () => {
    const failed = (stream: Stream): void => {
      stream.status = 503;
    };
    const web = ' mode http\n log stdout format short local0\n log-format %ST\n option log-separate-errors';
    assert.deepEqual(logOnce('', web, failed).lines, ['fd 1 <3>503\n']);
    assert.deepEqual(logOnce('', web).lines, ['fd 1 <6>200\n']);
  });
});

describe('profiles, structured data, samples', () => {
  test('a profile says what a step prints, its tag, and what is dropped', () => {
    const profile = 'log-profile p\n log-tag mine\n on close format "%ST %OG" sd "[a b=\\"%{+E}HU\\"]"\n on any drop\n';
    const web =
      ' mode http\n log-format %ci\n log-format-sd "[x]"\n log stdout format rfc5424 profile p local0\n log stderr format rfc5424 local0';
    const { lines, problems } = logOnce('', web, undefined, profile);
    assert.deepEqual(problems, []);
    assert.deepEqual(lines.toSorted(), [
      'fd 1 <134>1 2026-11-20T09:21:15.123000+00:00 - mine 4711 - [a b="/x"] 200 txn_close\n',
      'fd 2 <134>1 2026-11-20T09:21:15.123000+00:00 - haproxy 4711 - [x] 192.0.2.7\n',
    ]);
    const dropped = (stream: Stream): void => {
      stream.logOrigin = LogOrigin.accept;
    };
    assert.deepEqual(logOnce('', web, dropped, profile).lines.length, 1);
  });

  test('a sample takes some of the lines', () => {
    const sample = new LogSample({
      ranges: [
        [1, 1],
        [3, 4],
      ],
      size: 5,
    });
    assert.deepEqual(
      Array.from({ length: 11 }, () => Number(sample.take())),
      [1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1],
    );
  });

  test('names that stand for nothing', () => {
    const said = (lines: string, more = ''): string => logOnce('', ` mode http\n${lines}`, undefined, more).problems.join();
    assert.match(said(' log ring@r local0'), /^6: log : uses unknown ring 'r'/);
    assert.match(said(' log stdout profile p local0'), /^6: log : unknown log-profile 'p'/);
    assert.match(said(' log ring@r local0', 'ring r\n'), /ring 'r' has no 'server': nothing could read it/);
    assert.match(said(' log stdout profile p local0', 'log-profile p\n on any format "%nope"\n'), /no such format alias 'nope'/);
  });
});
