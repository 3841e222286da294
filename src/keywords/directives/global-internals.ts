/**
 * Settings of machinery that exists only in HAProxy: no client, server or log can tell whether they are there. Each is
 * read and judged as HAProxy judges it, changes nothing, and says why (`noEffect`). A setting that anybody could miss
 * does not belong here: it is refused until it works. size-ok: tables
 */
import { type ArgumentSpec, type Directive, defineGlobal } from '../define.ts';

type Row = readonly [name: string, doc: string, noEffect: string];

const MOST = 2147483647;
const RESERVED = 'memory is reserved at start.';
const ONE_COPY = 'bodies pass from one socket to the other without a copy between buffers anyway.';
const KERNEL_PLACES = 'the kernel places the threads.';
const NO_QUIC = 'QUIC listeners and servers are refused by this version.';
const NO_H2 = 'HTTP/2 is not spoken by this version.';
const NO_COMPRESSION = 'compression is refused by this version.';
const NO_LUA = 'Lua scripts are refused by this version.';
const NO_CLIENT = 'only OCSP servers are asked over HTTP, with bounds of their own.';
const LINUX_ONLY = 'only Linux is served, by io_uring or epoll.';

function defineInert(
  args: readonly ArgumentSpec[],
  good: string,
  bad: readonly (readonly [string, string])[],
  rows: readonly Row[],
): Directive[] {
  return rows.map(([name, doc, noEffect]) =>
    defineGlobal({
      name,
      args,
      doc,
      noEffect,
      examples: [{ text: `${name} ${good}`.trim(), gives: {} }, ...bad.map(([words, says]) => ({ text: `${name} ${words}`.trim(), says }))],
      apply() {},
    }),
  );
}

/** Several lists as one. */
function defineAll(...lists: readonly (readonly Directive[])[]): Directive[] {
  return lists.flat();
}

function defineNumbers(min: number, max: number, rows: readonly Row[]): Directive[] {
  const bad = [['x', 'expects an integer argument'] as const, [String(min - 1), 'must be '] as const];
  return defineInert([{ name: 'number', kind: 'integer', min, max }], String(Math.min(max, Math.max(min, 4))), bad, rows);
}

function defineSizes(rows: readonly Row[]): Directive[] {
  return defineInert([{ name: 'size', kind: 'size', max: MOST }], '64k', [['64x', "unexpected character 'x'"]], rows);
}

function defineTimes(max: number, rows: readonly Row[]): Directive[] {
  return defineInert([{ name: 'time', kind: 'time', max }], '100ms', [['1x', "unexpected character 'x'"]], rows);
}

function defineSwitches(rows: readonly Row[]): Directive[] {
  return defineInert([{ name: 'state', kind: 'choice', choices: ['on', 'off'] }], 'on', [['maybe', "allowed: 'on', 'off'"]], rows);
}

function defineChoices(choices: readonly string[], rows: readonly Row[]): Directive[] {
  return defineInert([{ name: 'choice', kind: 'choice', choices }], choices[0] as string, [['maybe', 'does not know']], rows);
}

function defineTexts(good: string, rows: readonly Row[]): Directive[] {
  return defineInert([{ name: 'value', kind: 'text' }], good, [['', 'expects an argument']], rows);
}

/** Flags of which only some may stand behind `no`, as in HAProxy. */
function defineFlags(negatable: boolean, rows: readonly Row[]): Directive[] {
  return defineInert([], '', [['x', "unexpected argument 'x'"]], rows).map((directive) => ({ ...directive, negatable }));
}

export const inertNumbers = defineNumbers(0, MOST, [
  ['tune.maxaccept', 'Most connections accepted in a row.', 'a turn is bounded by the batch of the ring.'],
  ['tune.maxpollevents', 'Most events taken at once.', 'the ring has its own batch.'],
  ['tune.max-checks-per-thread', 'Most health checks at once on a thread.', 'checks run on the control thread, away from traffic.'],
  ['tune.runqueue-depth', 'Most tasks run in a row.', 'there is no run queue.'],
  ['tune.pattern.cache-size', 'Entries of the cache of pattern lookups.', 'patterns are compiled and indexed.'],
  ['tune.max-rules-at-once', 'Most rules evaluated in a row.', 'the rules of a list are compiled and run in one turn.'],
  ['tune.events.max-events-at-once', 'Most events handled in a row.', 'events are not queued.'],
  ['tune.buffers.limit', 'Most buffers of a process.', RESERVED],
  ['tune.buffers.reserve', 'Buffers kept for when memory is short.', RESERVED],
  ['maxpipes', 'Most pipes for splicing.', 'no pipes are used.'],
  [
    'mworker-max-reloads',
    'Reloads that an old process may outlive.',
    'old processes end with their last connection, or by `hard-stop-after`.',
  ],
  ['tune.defaults.purge', 'Frees defaults sections that nobody uses.', 'they end with the parsing.'],
  ['stress-level', 'Adds faults to HAProxy for its developers.', 'it tests code that is not here.'],
  ['tune.http.cookielen', 'Most bytes of a captured cookie in a log line.', '`capture cookie` is refused by this version.'],
  ['tune.h2.be.initial-window-size', 'Window of streams to servers.', NO_H2],
  ['tune.h2.be.max-concurrent-streams', 'Most streams of a connection to a server.', NO_H2],
  ['tune.h2.be.glitches-threshold', 'Glitches after which a server connection ends.', NO_H2],
  ['tune.h2.be.max-frames-at-once', 'Most frames of a server handled in a row.', NO_H2],
  ['tune.h2.fe.initial-window-size', 'Window of streams of clients.', NO_H2],
  ['tune.h2.fe.max-concurrent-streams', 'Most streams of a client connection.', NO_H2],
  ['tune.h2.fe.max-total-streams', 'Streams after which a client connection ends.', NO_H2],
  ['tune.h2.fe.max-rst-at-once', 'Most resets of a client handled in a row.', NO_H2],
  ['tune.h2.fe.glitches-threshold', 'Glitches after which a client connection ends.', NO_H2],
  ['tune.h2.fe.max-frames-at-once', 'Most frames of a client handled in a row.', NO_H2],
  ['tune.h2.header-table-size', 'Size of the table of header compression.', NO_H2],
  ['tune.h2.initial-window-size', 'Window of streams of both sides.', NO_H2],
  ['tune.h2.max-concurrent-streams', 'Most streams of a connection of either side.', NO_H2],
  ['tune.h2.max-frame-size', 'Longest frame.', NO_H2],
  ['maxcomprate', 'Most compressed bytes in a second.', NO_COMPRESSION],
  ['maxzlibmem', 'Most memory for compression, in megabytes.', NO_COMPRESSION],
  ['tune.chksize', 'Size of the buffers of checks.', 'HAProxy ignores it too: checks use ordinary buffers.'],
]);

export const inertRanges = defineAll(
  defineNumbers(1, 64, [
    ['thread-groups', 'Number of thread groups.', 'threads share what they must without groups.'],
    ['max-threads-per-group', 'Most threads of a group.', 'threads share what they must without groups.'],
    ['tune.ring.queues', 'Queues of a ring of events.', 'log lines of a thread have one writer.'],
  ]),
  defineNumbers(1, MOST, [
    ['tune.peers.max-updates-at-once', 'Most table updates sent in a row.', 'the peers section is refused by this version.'],
  ]),
  defineNumbers(1, 9, [['tune.comp.maxlevel', 'Most work for a compressed body.', NO_COMPRESSION]]),
  defineNumbers(0, 100, [
    [
      'tune.pool-high-fd-ratio',
      'Share of descriptors above which idle server connections are closed.',
      'idle connections are bounded by server.',
    ],
    ['tune.pool-low-fd-ratio', 'Share of descriptors above which none are kept.', 'idle connections are bounded by server.'],
  ]),
  defineNumbers(-20, 19, [
    ['tune.renice.startup', 'Priority of the process while it starts.', 'the priority of the process is not changed.'],
    ['tune.renice.runtime', 'Priority of the process once it serves.', 'the priority of the process is not changed.'],
  ]),
);

export const inertSizes = defineSizes([
  ['tune.h2.be.rxbuf', 'Buffers of a connection to a server.', NO_H2],
  ['tune.h2.fe.rxbuf', 'Buffers of a client connection.', NO_H2],
  [
    'tune.rcvbuf.client',
    'Receive buffer of client sockets in the kernel.',
    'the kernel finds the size itself, as it does without the line.',
  ],
  [
    'tune.rcvbuf.server',
    'Receive buffer of server sockets in the kernel.',
    'the kernel finds the size itself, as it does without the line.',
  ],
  ['tune.sndbuf.client', 'Send buffer of client sockets in the kernel.', 'the kernel finds the size itself, as it does without the line.'],
  ['tune.sndbuf.server', 'Send buffer of server sockets in the kernel.', 'the kernel finds the size itself, as it does without the line.'],
  ['tune.rcvbuf.frontend', 'Receive buffer of datagram sockets of frontends.', 'there are none.'],
  ['tune.rcvbuf.backend', 'Receive buffer of datagram sockets of log targets.', 'nothing is received there.'],
  ['tune.sndbuf.frontend', 'Send buffer of datagram sockets of frontends.', 'there are none.'],
  ['tune.sndbuf.backend', 'Send buffer of datagram sockets of log targets.', 'lines are sent in batches that fit the default.'],
  [
    'tune.notsent-lowat.client',
    'Unsent bytes that client sockets may hold in the kernel.',
    'what is in flight is bounded by the blocks of a stream.',
  ],
  [
    'tune.notsent-lowat.server',
    'Unsent bytes that server sockets may hold in the kernel.',
    'what is in flight is bounded by the blocks of a stream.',
  ],
  ['tune.recv_enough', 'Bytes after which no more is read in a turn.', 'a receive takes what is there.'],
  ['tune.pipesize', 'Size of the pipes for splicing.', 'no pipes are used.'],
  ['tune.memory.hot-size', 'Memory that a thread keeps for itself.', RESERVED],
  ['tune.bufsize.small', 'Size of small buffers.', 'there is one size of buffers.'],
  ['tune.bufsize.large', 'Size of large buffers.', 'there is one size of buffers.'],
  ['tune.cli.max-payload-size', 'Longest payload of a command of the runtime API.', 'the runtime API takes no payloads yet.'],
]);

export const inertTimes = defineAll(
  defineTimes(MOST, [
    ['warn-blocked-traffic-after', 'How long a turn may take before it is reported.', 'turns are bounded, and nothing measures them.'],
    ['tune.lua.session-timeout', 'Longest run of Lua code of a session.', NO_LUA],
    ['tune.lua.task-timeout', 'Longest run of a Lua task.', NO_LUA],
    ['tune.lua.service-timeout', 'Longest run of a Lua service.', NO_LUA],
    ['tune.lua.burst-timeout', 'Longest run of Lua code at once.', NO_LUA],
    ['httpclient.timeout.connect', 'Time for a connection of the HTTP client.', NO_CLIENT],
  ]),
);

export const inertSwitches = defineAll(
  defineSwitches([
    [
      'tune.listener.multi-queue',
      'Spreads connections over the queues of threads.',
      'one socket serves all threads, whoever is free takes the next.',
    ],
    ['tune.sched.low-latency', 'Prefers short tasks.', 'there is no scheduler to tune.'],
    ['tune.fd.edge-triggered', 'Polls on edges.', 'the host knows how it waits.'],
    ['tune.h1.zero-copy-fwd-recv', 'Receives into the buffer that is sent.', ONE_COPY],
    ['tune.h1.zero-copy-fwd-send', 'Sends from the buffer that was received.', ONE_COPY],
    ['tune.h2.zero-copy-fwd-send', 'Sends from the buffer that was received.', ONE_COPY],
    ['tune.pt.zero-copy-forwarding', 'Sends from the buffer that was received.', ONE_COPY],
    ['tune.applet.zero-copy-forwarding', 'Sends from the buffer that was made.', ONE_COPY],
    ['tune.quic.zero-copy-fwd-send', 'Sends from the buffer that was received.', NO_QUIC],
    ['tune.quic.listen', 'Switches QUIC listeners.', NO_QUIC],
    [
      'tune.idle-pool.shared',
      'Threads share idle server connections.',
      'an idle connection belongs to its thread, which its own streams use first in HAProxy too.',
    ],
    ['profiling.memory', 'Counts allocations by caller.', RESERVED],
    ['tune.lua.log.loggers', 'Sends Lua logs to loggers.', NO_LUA],
    ['httpclient.resolvers.disabled', 'The HTTP client does not resolve names.', NO_CLIENT],
  ]),
  defineChoices(
    ['on', 'off', 'auto'],
    [
      ['profiling.tasks', 'Counts time by task.', 'there are no tasks to profile.'],
      ['debug.counters', 'Counts events of internals.', 'they are HAProxy internals.'],
      ['tune.lua.log.stderr', 'Sends Lua logs to stderr.', NO_LUA],
    ],
  ),
  defineChoices(
    ['none', 'restricted', 'full'],
    [
      [
        'tune.takeover-other-tg-connections',
        'Takes idle connections of other thread groups.',
        'threads share what they must without groups.',
      ],
    ],
  ),
  defineChoices(
    ['by-process', 'by-thread', 'by-group'],
    [['tune.listener.default-shards', 'Sockets of a listener.', 'one socket serves all threads, unless its line says `shards`.']],
  ),
  defineChoices(['none', 'required'], [['httpclient.ssl.verify', 'Whether the HTTP client verifies servers.', NO_CLIENT]]),
  defineChoices(['ipv4', 'ipv6'], [['httpclient.resolvers.prefer', 'Family that the HTTP client prefers.', NO_CLIENT]]),
);

export const inertTexts = defineTexts('name', [
  ['tune.fd.tables', 'Where the table of descriptors is.', 'there is none.'],
  ['cluster-secret', 'Secret that nodes share for tokens of QUIC.', NO_QUIC],
  ['httpclient.resolvers.id', 'Resolvers of the HTTP client.', NO_CLIENT],
  ['httpclient.ssl.ca-file', 'Authorities that the HTTP client trusts.', NO_CLIENT],
  ['httpclient.retries', 'Retries of the HTTP client.', NO_CLIENT],
  ['tune.lua.maxmem', 'Most memory of Lua.', NO_LUA],
  ['tune.lua.forced-yield', 'Instructions between two yields of Lua.', NO_LUA],
  ['tune.lua.bool-sample-conversion', 'Type of booleans in Lua.', NO_LUA],
  ['tune.lua.openlibs', 'Libraries that Lua has.', NO_LUA],
]);

const QUIC =
  'be.cc.cubic-min-losses be.cc.hystart be.cc.max-frame-loss be.cc.max-win-size be.cc.reorder-ratio be.max-idle-timeout ' +
  'be.sec.glitches-threshold be.stream.data-ratio be.stream.max-concurrent be.stream.rxbuf be.tx.pacing be.tx.udp-gso ' +
  'fe.cc.cubic-min-losses fe.cc.hystart fe.cc.max-frame-loss fe.cc.max-win-size fe.cc.reorder-ratio fe.max-idle-timeout ' +
  'fe.sec.glitches-threshold fe.sec.retry-threshold fe.sock-per-conn fe.stream.data-ratio fe.stream.max-concurrent ' +
  'fe.stream.max-total fe.stream.rxbuf fe.tx.pacing fe.tx.udp-gso mem.tx-max';

export const inertQuic = defineTexts(
  '1',
  QUIC.split(' ').map((name): Row => [`tune.quic.${name}`, 'Tunes QUIC.', NO_QUIC]),
);

export const inertPercents = defineNumbers(0, 100, [
  ['maxcompcpuusage', 'Share of a core above which nothing is compressed.', NO_COMPRESSION],
  [
    'tune.glitches.kill.cpu-usage',
    'Share of a core above which glitches end connections.',
    'the thresholds of glitches are refused by this version.',
  ],
]);

export const inertRest = defineAll(
  defineNumbers(8, 15, [['tune.zlib.windowsize', 'Window of compression.', NO_COMPRESSION]]),
  defineNumbers(1, 9, [['tune.zlib.memlevel', 'Memory of compression.', NO_COMPRESSION]]),
  defineSwitches([['harden.reject-privileged-ports.quic', 'QUIC clients with ports below 1024 are refused.', NO_QUIC]]),
  defineChoices(['auto', 'off'], [['acme.scheduler', 'Whether certificates are fetched.', 'acme sections are refused by this version.']]),
  defineChoices(['none', 'connection', 'stream'], [['tune.h2.log-errors', 'Which errors of HTTP/2 are logged.', NO_H2]]),
  defineTexts('name', [
    ['tune.epoll.mask-events', 'Events that epoll does not report.', 'none is masked, and io_uring comes first.'],
    ['tune.streams-elasticity', 'How the number of streams shrinks under load.', NO_H2],
  ]),
  defineInert(
    [{ name: 'environment', kind: 'choice', choices: ['preserve-env'], optional: true }],
    'preserve-env',
    [['x', "allowed: 'preserve-env'"]],
    [['external-check', 'Programs may check servers.', '`option external-check` is refused by this version.']],
  ),
);

export const inertFlags = defineAll(
  defineFlags(false, [
    ['noreuseport', 'Listeners do not share ports.', 'listeners share one socket unless a line says `shards`.'],
    ['noepoll', 'The epoll poller is not used.', 'io_uring comes first, and where it is missing epoll is all there is.'],
    ['nopoll', 'The poll poller is not used.', LINUX_ONLY],
    ['nosplice', 'Splicing is not used.', 'it never is.'],
    ['nokqueue', 'The kqueue poller is not used.', LINUX_ONLY],
    ['noevports', 'The event ports are not used.', LINUX_ONLY],
    ['noktls', 'TLS of the kernel is not used.', 'it never is.'],
    ['nogetaddrinfo', "The system's resolver is asked in the old way.", 'there is only one way.'],
    ['no-memory-trimming', 'Memory is not given back at reload.', RESERVED],
    ['prealloc-fd', 'The table of descriptors is made at start.', 'there is none.'],
    ['quick-exit', 'Memory is not freed at the end.', 'the end is always quick.'],
    ['tune.disable-zero-copy-forwarding', 'Every body is copied.', ONE_COPY],
    ['tune.disable-fast-forward', 'Bodies take the long way.', 'there is one way to forward.'],
    ['expose-experimental-directives', 'Allows experimental keywords.', 'what works is never hidden.'],
    ['expose-deprecated-directives', 'Allows deprecated keywords.', 'what works is never hidden.'],
    ['insecure-setuid-wanted', 'Programs may gain rights.', 'no program is started by the data threads.'],
    ['limited-quic', 'QUIC with limits of a TLS library.', NO_QUIC],
    ['h2-workaround-bogus-websocket-clients', 'WebSocket over HTTP/2 is not announced.', 'it never is.'],
  ]),
  defineFlags(true, [
    ['busy-polling', 'Waiting threads spin.', 'they sleep: answers do not differ.'],
    ['insecure-fork-wanted', 'Programs may be started.', 'the data threads start none.'],
    ['set-dumpable', 'Allows core dumps.', 'they follow the settings of the system.'],
    ['numa-cpu-mapping', 'Binds threads to one node of memory.', KERNEL_PLACES],
  ]),
);

/** Placement of threads: several words that HAProxy judges with knowledge of the machine. */
export const inertPlaces = defineAll(
  (
    [
      ['cpu-policy', 'How threads are placed on cores.', KERNEL_PLACES],
      ['cpu-set', 'Which cores are used.', KERNEL_PLACES],
      ['cpu-affinity', 'How threads stay on cores.', KERNEL_PLACES],
    ] as const
  ).flatMap((row) =>
    defineInert(
      [
        { name: 'value', kind: 'text' },
        { name: 'more', kind: 'rest' },
      ],
      'auto',
      [['', 'expects an argument']],
      [row],
    ),
  ),
);

const THREAD_SET = /^(?:auto:)?(?:all|odd|even|\d+(?:-\d*)?)(?:\/(?:all|odd|even|\d+(?:-\d*)?))?$/;
const CPU_SET = /^(?:all|odd|even|\d+(?:-\d*)?)(?:,\d+(?:-\d*)?)*$/;

export const cpuMap = defineGlobal({
  name: 'cpu-map',
  args: [
    { name: 'threads', kind: 'word' },
    { name: 'cpu', kind: 'word' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Which cores the threads of a set run on.',
  noEffect: KERNEL_PLACES,
  examples: [
    { text: 'cpu-map auto:1/1-4 0-3', gives: {} },
    { text: 'cpu-map 1/all 0 1,3', gives: {} },
    { text: 'cpu-map 1', says: "'cpu-map' expects" },
    { text: 'cpu-map x 0', says: "'x' is not a set of threads" },
    { text: 'cpu-map all x', says: "'x' is not a set of cores" },
  ],
  apply(_global, [threads, cpu, more], context) {
    if (!THREAD_SET.test(threads.text))
      context.error({ text: `cpu-map : '${threads.text}' is not a set of threads, as 'all', '1/1-4' or 'auto:1/all'`, word: threads });
    const wrong = [cpu, ...more].find((word) => !CPU_SET.test(word.text));
    if (wrong !== undefined)
      context.error({ text: `cpu-map : '${wrong.text}' is not a set of cores, as '0', '0-3' or '0,2'`, word: wrong });
  },
});
