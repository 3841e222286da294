/**
 * Cookie persistence against what HAProxy 2.6 did with the same bytes (cookie.recorded.json): the server chosen, the cookies it
 * got, the headers the client got, and the letters of the log.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Memory, plainMemory } from '../base/memory.ts';
import type { HttpMessage } from '../http/message.ts';
import { headerIdOf, methodOf } from '../http/tokens.ts';
import { Backend, Server, Session, Stream } from '../state/records.ts';
import { CookieMode, CookiePersistence } from '../state/settings.ts';
import { allocateShared, ServerAdmin, ServerLive, ServerRunning, Shared } from '../state/shared.ts';
import { applyResponseCookie, assignByCookie } from './cookie.ts';

interface Case {
  readonly mode: string;
  readonly cookie: readonly string[];
  readonly app: readonly string[];
  /** null: the server that has no cookie of its own. */
  readonly server: string | null;
  readonly sent: readonly string[];
  readonly got: readonly string[];
  readonly letters: string;
  readonly status?: number;
  readonly method?: string;
  /** Seconds. */
  readonly now?: number;
}
const cases = JSON.parse(readFileSync(new URL('cookie.recorded.json', import.meta.url), 'utf8')) as readonly Case[];

const MODES: Record<string, Partial<CookiePersistence>> = {
  ins: {},
  ini: { indirect: true },
  inin: { indirect: true, nocache: true },
  inn: { nocache: true },
  inpo: { indirect: true, postonly: true },
  inpr: { preserve: true },
  inpri: { indirect: true, preserve: true },
  indom: { indirect: true },
  rew: { mode: CookieMode.rewrite },
  rewn: { mode: CookieMode.rewrite, nocache: true },
  pre: { mode: CookieMode.prefix },
  prei: { mode: CookieMode.prefix, indirect: true },
  pren: { mode: CookieMode.prefix, nocache: true },
  pas: { mode: CookieMode.passive },
  pasi: { mode: CookieMode.passive, indirect: true },
  idle: { indirect: true, maxidleS: 3600 },
  idlen: { maxidleS: 3600 },
  life: { indirect: true, maxlifeS: 7200 },
  both: { indirect: true, maxidleS: 3600, maxlifeS: 7200 },
  nock: { indirect: true },
};
/** When most cases were recorded. */
const RECORDED_AT_S = 1_795_174_071;
/** Name, cookie and state of the servers of the recording. */
const SERVERS = 'a:A b:B d:D:down w:W m:M:maint x: k:K:backup d2:Z:down z2:Z'.split(' ').map((text) => text.split(':'));

class World {
  readonly memory: Memory = plainMemory({ blocks: 2, notes: 1, statics: 65536 });
  readonly stream = new Stream();
  readonly backend: Backend;

  constructor(mode: string) {
    const shared = new Shared(allocateShared({ frontends: 1, backends: 1, servers: SERVERS.length, threads: 1 }), 0);
    this.backend = new Backend(mode, 0, shared);
    this.backend.cookie = this.#cookie(mode);
    SERVERS.forEach(([name, value, state], index) => {
      const server = new Server(name as string, this.backend, index, shared);
      server.isBackup = state === 'backup';
      server.cookieStart = this.memory.intern(value as string);
      server.cookieLength = (value as string).length;
      shared.live[server.live + ServerLive.running] = state === 'down' ? ServerRunning.stopped : ServerRunning.running;
      shared.live[server.live + ServerLive.admin] = state === 'maint' ? ServerAdmin.maintenance : 0;
      this.backend.servers.push(server);
    });
    this.stream.session = new Session();
    this.stream.backend = this.backend;
  }

  #cookie(mode: string): CookiePersistence {
    const cookie = Object.assign(new CookiePersistence(), { mode: CookieMode.insert }, MODES[mode]);
    cookie.name = 'S';
    cookie.nameStart = this.memory.intern('S');
    const more = mode === 'indom' ? '; domain=.a.com; domain=b.org; HttpOnly; Secure; SameSite=Strict' : '';
    cookie.attributesStart = this.memory.intern(`; path=/${more}`);
    cookie.attributesLength = 8 + more.length;
    return cookie;
  }

  fill(message: HttpMessage, lines: readonly string[]): void {
    const { memory } = this;
    message.block = memory.take();
    let at = memory.dataStart(message.block);
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const text = Buffer.from(`${name}${line.slice(colon + 1).trim()}`, 'latin1');
      memory.bytes.set(text, at);
      message.headers.add(headerIdOf(memory.bytes, at, name.length), at, name.length, at + name.length, at + text.length);
      at += text.length;
    }
    message.spare = at;
    message.spareEnd = memory.end(message.block);
  }

  rows({ headers }: HttpMessage): string[] {
    const lines: string[] = [];
    for (let row = 0; row < headers.rows; row++) {
      if (headers.isHole(row)) continue;
      const name = this.memory.text(headers.nameStart(row), headers.nameStart(row) + headers.nameLength(row));
      lines.push(`${name}: ${this.memory.text(headers.valueStart(row), headers.valueEnd(row))}`.trimEnd());
    }
    return lines;
  }
}

function run(given: Case): object {
  const world = new World(given.mode);
  const { stream, memory, backend } = world;
  world.fill(stream.request, given.cookie);
  world.fill(stream.response, given.app);
  const method = Buffer.from(given.method ?? 'GET');
  stream.request.method = methodOf(method, 0, method.length);
  stream.response.status = given.status ?? 200;
  stream.firstByteWallMs = (given.now ?? RECORDED_AT_S) * 1000;
  const found = assignByCookie(stream, memory);
  const chosen = given.server ?? 'x';
  const server = found === null && /^[^V]/.test(given.letters) ? chosen : found?.name;
  stream.server = backend.servers.find((one) => one.name === (found?.name ?? chosen)) as Server;
  const sent = world.rows(stream.request).filter((line) => line.startsWith('cookie'));
  applyResponseCookie(stream, memory);
  const letters = String.fromCharCode(stream.clientCookie, stream.serverCookie);
  return { server, sent, got: world.rows(stream.response), letters };
}

test('every recorded case has the same bytes, server and letters', () => {
  const wrong: unknown[] = [];
  for (const given of cases) {
    // RFC 2965's Set-Cookie2 is not looked at; a passive cookie gets no letter, so who was chosen isn't known.
    if (given.app.some((line) => line.startsWith('Set-Cookie2'))) continue;
    const expected = {
      server: given.server ?? 'x',
      sent: given.sent.map((line) => line.replace(/^cookie: */i, 'cookie: ').trimEnd()),
      got: given.got,
      letters: given.letters,
    };
    const got = run(given);
    try {
      assert.deepEqual(got, expected);
    } catch {
      wrong.push({
        given: JSON.stringify([given.mode, given.cookie, given.app, given.method, given.status]),
        got: JSON.stringify(got),
        expected: JSON.stringify(expected),
      });
    }
  }
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} of ${cases.length} differ`);
});
