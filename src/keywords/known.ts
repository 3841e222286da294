/**
 * Names of HAProxy 3.5's language by kind, whether implemented here or not: a name of this list that no keyword object
 * answers is refused as not supported, instead of unknown. And the names HAProxy itself has removed, with its advice.
 * size-ok: a table of names.
 */

type NameKind = 'section' | 'global' | 'proxy' | 'bind' | 'server' | `kw:${string}`;

/** Separated by `|`: names may hold spaces. */
const NAMES: Record<NameKind, string> = {
  section:
    'backend|defaults|frontend|global|listen|cache|crt-store|fcgi-app|http-errors|log-profile|mailers|peers|resolvers|' +
    'ring|userlist|acme|healthcheck|log-forward|namespace_list|program|spoe-agent|spoe-group|spoe-message|traces',
  global:
    'ca-base|chroot|crt-base|daemon|description|gid|group|hard-stop-after|log|log-send-hostname|log-tag|maxconn|' +
    'nbthread|node|pidfile|presetenv|setenv|ssl-default-bind-ciphers|ssl-default-bind-ciphersuites|ssl-default-bind-options|' +
    'stats socket|stats timeout|tune.ssl.default-dh-param|uid|ulimit-n|user|acme.scheduler|anonkey|close-spread-time|' +
    'cluster-secret|cpu-map|default-path|dns-accept-family|expose-deprecated-directives|expose-experimental-directives|' +
    'external-check|fd-hard-limit|grace|h1-accept-payload-with-any-method|h1-case-adjust|h1-case-adjust-file|harden.reject-' +
    'privileged-ports.tcp|http-err-codes|http-fail-codes|httpclient.resolvers.id|httpclient.resolvers.prefer|' +
    'httpclient.retries|httpclient.ssl.ca-file|httpclient.ssl.verify|httpclient.timeout.connect|insecure-fork-wanted|issuers-' +
    'chain-path|key-base|limited-quic|localpeer|lua-load|lua-load-per-thread|lua-prepend-path|max-spread-checks|' +
    'maxcompcpuusage|maxcomprate|maxconnrate|maxsessrate|maxsslconn|maxsslrate|mworker-max-reloads|noreuseport|ocsp-' +
    'update.disable|ocsp-update.maxdelay|ocsp-update.mindelay|ocsp-update.mode|pp2-never-send-local|quiet|resetenv|server-' +
    'state-base|server-state-file|set-dumpable|set-var|set-var-fmt|setcap|shm-stats-file|spread-checks|ssl-default-bind-' +
    'curves|ssl-default-bind-sigalgs|ssl-default-server-ciphers|ssl-default-server-ciphersuites|ssl-default-server-options|' +
    'ssl-dh-param-file|ssl-load-extra-del-ext|ssl-load-extra-files|ssl-passphrase-cmd|ssl-security-level|ssl-server-verify|' +
    'stats maxconn|stats-file|strict-limits|thread-groups|tune.bufsize|tune.cli.max-payload-size|tune.comp.maxlevel|' +
    'tune.h2.be.initial-window-size|tune.h2.be.max-concurrent-streams|tune.h2.fe.glitches-threshold|tune.h2.fe.initial-window-' +
    'size|tune.h2.fe.max-concurrent-streams|tune.h2.fe.max-rst-at-once|tune.h2.fe.max-total-streams|tune.h2.header-table-size|' +
    'tune.h2.initial-window-size|tune.h2.max-concurrent-streams|tune.h2.max-frame-size|tune.http.cookielen|tune.http.logurilen|' +
    'tune.http.maxhdr|tune.idle-pool.shared|tune.max-checks-per-thread|tune.maxaccept|tune.maxrewrite|tune.pattern.cache-size|' +
    'tune.quic.listen|tune.rcvbuf.client|tune.rcvbuf.server|tune.sndbuf.client|tune.sndbuf.server|tune.ssl.cachesize|' +
    'tune.ssl.keylog|tune.ssl.lifetime|tune.stick-counters|tune.vars.global-max-size|tune.vars.proc-max-size|tune.vars.reqres-' +
    'max-size|tune.vars.sess-max-size|tune.vars.txn-max-size|unix-bind|unsetenv|warn-blocked-traffic-after|zero-warning|' +
    '51degrees-allow-unmatched|51degrees-cache-size|51degrees-data-file|51degrees-difference|51degrees-drift|51degrees-' +
    'property-name-list|51degrees-property-separator|51degrees-use-performance-graph|51degrees-use-predictive-graph|busy-' +
    'polling|cpu-affinity|cpu-policy|cpu-set|debug.counters|deviceatlas-json-file|deviceatlas-log-level|deviceatlas-' +
    'properties-cookie|deviceatlas-separator|force-cfg-parser-pause|h1-do-not-close-on-insecure-transfer-encoding|' +
    'h2-workaround-bogus-websocket-clients|harden.reject-privileged-ports.quic|httpclient.resolvers.disabled|insecure-setuid-' +
    'wanted|jwt.decrypt_alg_list|jwt.decrypt_enc_list|master-worker|max-threads-per-group|maxpipes|maxzlibmem|nbproc|no-' +
    'memory-trimming|noepoll|noevports|nogetaddrinfo|nokqueue|noktls|nopoll|nosplice|numa-cpu-mapping|ocsp-' +
    'update.httpproxy|prealloc-fd|profiling.memory|profiling.tasks|quick-exit|shm-stats-file-max-objects|ssl-default-bind-' +
    'client-sigalgs|ssl-default-server-client-sigalgs|ssl-default-server-curves|ssl-default-server-sigalgs|ssl-engine|ssl-' +
    'mode-async|ssl-propquery|ssl-provider|ssl-provider-path|ssl-skip-self-issued-ca|stats|stats calculate-max-counters|' +
    'stress-level|thread-group|thread-hard-limit|tune.applet.zero-copy-forwarding|tune.buffers.limit|tune.buffers.reserve|' +
    'tune.bufsize.large|tune.bufsize.small|tune.chksize|tune.defaults.purge|tune.disable-fast-forward|tune.disable-zero-copy-' +
    'forwarding|tune.epoll.mask-events|tune.events.max-events-at-once|tune.fail-alloc|tune.fd.edge-triggered|tune.fd.tables|' +
    'tune.glitches.kill.cpu-usage|tune.h1.be.glitches-threshold|tune.h1.fe.glitches-threshold|tune.h1.zero-copy-fwd-recv|' +
    'tune.h1.zero-copy-fwd-send|tune.h2.be.glitches-threshold|tune.h2.be.max-frames-at-once|tune.h2.be.rxbuf|tune.h2.fe.max-' +
    'frames-at-once|tune.h2.fe.rxbuf|tune.h2.log-errors|tune.h2.zero-copy-fwd-send|tune.idletimer|tune.listener.default-' +
    'shards|tune.listener.multi-queue|tune.lua.bool-sample-conversion|tune.lua.burst-timeout|tune.lua.forced-yield|' +
    'tune.lua.log.loggers|tune.lua.log.stderr|tune.lua.maxmem|tune.lua.openlibs|tune.lua.service-timeout|tune.lua.session-' +
    'timeout|tune.lua.task-timeout|tune.max-rules-at-once|tune.maxpollevents|tune.memory.hot-size|tune.notsent-lowat.client|' +
    'tune.notsent-lowat.server|tune.peers.max-updates-at-once|tune.pipesize|tune.pool-high-fd-ratio|tune.pool-low-fd-ratio|' +
    'tune.pt.zero-copy-forwarding|tune.quic.be.cc.cubic-min-losses|tune.quic.be.cc.hystart|tune.quic.be.cc.max-frame-loss|' +
    'tune.quic.be.cc.max-win-size|tune.quic.be.cc.reorder-ratio|tune.quic.be.max-idle-timeout|tune.quic.be.sec.glitches-' +
    'threshold|tune.quic.be.stream.data-ratio|tune.quic.be.stream.max-concurrent|tune.quic.be.stream.rxbuf|' +
    'tune.quic.be.tx.pacing|tune.quic.be.tx.udp-gso|tune.quic.fe.cc.cubic-min-losses|tune.quic.fe.cc.hystart|' +
    'tune.quic.fe.cc.max-frame-loss|tune.quic.fe.cc.max-win-size|tune.quic.fe.cc.reorder-ratio|tune.quic.fe.max-idle-timeout|' +
    'tune.quic.fe.sec.glitches-threshold|tune.quic.fe.sec.retry-threshold|tune.quic.fe.sock-per-conn|tune.quic.fe.stream.data-' +
    'ratio|tune.quic.fe.stream.max-concurrent|tune.quic.fe.stream.max-total|tune.quic.fe.stream.rxbuf|tune.quic.fe.tx.pacing|' +
    'tune.quic.fe.tx.udp-gso|tune.quic.mem.tx-max|tune.quic.zero-copy-fwd-send|tune.rcvbuf.backend|tune.rcvbuf.frontend|' +
    'tune.recv_enough|tune.renice.runtime|tune.renice.startup|tune.ring.queues|tune.runqueue-depth|tune.sched.low-latency|' +
    'tune.sndbuf.backend|tune.sndbuf.frontend|tune.ssl.capture-buffer-size|tune.ssl.capture-cipherlist-size|' +
    'tune.ssl.certificate-compression|tune.ssl.force-private-cache|tune.ssl.hard-maxrecord|tune.ssl.keyupdate-rate-limit|' +
    'tune.ssl.maxrecord|tune.ssl.ocsp-update.maxdelay|tune.ssl.ocsp-update.mindelay|tune.ssl.ssl-ctx-cache-size|tune.streams-' +
    'elasticity|tune.takeover-other-tg-connections|tune.vars.check-max-size|tune.zlib.memlevel|tune.zlib.windowsize|wurfl-' +
    'cache-size|wurfl-data-file|wurfl-information-list|wurfl-information-list-separator|wurfl-patch-file',
  proxy:
    'acl|backlog|balance|bind|cookie|default-server|default_backend|description|disabled|enabled|errorfile|hash-type|' +
    'http-check connect|http-check disable-on-404|http-check expect|http-check send|http-request|http-response|log|log-' +
    'format|maxconn|mode|monitor-uri|option allbackups|option dontlognull|option forwardfor|option http-keep-alive|' +
    'option http-server-close|option httpchk|option httpclose|option httplog|option httpslog|option redispatch|option tcp-' +
    'check|option tcplog|redirect|retries|server|stats admin|stats auth|stats enable|stats hide-version|stats realm|' +
    'stats refresh|stats uri|stick on|stick-table|tcp-check connect|tcp-check expect|tcp-check send|tcp-request connection|' +
    'tcp-request content|tcp-request inspect-delay|tcp-request session|timeout check|timeout client|timeout connect|' +
    'timeout http-keep-alive|timeout http-request|timeout queue|timeout server|timeout tunnel|use_backend|be-unpublished|' +
    'capture cookie|capture request header|capture response header|clitcpka-cnt|clitcpka-idle|clitcpka-intvl|compression|' +
    'declare capture|dynamic-cookie-key|email-alert from|email-alert level|email-alert mailers|email-alert myhostname|email-' +
    'alert to|error-log-format|errorfiles|errorloc|errorloc302|errorloc303|external-check command|external-check path|' +
    'filter|force-persist|fullconn|guid|hash-balance-factor|hash-preserve-affinity|http-after-response|http-check comment|' +
    'http-check send-state|http-check set-var|http-check set-var-fmt|http-check unset-var|http-error|http-reuse|http-send-' +
    'name-header|id|ignore-persist|load-server-state-from-file|log-format-sd|log-steps|log-tag|max-keep-alive-queue|' +
    'monitor fail|option abortonclose|option accept-unsafe-violations-in-http-request|option accept-unsafe-violations-in-http-' +
    'response|option checkcache|option clitcpka|option contstats|option disable-h2-upgrade|option dontlog-normal|' +
    'option external-check|option forwarded|option h1-case-adjust-bogus-client|option h1-case-adjust-bogus-server|option http-' +
    'buffer-request|option http-ignore-probes|option http-no-delay|option http-pretend-keepalive|option http-restrict-req-hdr-' +
    'names|option idle-close-on-response|option independent-streams|option ldap-check|option log-health-checks|option log-' +
    'separate-errors|option logasap|option mysql-check|option nolinger|option originalto|option persist|option pgsql-check|' +
    'option prefer-last-server|option redis-check|option smtpchk|option socket-stats|option srvtcpka|option ssl-hello-chk|' +
    'option tcpka|persist rdp-cookie|rate-limit sessions|retry-on|server-state-file-name|server-template|source|srvtcpka-' +
    'cnt|srvtcpka-idle|srvtcpka-intvl|ssl-f-use|stats http-request|stats scope|stats show-desc|stats show-legends|' +
    'stats show-modules|stats show-node|stats show-version|stick match|stick store-request|stick store-response|tcp-' +
    'check comment|tcp-check send-binary|tcp-check send-lf|tcp-check set-var|tcp-check unset-var|tcp-response content|tcp-' +
    'response inspect-delay|timeout client-fin|timeout client-hs|timeout server-fin|timeout tarpit|unique-id-format|unique-' +
    'id-header|use-fcgi-app|use-server|crt|filter-sequence|force-be-switch|max-session-srv-conns|option accept-invalid-http-' +
    'request|option accept-invalid-http-response|option http-drop-request-trailers|option http-drop-response-trailers|' +
    'option http-use-proxy-header|option splice-auto|option splice-request|option splice-response|option spop-check|' +
    'option tcp-smart-accept|option tcp-smart-connect|option use-small-buffers|quic-initial|tcp-check send-binary-lf|tcp-' +
    'check set-var-fmt',
  bind:
    'accept-proxy|alpn|backlog|ca-file|ciphers|ciphersuites|crt|crt-list|default-crt|group|id|level|maxconn|mode|' +
    'name|no-sslv3|no-tlsv10|no-tlsv11|no-tlsv12|no-tlsv13|ssl|ssl-max-ver|ssl-min-ver|strict-sni|user|v4v6|v6only|' +
    'verify|accept-netscaler-cip|allow-0rtt|ca-ignore-err|ca-sign-file|ca-sign-pass|ca-verify-file|client-sigalgs|crl-file|' +
    'crt-ignore-err|curves|defer-accept|ecdhe|expose-fd|force-sslv3|force-tlsv10|force-tlsv11|force-tlsv12|force-tlsv13|' +
    'generate-certificates|gid|guid-prefix|idle-ping|interface|label|mss|namespace|nice|no-alpn|no-ca-names|no-strict-' +
    'sni|no-tls-tickets|prefer-client-ciphers|process|proto|severity-output|shards|sigalgs|tcp-ut|tfo|thread|tls-ticket-' +
    'keys|tls-tickets|transparent|uid|cc|ech|ktls|nbconn|npn|quic-cc-algo|quic-force-retry|quic-socket|tcp-md5sig|tcp-' +
    'ss',
  server:
    'addr|alpn|backup|ca-file|check|check-sni|check-ssl|cookie|crt|disabled|downinter|enabled|error-limit|fall|' +
    'fastinter|id|init-addr|inter|maxconn|maxqueue|minconn|observe|on-error|on-marked-down|port|proto|resolvers|rise|' +
    'send-proxy|send-proxy-v2|slowstart|sni|ssl|track|verify|verifyhost|weight|agent-addr|agent-check|agent-inter|' +
    'agent-port|agent-send|allow-0rtt|check-alpn|check-pool-conn-name|check-proto|check-reuse-pool|check-send-proxy|check-' +
    'sni-auto|check-via-socks4|ciphers|ciphersuites|client-sigalgs|crl-file|curves|force-sslv3|force-tlsv10|force-tlsv11|' +
    'force-tlsv12|force-tlsv13|from|guid|hash-key|healthcheck|idle-ping|init-state|log-proto|max-reuse|namespace|no-' +
    'agent-check|no-backup|no-check|no-check-reuse-pool|no-check-send-proxy|no-check-sni-auto|no-check-ssl|no-send-proxy|' +
    'no-send-proxy-v2|no-send-proxy-v2-ssl|no-send-proxy-v2-ssl-cn|no-sni-auto|no-ssl|no-ssl-reuse|no-sslv3|no-tls-tickets|' +
    'no-tlsv10|no-tlsv11|no-tlsv12|no-tlsv13|no-verifyhost|non-stick|on-marked-up|pool-conn-name|pool-low-conn|pool-max-' +
    'conn|pool-purge-delay|proxy-v2-options|redir|resolve-net|resolve-opts|resolve-prefer|send-proxy-v2-ssl|send-' +
    'proxy-v2-ssl-cn|set-proxy-v2-tlv-fmt|shard|sigalgs|sni-auto|socks4|source|ssl-max-ver|ssl-min-ver|ssl-reuse|stick|' +
    'strict-maxconn|tcp-ut|tfo|tls-tickets|usesrc|ws|cc|ktls|log-bufsize|no-renegotiate|no-tfo|npn|quic-cc-algo|' +
    'renegotiate|tcp-md5sig',
  'kw:acme':
    'account-key|bits|challenge|contact|curves|directory|keytype|map|acme-vars|challenge-ready|dns-delay|dns-timeou' +
    't|eab-key-id|eab-mac-alg|eab-mac-key|profile|provider-name|reuse-key',
  'kw:cache': 'early-hints|max-age|max-object-size|max-secondary-entries|process-vary|total-max-size',
  'kw:crt-store': 'crt-base|key-base|load',
  'kw:fcgi-app':
    'acl|docroot|index|log-stderr|option get-values|option keep-conn|option max-reqs|option mpxs-conns|pass-header|' +
    'path-info|set-param',
  'kw:healthcheck':
    'http-check comment|http-check connect|http-check disable-on-404|http-check expect|http-check send|http-check s' +
    'end-state|http-check set-var|http-check set-var-fmt|http-check unset-var|tcp-check comment|tcp-check connect|t' +
    'cp-check expect|tcp-check send|tcp-check send-binary|tcp-check send-binary-lf|tcp-check send-lf|tcp-check set-' +
    'var|tcp-check set-var-fmt|tcp-check unset-var|type',
  'kw:http-errors': 'errorfile',
  'kw:log-forward': 'backlog|bind|dgram-bind|log|maxconn|option assume-rfc6587-ntf|option dont-parse-log|option host|timeout client',
  'kw:log-profile': 'log-tag|on',
  'kw:mailers': 'mailer|timeout mail',
  'kw:peers': 'bind|default-bind|default-server|disabled|enabled|log|peer|server|shards|table',
  'kw:resolvers': 'accepted_payload_size|hold|nameserver|parse-resolv-conf|resolve_retries|timeout',
  'kw:ring': 'backing-file|description|format|maxlen|server|size|timeout connect|timeout server',
  'kw:spoe-agent':
    'groups|log|max-frame-size|max-waiting-frames|maxconnrate|maxerrrate|messages|option async|option continue-on-e' +
    'rror|option dontlog-normal|option force-set-var|option pipelining|option send-frag-payload|option set-on-error' +
    '|option set-process-time|option set-total-time|option var-prefix|register-var-names|timeout hello|timeout idle' +
    '|timeout processing|use-backend',
  'kw:spoe-group': 'messages',
  'kw:spoe-message': 'acl|args|event',
  'kw:traces': 'trace',
  'kw:userlist': 'group|user',
};

/** What older versions had, the version that has it no more, and what takes its place. */
const REMOVED: readonly (readonly [name: string, since: string, advice: string])[] = [
  ['appsession', '1.6', "use 'stick on' with a stick table"],
  ['bind-process', '2.7', 'the threads share all listeners'],
  ['block', '2.1', "use 'http-request deny'"],
  ['clitimeout', '2.1', "use 'timeout client'"],
  ['contimeout', '2.1', "use 'timeout connect'"],
  ['dispatch', '3.5', "use a 'server' line with that address"],
  ['grace', '2.5', "'hard-stop-after' bounds the end of the process"],
  ['master-worker (global)', '3.5', "use '-W' or '-Ws' on the command line"],
  ['monitor-net', '', "use 'http-request return status 200 if { src <network> }'"],
  ['option forceclose', '2.0', "use 'option httpclose' if it is needed"],
  ['option http-tunnel', '2.1', 'remove it'],
  ['option http_proxy', '2.5', "use 'http-request do-resolve' and 'http-request set-dst'"],
  ['option transparent', '3.5', "use 'server NAME 0.0.0.0'"],
  ['program (section)', '3.3', 'let the system start the program'],
  ['redisp', '2.1', "use 'option redispatch'"],
  ['redispatch', '2.1', "use 'option redispatch'"],
  ['reqadd', '2.1', "use 'http-request add-header'"],
  ['reqallow', '2.1', "use 'http-request allow'"],
  ['reqdel', '2.1', "use 'http-request del-header'"],
  ['reqdeny', '2.1', "use 'http-request deny'"],
  ['reqiallow', '2.1', "use 'http-request allow'"],
  ['reqidel', '2.1', "use 'http-request del-header'"],
  ['reqideny', '2.1', "use 'http-request deny'"],
  ['reqipass', '2.1', "use 'http-request' rules with conditions"],
  ['reqirep', '2.1', "use 'http-request replace-header'"],
  ['reqitarpit', '2.1', "use 'http-request tarpit'"],
  ['reqpass', '2.1', "use 'http-request' rules with conditions"],
  ['reqrep', '2.1', "use 'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header'"],
  ['reqtarpit', '2.1', "use 'http-request tarpit'"],
  ['rspadd', '2.1', "use 'http-response add-header'"],
  ['rspdel', '2.1', "use 'http-response del-header'"],
  ['rspdeny', '2.1', "use 'http-response deny'"],
  ['rspidel', '2.1', "use 'http-response del-header'"],
  ['rspideny', '2.1', "use 'http-response deny'"],
  ['rspirep', '2.1', "use 'http-response replace-header'"],
  ['rsprep', '2.1', "use 'http-response replace-header'"],
  ['srvtimeout', '2.1', "use 'timeout server'"],
  ['transparent', '3.5', "use 'server NAME 0.0.0.0'"],
];

/** Names that this version can't have, and why: what is only missing so far is not here. */
const IMPOSSIBLE: Readonly<Record<string, string>> = {
  'ssl-engine (global)': "engines were given up by OpenSSL, and its library here has none: use 'ssl-provider'",
  'ech (bind)': 'the OpenSSL of this program has no Encrypted Client Hello',
  'acme (section)': 'certificates are not fetched: let an ACME client write them, and reload',
};

/** What follows "not supported by this version" about a name; '' if there is nothing to say. */
export function whyImpossible(kind: NameKind, name: string): string {
  const reason = IMPOSSIBLE[`${name} (${kind})`];
  return reason === undefined ? '' : `: ${reason}`;
}

const split = new Map<NameKind, readonly string[]>();

export function knownNames(kind: NameKind): readonly string[] {
  const names = split.get(kind) ?? (NAMES[kind] ?? '').split('|').filter((name) => name !== '');
  split.set(kind, names);
  return names;
}

/** What follows `is not supported anymore` about a keyword that older versions had in such a place, or null. */
export function removedAdvice(scope: NameKind, name: string): string | null {
  const wanted = scope === 'proxy' ? name : `${name} (${scope})`;
  const found = REMOVED.find(([removed]) => removed === wanted);
  if (found === undefined) return null;
  const [, since, advice] = found;
  return `${since === '' ? 'by HAProxy' : `since HAProxy ${since}`}: ${advice}`;
}
