/**
 * What this program says about itself: versions, and the features that `feature(NAME)`, `enabled(NAME)` and
 * `-vv` answer for. A feature is listed with `+` only if it works.
 */
import { LANGUAGE_VERSION } from '../environment.ts';

export const HAWSER_VERSION = '0.1.0';

/** Of the library that comes with Node. */
export const OPENSSL_VERSION = process.versions.openssl ?? '0';

/** version.test.ts keeps this equal to what the keywords can do. */
const PRESENT = [
  'EPOLL',
  'IO_URING',
  'OPENSSL',
  'THREAD',
  'ACCEPT4',
  'LINUX_TPROXY',
  'TPROXY',
  'REUSEPORT',
  'GETADDRINFO',
  'SHM_OPEN',
  'TFO',
];
const ABSENT = (
  '51DEGREES BACKTRACE CPU_AFFINITY CRYPT_H DEVICEATLAS DL ECH ENGINE EVPORTS KQUEUE KTLS LIBATOMIC LIBCRYPT LINUX_CAP LINUX_SPLICE LUA MATH ' +
  'MEMORY_PROFILING NETFILTER NS OPENSSL_AWSLC OPENSSL_WOLFSSL OT PCRE PCRE2 PCRE2_JIT PCRE_JIT POLL PRCTL PROCCTL PROMEX PTHREAD_EMULATION QUIC ' +
  'QUIC_OPENSSL_COMPAT RT SLZ STATIC_PCRE STATIC_PCRE2 THREAD_DUMP WURFL ZLIB'
).split(' ');

export function hasFeature(name: string): boolean {
  return PRESENT.includes(name);
}

/** Every feature that this program knows of, with whether it is there. */
export function featureNames(): { readonly present: readonly string[]; readonly absent: readonly string[] } {
  return { present: PRESENT, absent: ABSENT };
}

/** Options that `-d…` flags could have switched off. */
export function isEnabled(name: string): boolean {
  return ['EPOLL', 'GETADDRINFO', 'REUSEPORT', 'IPV4', 'FAST-FORWARD'].includes(name);
}

/** Text of `-v` and `-vv`; tools read the first line, TARGET and the feature list. */
export function versionText(isLong: boolean, nodeVersion: string, system: string): string {
  const head = `HAProxy version ${LANGUAGE_VERSION}-hawser${HAWSER_VERSION} - language level of HAProxy 3.5\nHawser version ${HAWSER_VERSION} on Node ${nodeVersion}\n`;
  if (!isLong) return head;
  const features = [...PRESENT.map((name) => `+${name}`), ...ABSENT.map((name) => `-${name}`)].sort((a, b) =>
    a.slice(1) < b.slice(1) ? -1 : 1,
  );
  return `${head}Running on: ${system}
Build options :
  TARGET  = linux-glibc
  OPTIONS =

Feature list : ${features.join(' ')}

Built with OpenSSL version : OpenSSL ${OPENSSL_VERSION}
Running on OpenSSL version : OpenSSL ${OPENSSL_VERSION}

Default settings :
  bufsize = 16384, maxrewrite = 1024

Available polling systems :
   io_uring : pref=400,  test result OK
      epoll : pref=300,  test result OK
Total: 2 (2 usable), will use io_uring.

Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX
         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG
  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=
       none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG

Available services : none

Available filters :

`;
}
