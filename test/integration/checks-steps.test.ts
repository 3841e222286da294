/**
 * Health checks in steps: what is said of servers that answer well, badly, or not at all, for `tcp-check`, `http-check` and the protocols
 * (HAProxy configuration manual 4.2).
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { startSyslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';
import { configure, onSubjects, ports, type Rig, text } from './rig.ts';

/** What a server does: a greeting, an answer to what holds a text (null: it closes), the end behind it. Latin-1. */
interface Behaviour {
  readonly greeting?: string;
  readonly answers?: Readonly<Record<string, string | null>>;
  /** Closes after the greeting and after each answer. */
  readonly closes?: boolean;
  readonly resets?: boolean;
  /** What came in one piece. */
  readonly heard?: (text: string) => void;
}

async function serve(behaviour: Behaviour): Promise<{ readonly port: number } & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    behave(socket, behaviour);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function behave(socket: Socket, { greeting, answers = {}, closes = false, resets = false, heard: tell }: Behaviour): void {
  const say = (words: string): void => {
    socket.write(words, 'latin1');
    if (closes) socket.end();
  };
  if (greeting !== undefined) say(greeting);
  let heard = '';
  socket.on('data', (data: Buffer) => {
    heard += data.toString('latin1');
    tell?.(data.toString('latin1'));
    if (resets) socket.resetAndDestroy();
    for (const [asked, answer] of Object.entries(answers)) {
      const at = heard.indexOf(asked);
      if (at < 0) continue;
      heard = heard.slice(at + Math.max(1, asked.length));
      if (answer === null) socket.end();
      else say(answer);
      return;
    }
  });
}

/** A backend's lines, its server's behaviour (null: nobody listens), and what is said of its check. */
type Case = readonly [lines: string, behaviour: Behaviour | null, said: string];

/** Runs them side by side, each in a backend of its own. `PORT` in the lines is another server, which greets with `+OK`. */
async function compare({ start }: Rig, cases: readonly Case[]): Promise<void> {
  await using syslog = await startSyslog();
  await using stack = new AsyncDisposableStack();
  const other = stack.use(await serve({ greeting: '+OK POP3\r\n' }));
  const [front, nobody] = await ports(2);
  let rest = `listen front\n  bind 127.0.0.1:${front}\n`;
  for (const [index, [lines, behaviour]] of cases.entries()) {
    const port = behaviour === null ? nobody : stack.use(await serve(behaviour)).port;
    const known = lines.replaceAll('PORT', String(other.port)).replaceAll('NOBODY', String(nobody)).split('\n');
    rest += `backend b${index}\n  mode tcp\n  log 127.0.0.1:${syslog.port} local0\n  option log-health-checks\n  ${known.map((line) => line.trim()).join('\n  ')}
  server s${index} 127.0.0.1:${port} check inter 400ms fall 1 rise 1\n`;
  }
  await start(configure({ rest: rest.replaceAll(String(nobody), String(nobody)) }));
  const said: string[] = [];
  for (const index of cases.keys()) {
    const line = text(await syslog.waitFor(new RegExp(`Health check for server b${index}/s${index} `), 20_000));
    said.push(
      line
        .replace(/^.*?\/s\d+ /, '')
        .replace(/, check duration: \d+ms, status: .*$/, '')
        .replaceAll(String(nobody), 'NOBODY'),
    );
  }
  assert.deepEqual(
    said,
    cases.map(([, , wanted]) => wanted),
  );
}

const POP: Behaviour = { greeting: '+OK POP3 ready\r\n', answers: { 'QUIT\r\n': '+OK bye\r\n' } };
const REDIS: Behaviour = { answers: { 'PING\r\n': '+PONG\r\n', 'info\r\n': '# Replication\r\nrole:slave\r\n' } };
const SHORT: Behaviour = { greeting: '+OK bye\r\n', closes: true };
const GONE: Behaviour = { greeting: '', closes: true };
const TCP = 'option tcp-check\n';
const PASSED = 'succeeded, reason: Layer7 check passed, code: 0, info: "(tcp-check)"';

const CONVERSATIONS: readonly Case[] = [
  [TCP, POP, 'succeeded, reason: Layer4 check passed'],
  [TCP, null, 'failed, reason: Layer4 connection problem, info: "Connection refused at initial connection step of tcp-check"'],
  [`${TCP}tcp-check connect`, POP, 'succeeded, reason: Layer4 check passed, info: "(tcp-check)"'],
  [`${TCP}tcp-check send QUIT\\r\\n`, POP, PASSED],
  [`${TCP}tcp-check expect string +OK\ntcp-check send QUIT\\r\\n\ntcp-check expect rstring ^\\+OK`, POP, PASSED],
  [
    `${TCP}tcp-check expect string +OK\ntcp-check expect string ready\\r\ntcp-check send QUIT\\r\\n\ntcp-check expect string bye`,
    POP,
    PASSED,
  ],
  [
    `${TCP}tcp-check connect\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG\ntcp-check connect port PORT linger\ntcp-check expect string +OK`,
    REDIS,
    PASSED,
  ],
  [
    `${TCP}tcp-check connect port NOBODY comment aa\ntcp-check connect port PORT`,
    POP,
    'failed, reason: Layer4 connection problem, info: "Connection refused at step 1 of tcp-check (connect port NOBODY) comment: \'aa\'"',
  ],
  [
    `${TCP}tcp-check comment ask\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG\ntcp-check comment role\ntcp-check send info\\r\\n\ntcp-check expect string role:master`,
    REDIS,
    'failed, reason: Layer7 timeout, info: " at step 6 of tcp-check (expect string \'role:master\')"',
  ],
  [
    `${TCP}tcp-check expect string ++OK\ntcp-check expect string ready`,
    POP,
    'failed, reason: Layer7 timeout, info: " at step 1 of tcp-check (expect string \'++OK\')"',
  ],
  [
    `${TCP}tcp-check expect string ++OK comment banner`,
    SHORT,
    'failed, reason: Layer7 invalid response, info: "TCPCHK did not match content \'++OK\' at step 1 comment: banner"',
  ],
  [
    `${TCP}tcp-check expect string +OK comment banner`,
    GONE,
    'failed, reason: Layer7 invalid response, info: "TCPCHK got an empty response at step 1 comment: \'banner\'"',
  ],
  [
    `${TCP}tcp-check send x\ntcp-check expect binary 2b4f4c2b comment bb`,
    { resets: true },
    "failed, reason: Socket error, info: \"Connection reset by peer at step 2 of tcp-check (expect binary '+OL+') comment: 'bb'\"",
  ],
  [
    `${TCP}tcp-check expect binary 2b4f4c2b min-recv 3 comment cc`,
    POP,
    'failed, reason: Layer7 invalid response, info: "TCPCHK did not match content (binary) at step 1 comment: cc"',
  ],
  [
    `${TCP}tcp-check expect ! binary 2b4f comment zz`,
    POP,
    'failed, reason: Layer7 invalid response, info: "TCPCHK matched unwanted content (binary) at step 1 comment: zz"',
  ],
  [
    `${TCP}tcp-check expect ! rstring OK`,
    POP,
    'failed, reason: Layer7 invalid response, info: "TCPCHK matched unwanted content (regex) at step 1"',
  ],
  [`${TCP}tcp-check expect ! string ERR`, SHORT, PASSED],
  [
    `${TCP}tcp-check expect rbinary ff`,
    SHORT,
    'failed, reason: Layer7 invalid response, info: "TCPCHK did not match content (binary regex) at step 1"',
  ],
  [`${TCP}tcp-check expect rbinary ^2B4F4B20`, POP, PASSED],
  [`${TCP}tcp-check expect rstring abc on-error sad`, SHORT, 'failed, reason: Layer7 invalid response, info: "sad"'],
  [
    `${TCP}tcp-check expect min-recv 4 binary 2b4f4b ok-status L4OK on-success fine`,
    POP,
    'succeeded, reason: Layer4 check passed, info: "fine"',
  ],
  [
    `${TCP}tcp-check expect string +OK ok-status L7OKC`,
    POP,
    'conditionally succeeded, reason: Layer7 check conditionally passed, code: 0, info: "(tcp-check)"',
  ],
  [
    `${TCP}tcp-check expect error-status L7STS min-recv 0 rbinary ^FF`,
    POP,
    'failed, reason: Layer7 wrong status, code: 0, info: "TCPCHK did not match content (binary regex) at step 1"',
  ],
  [
    `${TCP}tcp-check expect error-status L6RSP string x`,
    GONE,
    'failed, reason: Layer6 invalid response, info: "TCPCHK got an empty response at step 1"',
  ],
  [
    `${TCP}tcp-check expect string nothere tout-status L6TOUT`,
    POP,
    'failed, reason: Layer6 timeout, info: " at step 1 of tcp-check (expect string \'nothere\')"',
  ],
];

const WEB: Behaviour = { answers: { '\r\n\r\n': 'HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-A: bar, foo\r\n\r\nhello' }, closes: true };
const EMPTY: Behaviour = { answers: { '\r\n\r\n': 'HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n' }, closes: true };
const SICK: Behaviour = { answers: { '\r\n\r\n': 'HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n' }, closes: true };
const HTTP = 'option httpchk\n';
const FINE = 'succeeded, reason: Layer7 check passed, code: 200';

const EXPECTATIONS: readonly Case[] = [
  [HTTP, WEB, FINE],
  [HTTP, SICK, 'failed, reason: Layer7 wrong status, code: 503, info: "Sick"'],
  [HTTP, GONE, 'failed, reason: Layer7 invalid response'],
  [HTTP, POP, 'failed, reason: Layer7 invalid response'],
  [HTTP, { resets: true }, 'failed, reason: Socket error, info: "Connection reset by peer"'],
  [HTTP, null, 'failed, reason: Layer4 connection problem, info: "Connection refused"'],
  [`${HTTP}http-check expect status 201-299`, WEB, 'failed, reason: Layer7 wrong status, code: 200, info: "Fine"'],
  [`${HTTP}http-check expect status 200\nhttp-check expect string hello`, WEB, FINE],
  [
    `${HTTP}http-check expect status 200\nhttp-check expect string nope`,
    WEB,
    'failed, reason: Layer7 invalid response, info: "HTTP content check did not match"',
  ],
  [`${HTTP}http-check expect ! string hello`, WEB, 'failed, reason: Layer7 invalid response, info: "HTTP check matched unwanted content"'],
  [
    `${HTTP}http-check expect string hello`,
    EMPTY,
    'failed, reason: Layer7 invalid response, info: "HTTP content check could not find a response body"',
  ],
  [`${HTTP}http-check expect hdr name x-a value foo`, WEB, FINE],
  [`${HTTP}http-check expect hdr name -m sub A value -m reg ^f`, WEB, FINE],
  [`${HTTP}http-check expect fhdr name x-a value foo`, WEB, 'failed, reason: Layer7 wrong status, code: 200, info: "Fine"'],
  [`${HTTP}http-check expect ! fhdr name -m beg x-`, WEB, 'failed, reason: Layer7 wrong status, code: 200, info: "Fine"'],
  [
    `${HTTP}http-check expect rstatus ^2 ok-status L7OKC`,
    WEB,
    'conditionally succeeded, reason: Layer7 check conditionally passed, code: 200',
  ],
  [
    `${HTTP}http-check comment first\nhttp-check expect status 201 error-status L7OKC`,
    WEB,
    'conditionally succeeded, reason: Layer7 check conditionally passed, code: 200, info: "Fine comment: first"',
  ],
  [
    `${HTTP}http-check expect status 200 on-error bad comment zz`,
    SICK,
    'failed, reason: Layer7 wrong status, code: 503, info: "bad comment: zz"',
  ],
  [`${HTTP}http-check expect rstring . tout-status L4TOUT`, {}, 'failed, reason: Layer4 timeout'],
  [
    `${HTTP}http-check connect\nhttp-check send meth GET uri /one\nhttp-check expect status 200\nhttp-check connect port PORT\nhttp-check send meth GET`,
    WEB,
    'failed, reason: Layer7 invalid response',
  ],
];

const packet = (sequence: number, body: string): string => `${String.fromCharCode(body.length)}\0\0${String.fromCharCode(sequence)}${body}`;
const MYSQL = packet(0, `\x0a8.0.30\0\x01\0\0\0abcdefgh\0\xff\xff\x21\x02\0\xff\xff\x15${'\0'.repeat(10)}ijklmnopqrst\0`);
const DENIED = packet(2, '\xff\x15\x04#28000Access denied');
const USER = 'option mysql-check user me';

const PROTOCOLS: readonly Case[] = [
  [
    'option smtpchk',
    { greeting: '220 mail\r\n', answers: { 'HELO localhost\r\n': '250 hi\r\n', 'QUIT\r\n': '221 bye\r\n' } },
    'succeeded, reason: Layer7 check passed, code: 221, info: "bye"',
  ],
  [
    'option smtpchk EHLO a.test',
    { greeting: '220 mail\r\n', answers: { 'EHLO a.test\r\n': '250-mail\r\n250 SIZE\r\n', 'QUIT\r\n': '221 bye\r\n' } },
    'succeeded, reason: Layer7 check passed, code: 221, info: "bye"',
  ],
  ['option smtpchk', { greeting: '554 go away\r\n' }, 'failed, reason: Layer7 wrong status, code: 554, info: "go away"'],
  ['option smtpchk', POP, 'failed, reason: Layer7 invalid response, info: "+OK POP3 ready"'],
  ['option smtpchk', GONE, 'failed, reason: Layer7 invalid response, info: "TCPCHK got an empty response at step 2"'],
  [
    'option redis-check',
    { answers: { 'PING\r\n': '+PONG\r\n' } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "Redis server is ok"',
  ],
  [
    'option redis-check',
    { answers: { 'PING\r\n': '-NOAUTH x\r\n' }, closes: true },
    'failed, reason: Layer7 wrong status, code: 0, info: "-NOAUTH x"',
  ],
  ['option redis-check', { answers: { 'PING\r\n': '-NOAUTH x\r\n' } }, 'failed, reason: Layer7 timeout'],
  [
    'option redis-check',
    { answers: { 'PING\r\n': null } },
    'failed, reason: Layer7 wrong status, code: 0, info: "TCPCHK got an empty response at step 2"',
  ],
  [
    USER,
    { greeting: MYSQL, answers: { me: packet(2, '\0\0\0\x02\0\0\0') } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "8.0.30"',
  ],
  [
    `${USER} pre-41`,
    { greeting: MYSQL, answers: { '\x09\0\0\x01\0\x80\0\0\x01me\0\0\x01\0\0\0\x01': packet(2, '\0\0\0\x02\0\0\0') } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "8.0.30"',
  ],
  [USER, { greeting: MYSQL, answers: { me: DENIED } }, 'failed, reason: Layer7 wrong status, code: 1045, info: "#28000Access denied"'],
  [
    USER,
    { greeting: packet(0, '\xff\x69\x04Host is blocked') },
    'failed, reason: Layer7 wrong status, code: 1129, info: "Host is blocked"',
  ],
  [USER, { answers: { me: MYSQL.slice(0, 20) }, closes: true }, 'failed, reason: Layer7 invalid response'],
  [USER, POP, 'failed, reason: Layer7 timeout'],
  ['option mysql-check', { greeting: MYSQL }, 'succeeded, reason: Layer7 check passed, code: 0, info: "8.0.30"'],
  [
    'option pgsql-check user me',
    { answers: { 'user\0me\0\0': 'R\0\0\0\x08\0\0\0\0' } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "PostgreSQL server is ok"',
  ],
  [
    'option pgsql-check user me',
    { answers: { me: 'R\0\0\0\x0c\0\0\0\x05abcd' } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "PostgreSQL server is ok"',
  ],
  [
    'option pgsql-check user me',
    { answers: { me: 'E\0\0\0\x20SFATAL\0C28000\0Mno\0\0' } },
    'failed, reason: Layer7 invalid response, info: "FATAL"',
  ],
  ['option pgsql-check user me', POP, 'failed, reason: Layer7 wrong status, code: 0, info: "PostgreSQL unknown error"'],
  [
    'option ldap-check',
    { answers: { '\x80\0': '0\x0c\x02\x01\x01\x61\x07\x0a\x01\0\x04\0\x04\0' } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "Success"',
  ],
  [
    'option ldap-check',
    { answers: { '\x80\0': '0\x84\0\0\0\x10\x02\x01\x01\x61\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0' } },
    'succeeded, reason: Layer7 check passed, code: 0, info: "Success"',
  ],
  [
    'option ldap-check',
    { answers: { '\x80\0': '0\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\0\x04\0' } },
    'failed, reason: Layer7 wrong status, code: 49, info: "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"',
  ],
  [
    'option ldap-check',
    { answers: { '\x80\0': '0\x0c\x02\x01\x01\x65\x07\x0a\x01\0\x04\0\x04\0' } },
    'failed, reason: Layer7 invalid response, info: "Not LDAPv3 protocol"',
  ],
  ['option ldap-check', POP, 'failed, reason: Layer7 invalid response, info: "Not LDAPv3 protocol"'],
  ['option ssl-hello-chk', { answers: { '\x16\x03\0': '\x16\x03\x03\0\x4a\x02' } }, 'succeeded, reason: Layer6 check passed'],
  ['option ssl-hello-chk', { answers: { '\x16\x03\0': '\x15\x03\0\0\x02\x02\x28' } }, 'succeeded, reason: Layer6 check passed'],
  ['option ssl-hello-chk', { answers: { '\x16': 'HTTP/1.0 400 Bad\r\n\r\n' } }, 'failed, reason: Layer6 invalid response'],
  ['option ssl-hello-chk', {}, 'failed, reason: Layer6 timeout'],
];

/** What is computed: variables, log-format strings, expressions. */
const COMPUTED: readonly Case[] = [
  [
    `${TCP}tcp-check set-var(check.x) str(PING)\ntcp-check send-lf %[var(check.x)]\\r\\n\ntcp-check expect string-lf "+%[str(PONG)]"`,
    REDIS,
    PASSED,
  ],
  [
    `${TCP}tcp-check expect string-lf "+%[str(PONG)]"`,
    POP,
    'failed, reason: Layer7 timeout, info: " at step 1 of tcp-check (expect log-format string)"',
  ],
  [`${TCP}tcp-check send-binary-lf %[str(PING),hex]0d0a\ntcp-check expect binary-lf %[str(+PONG),hex]`, REDIS, PASSED],
  [
    `${TCP}tcp-check expect rstring ^\\+OK on-success "%[res.payload(4,4)] and %[var(check.none)]" status-code res.payload(0,0),length`,
    POP,
    'succeeded, reason: Layer7 check passed, code: 16, info: "POP3 and "',
  ],
  [
    `${TCP}tcp-check expect rstring ^-ERR min-recv 4 error-status L7STS on-error "%[payload(0,0),cut_crlf]" status-code int(42)`,
    POP,
    'failed, reason: Layer7 wrong status, code: 42, info: "+OK POP3 ready"',
  ],
  [`${TCP}tcp-check set-var(check.port) int(PORT)\ntcp-check connect port var(check.port)\ntcp-check expect string POP3`, null, PASSED],
  [
    `${TCP}tcp-check set-var(check.port) int(NOBODY)\ntcp-check connect port var(check.port)`,
    POP,
    'failed, reason: Layer4 connection problem, info: "Connection refused at step 2 of tcp-check (connect)"',
  ],
  [
    `${TCP}tcp-check expect rstring .\ntcp-check set-var(check.v) res.payload(1,2)\ntcp-check send QUIT\\r\\n\ntcp-check expect rstring bye on-success "%[var(check.v)]/%[srv_id]"`,
    POP,
    'succeeded, reason: Layer7 check passed, code: 0, info: "OK/1"',
  ],
  [
    `${TCP}tcp-check set-var(check.v) str(x)\ntcp-check unset-var(check.v)\ntcp-check set-var-fmt(check.w) "<%[var(check.v)]>"\ntcp-check expect rstring . on-success "%[var(check.w)]"`,
    POP,
    'succeeded, reason: Layer7 check passed, code: 0, info: "<3C><3E>"',
  ],
  [
    `${TCP}tcp-check expect string-lf "%[var(check.none)]"`,
    POP,
    'failed, reason: Layer7 invalid response, info: "log-format string evaluated to an empty string"',
  ],
  [
    `${HTTP}http-check set-var(check.h) str(a.b)\nhttp-check send meth GET uri-lf "/%[var(check.h)]" ver HTTP/1.1 hdr Host %[var(check.h)] body-lf "<%[str(x)]>"
    http-check expect status 200 on-success "%[res.hdr(x-a)] %[status]" status-code int(7)`,
    {
      answers: {
        'GET /a.b HTTP/1.1\r\nhost: a.b\r\ncontent-length: 3\r\nconnection: close\r\n\r\n<x>': 'HTTP/1.1 200 Fine\r\nX-A: bar, foo\r\n\r\n',
      },
      closes: true,
    },
    'succeeded, reason: Layer7 check passed, code: 7, info: "foo 200"',
  ],
  [`${HTTP}http-check expect string-lf "he%[str(llo)]"`, WEB, FINE],
  [`${HTTP}http-check expect hdr name-lf "%[str(X-A)]" value-lf -m beg "%[str(f)]"`, WEB, FINE],
  [
    `${HTTP}http-check expect hdr name x-a value-lf "%[var(check.none)]"`,
    WEB,
    'failed, reason: Layer7 invalid response, info: "log-format string evaluated to an empty string"',
  ],
  [
    `${HTTP}http-check expect status 201 on-error "got %[res.hdr(content-length)]"`,
    WEB,
    'failed, reason: Layer7 wrong status, code: 200, info: "got 5"',
  ],
];

onSubjects('conversations of tcp-check', (rig) => compare(rig, CONVERSATIONS));
onSubjects('what checks compute', (rig) => compare(rig, COMPUTED));
onSubjects('expectations of http-check', (rig) => compare(rig, EXPECTATIONS));
onSubjects('protocols with options of their own', (rig) => {
  // HAProxy 2.6 goes on waiting for a better answer.
  const said = rig.old ? 'failed, reason: Layer7 timeout' : 'failed, reason: Layer7 wrong status, code: 502, info: "no"';
  return compare(rig, [...PROTOCOLS, ['option smtpchk', { greeting: '220 hi\r\n', answers: { HELO: '502 no\r\n' } }, said]]);
});

onSubjects('http-check send-state tells a server how it is seen', async ({ start }) => {
  const heads: string[] = [];
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await serve({ ...WEB, heard: (text) => heads.push(text) }));
  const [front, nobody] = await ports(2);
  const rest = `listen l\n  bind 127.0.0.1:${front}\n  option httpchk GET / HTTP/1.1\n  http-check send-state\n  default-server check inter 200ms rise 2 fall 3
  server a 127.0.0.1:${server.port} weight 10\n  server b 127.0.0.1:${nobody} weight 30 fall 1`;
  await start(configure({ global: 'node mynode\n  nbthread 2', rest }));
  const told = (state: string, total: number): string =>
    `GET / HTTP/1.1\r\nx-haproxy-server-state: ${state}; address=127.0.0.1; port=${server.port}; name=l/a; node=mynode; weight=10/${total}; scur=0/0; qcur=0\r\nconnection: close\r\n\r\n`;
  await until(() => heads.includes(told('UP', 10)), 'checks that tell the state');
  assert.equal(heads[0]?.replace(/10\/[14]0/, '10/40'), told('UP 1/3', 40));
});
