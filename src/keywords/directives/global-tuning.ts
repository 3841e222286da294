/**
 * Settings of HAProxy's machinery. Numbers that this program can use are in the model under their name; the
 * others are checked and change nothing, and each says why. Settings of parts that do not exist here (TLS, QUIC,
 * HTTP/2, Lua …) are refused as not supported where ignoring them could weaken something.
 */
import { type Directive, defineGlobal } from '../define.ts';

type Row = readonly [name: string, doc: string];

function defineNumbers(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      args: [{ name: 'number', kind: 'integer', min: -1, max: 2147483647 }],
      doc,
      examples: [
        { text: `${name} 4`, gives: { tune: { [name]: 4 } } },
        { text: `${name} x`, says: 'expects an integer argument' },
      ],
      apply(global, [value]) {
        global.tune[name] = value;
      },
    }),
  );
}

function defineSizes(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      args: [{ name: 'size', kind: 'size', max: 2147483647 }],
      doc,
      examples: [
        { text: `${name} 16k`, gives: { tune: { [name]: 16384 } } },
        { text: `${name} 16x`, says: "unexpected character 'x'" },
      ],
      apply(global, [value]) {
        global.tune[name] = value;
      },
    }),
  );
}

function defineTimes(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      args: [{ name: 'time', kind: 'time' }],
      doc,
      examples: [{ text: `${name} 1s`, gives: { tune: { [name]: 1000 } } }],
      apply(global, [value]) {
        global.tune[name] = value;
      },
    }),
  );
}

function defineSwitches(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      args: [{ name: 'state', kind: 'choice', choices: ['on', 'off'] }],
      doc,
      examples: [{ text: `${name} on`, gives: { flags: { [name]: true } } }],
      apply(global, [value]) {
        global.flags[name] = value === 'on';
      },
    }),
  );
}

function defineFlags(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      negatable: true,
      args: [],
      doc,
      examples: [{ text: name, gives: { flags: { [name]: true } } }],
      apply(global, _, { prefix }) {
        if (prefix === 'default') delete global.flags[name];
        else global.flags[name] = prefix === null;
      },
    }),
  );
}

/** Accepted with any words: they choose among things that exist only in HAProxy. */
function defineWordy(rows: readonly Row[]): Directive[] {
  return rows.map(([name, doc]) =>
    defineGlobal({
      name,
      args: [
        { name: 'value', kind: 'text' },
        { name: 'more', kind: 'rest' },
      ],
      doc,
      examples: [
        { text: `${name} auto`, gives: {} },
        { text: name, says: `'${name}' expects` },
      ],
      apply() {},
    }),
  );
}

export const tuneNumbers = defineNumbers([
  ['tune.http.maxhdr', 'Most headers of a message; 101 if unset.'],
  ['tune.http.logurilen', 'Most bytes of a URI in a log line; 1024 if unset.'],
  ['tune.http.cookielen', 'Most bytes of a captured cookie in a log line; 63 if unset.'],
  ['tune.maxrewrite', 'Part of a buffer kept for headers that rules add; 1024 if unset.'],
  ['tune.maxaccept', 'Most connections accepted in a row. No effect: our turns are bounded elsewhere.'],
  ['tune.maxpollevents', 'Most events taken at once. No effect: the ring has its own batch.'],
  ['tune.max-checks-per-thread', 'Most health checks at once. No effect: checks run on the control thread.'],
  ['tune.runqueue-depth', 'No effect: there is no run queue.'],
  ['tune.pattern.cache-size', 'No effect: patterns are compiled.'],
  ['tune.max-rules-at-once', 'No effect: rules of a list run in one turn.'],
  ['tune.events.max-events-at-once', 'No effect: events are not queued.'],
  ['tune.ring.queues', 'No effect: there are no HAProxy rings.'],
  ['tune.peers.max-updates-at-once', 'No effect until peers exist.'],
  ['tune.buffers.limit', 'No effect: memory is reserved at start.'],
  ['tune.buffers.reserve', 'No effect: memory is reserved at start.'],
  ['tune.pool-high-fd-ratio', 'No effect: idle connections are bounded by server.'],
  ['tune.pool-low-fd-ratio', 'No effect: idle connections are bounded by server.'],
  ['tune.comp.maxlevel', 'No effect until compression exists.'],
  ['tune.renice.startup', 'No effect: the priority of the process is not changed.'],
  ['tune.renice.runtime', 'No effect: the priority of the process is not changed.'],
  ['thread-groups', 'Number of thread groups. No effect: threads need none.'],
  ['max-threads-per-group', 'No effect: threads need no groups.'],
  ['thread-hard-limit', 'Most data threads, whatever `nbthread` or the cores say.'],
  ['fd-hard-limit', 'Most descriptors, whatever the system allows.'],
  ['maxpipes', 'No effect: no pipes are used.'],
  ['mworker-max-reloads', 'Reloads that an old process may outlive.'],
]);

export const tuneSizes = defineSizes([
  ['tune.bufsize', 'Size of a buffer, and so of the longest head; 16384 if unset.'],
  ['tune.rcvbuf.client', 'Receive buffer of client sockets in the kernel.'],
  ['tune.rcvbuf.server', 'Receive buffer of server sockets in the kernel.'],
  ['tune.rcvbuf.frontend', 'Receive buffer of frontend datagram sockets: none exist.'],
  ['tune.rcvbuf.backend', 'Receive buffer of backend datagram sockets: none exist.'],
  ['tune.sndbuf.client', 'Send buffer of client sockets in the kernel.'],
  ['tune.sndbuf.server', 'Send buffer of server sockets in the kernel.'],
  ['tune.sndbuf.frontend', 'Send buffer of frontend datagram sockets: none exist.'],
  ['tune.sndbuf.backend', 'Send buffer of backend datagram sockets: none exist.'],
  ['tune.notsent-lowat.client', 'Unsent bytes that client sockets may hold in the kernel.'],
  ['tune.notsent-lowat.server', 'Unsent bytes that server sockets may hold in the kernel.'],
  ['tune.recv_enough', 'No effect: a receive takes what is there.'],
  ['tune.pipesize', 'No effect: no pipes are used.'],
  ['tune.memory.hot-size', 'No effect: memory is reserved at start.'],
  ['tune.bufsize.small', 'No effect: there is one size of buffers.'],
  ['tune.cli.max-payload-size', 'Longest payload of a runtime command.'],
  ['tune.vars.global-max-size', 'Most memory for variables of all scopes.'],
  ['tune.vars.proc-max-size', 'Most memory for variables of the process.'],
  ['tune.vars.sess-max-size', 'Most memory for variables of a session.'],
  ['tune.vars.txn-max-size', 'Most memory for variables of a transaction.'],
  ['tune.vars.reqres-max-size', 'Most memory for variables of a request or response.'],
]);

export const tuneTimes = defineTimes([
  ['tune.idletimer', 'No effect: streams that rest are sent at once.'],
  ['warn-blocked-traffic-after', 'How long a turn may take before it is reported.'],
]);

export const tuneSwitches = defineSwitches([
  ['tune.listener.multi-queue', 'No effect: one queue serves all threads.'],
  ['tune.sched.low-latency', 'No effect: there is no scheduler to tune.'],
  ['tune.fd.edge-triggered', 'No effect: the host chooses how it polls.'],
  ['tune.h1.zero-copy-fwd-recv', 'No effect: bodies are never copied.'],
  ['tune.h1.zero-copy-fwd-send', 'No effect: bodies are never copied.'],
  ['tune.pt.zero-copy-forwarding', 'No effect: bodies are never copied.'],
  ['tune.applet.zero-copy-forwarding', 'No effect: bodies are never copied.'],
  ['numa-cpu-mapping', 'No effect: threads are not bound to nodes.'],
  ['profiling.tasks', 'No effect: there are no tasks to profile.'],
  ['profiling.memory', 'No effect: memory is reserved at start.'],
  ['debug.counters', 'No effect: debug counters are HAProxy internals.'],
]);

export const tuneFlags = defineFlags([
  ['noreuseport', 'No effect: listeners share one socket unless sharded.'],
  ['quiet', 'Nothing is printed at start.'],
  ['busy-polling', 'No effect: waiting threads sleep.'],
  ['noepoll', 'The epoll host is not used.'],
  ['nopoll', 'No effect: poll is never used.'],
  ['nosplice', 'No effect: splice is never used.'],
  ['nokqueue', 'No effect: only Linux is served.'],
  ['noevports', 'No effect: only Linux is served.'],
  ['nogetaddrinfo', 'No effect: names are resolved by the system.'],
  ['strict-limits', 'A limit that cannot be set is fatal.'],
  ['no-memory-trimming', 'No effect: memory is reserved at start.'],
  ['prealloc-fd', 'No effect: there is no descriptor table.'],
  ['quick-exit', 'No effect: the end is always quick.'],
  ['tune.disable-zero-copy-forwarding', 'No effect: bodies are never copied.'],
  ['tune.disable-fast-forward', 'No effect: there is one way to forward.'],
  ['expose-experimental-directives', 'No effect: nothing is hidden.'],
  ['expose-deprecated-directives', 'No effect: nothing is hidden.'],
  ['insecure-fork-wanted', 'No effect: the data threads start no processes.'],
  ['pp2-never-send-local', 'No effect until PROXY lines are sent.'],
]);

export const tuneWords = defineWordy([
  ['cpu-map', 'Which cores threads run on. No effect: the kernel places them.'],
  ['cpu-policy', 'No effect: the kernel places threads.'],
  ['cpu-set', 'No effect: the kernel places threads.'],
  ['cpu-affinity', 'No effect: the kernel places threads.'],
  ['tune.listener.default-shards', 'No effect: one socket serves all threads unless a line says `shards`.'],
  ['tune.idle-pool.shared', 'No effect: idle connections belong to their thread.'],
  ['tune.fd.tables', 'No effect: there is no descriptor table.'],
  ['tune.takeover-other-tg-connections', 'No effect: idle connections belong to their thread.'],
  ['set-dumpable', 'No effect: core dumps follow the system.'],
  ['ca-base', 'Folder of CA files. No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['crt-base', 'Folder of certificates. No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-bind-ciphers', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-bind-ciphersuites', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-bind-options', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-server-ciphers', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-server-ciphersuites', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['ssl-default-server-options', 'No effect until TLS exists: every line with `ssl` is refused on its own.'],
  ['localpeer', 'Name of this node among peers. No effect until peers exist.'],
]);
