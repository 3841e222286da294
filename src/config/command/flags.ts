/** Every flag of the command line with what it means: for the usage text and for the reference. What a flag does not do here is said. */

export interface Flag {
  readonly flag: string;
  /** What follows it. */
  readonly value?: string;
  readonly doc: string;
  /** Accepted for HAProxy's sake. */
  readonly noEffect?: string;
  /** Refused when a process is started. */
  readonly refused?: string;
}

export const FLAGS: readonly Flag[] = [
  { flag: '-f', value: '<file|directory>', doc: 'Reads a configuration file, or the *.cfg files of a directory. May be repeated.' },
  { flag: '--', value: '<file>...', doc: 'All that follows are configuration files.' },
  { flag: '-c', doc: 'Checks the configuration and exits: 0 valid, 1 wrong, 2 valid but nothing listens.' },
  { flag: '--format', value: 'text|json|sarif', doc: 'How -c reports; json and sarif go to the standard output.' },
  { flag: '-cc', value: '<condition>', doc: 'Evaluates a condition as of .if and exits: 0 true, 1 false, 2 malformed.' },
  { flag: '-v', doc: 'Displays the version.' },
  { flag: '-vv', doc: 'Displays the version, features and what was built in.' },
  { flag: '-V', doc: 'Says more: -c also says that all is well.' },
  { flag: '-q', doc: 'Says only what is wrong.' },
  { flag: '-d', doc: 'Stays in the foreground.', noEffect: 'what passes is not printed' },
  { flag: '-db', doc: 'Stays in the foreground, whatever -D and daemon say.' },
  { flag: '-D', doc: 'Goes to the background once it serves.' },
  {
    flag: '-W',
    doc: 'Runs as a master would.',
    noEffect: 'one process does both: signals end it as they end a master, there is no reload',
  },
  { flag: '-Ws', doc: 'As -W, and tells systemd when it is ready.' },
  { flag: '-S', value: '<bind>[,<option>...]', doc: "Socket for the master's commands.", refused: "'-S' (the master's socket)" },
  { flag: '-C', value: '<directory>', doc: 'Changes to a directory before files are read.' },
  { flag: '-L', value: '<name>', doc: "Name of this node among peers; the host's if not given." },
  { flag: '-n', value: '<limit>', doc: 'Most connections of the process; beats maxconn.' },
  { flag: '-N', value: '<limit>', doc: 'Most connections of a frontend that does not say it.' },
  { flag: '-m', value: '<megabytes>', doc: 'Limits memory.', refused: "'-m' (a memory limit: see docs/memory.md for what bounds it)" },
  { flag: '-p', value: '<file>', doc: 'Writes the process number to a file.' },
  {
    flag: '-sf',
    value: '<pid>...',
    doc: 'Old processes that finish once this one serves; none is legal.',
    refused: "'-sf' with processes to replace",
  },
  {
    flag: '-st',
    value: '<pid>...',
    doc: 'Old processes that stop once this one serves; none is legal.',
    refused: "'-st' with processes to replace",
  },
  { flag: '-x', value: '<socket>', doc: 'Takes listening sockets over from an old process.', refused: "'-x' (taking over listeners)" },
  { flag: '-4', doc: 'Asks for IPv4 addresses of names only.', noEffect: 'names are resolved as the system does' },
  { flag: '-dA', value: '[<file>]', doc: 'Archive for core dumps.', noEffect: 'there is none' },
  { flag: '-dC', doc: 'Prints the configuration as it was understood, see hawser dump. With a key (hashed names) it is refused.' },
  { flag: '-dD', doc: 'Also says what is only suspicious.' },
  { flag: '-dF', doc: 'No fast forwarding.', noEffect: 'forwarding has one way' },
  { flag: '-dG', doc: 'No getaddrinfo.', noEffect: 'names are resolved as the system does' },
  { flag: '-dH', doc: 'Says which host (io_uring, epoll) was chosen, and why. Hawser only.' },
  { flag: '-dI', doc: 'Allows forks.', noEffect: 'no process is forked' },
  { flag: '-dK', value: '<class>[,<class>...]', doc: 'Lists keywords: all, acl, cfg, cli, cnv, flt, smp, svc; help lists the classes.' },
  { flag: '-dL', doc: 'Lists the object files that are loaded.' },
  {
    flag: '-dM',
    value: '[<byte>[,]][<option>,...]',
    doc: 'Memory debugging; help lists the options.',
    noEffect: 'memory is one block, taken at start',
  },
  { flag: '-dR', doc: 'No SO_REUSEPORT.', noEffect: 'listeners are shared by all threads' },
  { flag: '-dS', doc: 'No splicing.', noEffect: 'splice is not used' },
  { flag: '-dT', doc: 'No kernel TLS.', noEffect: 'it is not used' },
  { flag: '-dV', doc: 'No verification of server certificates.', noEffect: 'they are verified as the configuration says' },
  { flag: '-dW', doc: 'Any warning is fatal.' },
  { flag: '-dZ', doc: 'No zero-copy forwarding.', noEffect: 'forwarding has one way' },
  { flag: '-dc', doc: 'No CPU affinity.', noEffect: 'the kernel places threads' },
  { flag: '-de', doc: 'No epoll.', noEffect: 'io_uring comes first, and where it is missing epoll is all there is' },
  { flag: '-dk', doc: 'No kqueue.', noEffect: 'Linux has none' },
  { flag: '-dp', doc: 'No poll.', noEffect: 'it is not used' },
  { flag: '-dr', doc: 'Goes on if the name of a server cannot be resolved.' },
  { flag: '-dt', value: '[<trace>,...]', doc: 'Traces on the standard error.', noEffect: 'there are none' },
  { flag: '-dv', doc: 'No evports.', noEffect: 'Linux has none' },
];

/** What the program prints for a command line that it does not understand. */
export function usageText(): string {
  const lines = FLAGS.map(({ flag, value, doc, noEffect, refused }) => {
    const tail = noEffect === undefined ? (refused === undefined ? '' : ' (not supported by this version)') : ` (accepted: ${noEffect})`;
    return `        ${`${flag} ${value ?? ''}`.trim().padEnd(26)} ${doc}${tail}\n`;
  });
  return `Usage : hawser [-f <file|directory>]... [options] [-- <file>...]
        hawser dump|fmt ...        writes a configuration back, or in canonical layout; without more they say how
${lines.join('')}`;
}
