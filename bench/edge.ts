/**
 * The configuration of a busy edge for HAProxy and Hawser, the same file for both: thirty rules with files of addresses and agents,
 * three maps, two tracked counters, eight header edits, captures, variables and a log format of its own. It must not know how
 * programs are started.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BLOCKED_NETWORKS = 1000;
const COUNTRY_NETWORKS = 2000;
const HOSTS = 500;
const PATHS = 100;
const AGENTS = ['sqlmap', 'nikto', 'masscan', 'zgrab', 'dirbuster', 'wpscan', 'acunetix', 'nessus', 'havij', 'gobuster'];
const COUNTRIES = ['de', 'fr', 'nl', 'pl', 'it', 'es', 'se', 'at'];

/** Networks of test ranges only: 198.18.0.0/15 and 203.0.113.0/24 never come to 127.0.0.1. */
const network = (index: number): string => `198.${18 + ((index >> 8) & 1)}.${index & 255}.${(index >> 9) << 4}/28`;
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');

/** Writes the lists and maps that the configuration names into `folder`. */
export function writeEdgeFiles(folder: string): void {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('blocked.lst', lines(BLOCKED_NETWORKS, network));
  write('trusted.lst', '10.0.0.0/8\n192.168.0.0/16\n');
  write(
    'agents.lst',
    lines(AGENTS.length, (index) => AGENTS[index] as string),
  );
  write(
    'hosts.map',
    lines(HOSTS, (index) => `shop${index}.example.com web`),
  );
  write('paths.map', `/catalogue shop\n/account account\n${lines(PATHS, (index) => `/area${index}/ area${index}`)}`);
  write('countries.map', `127.0.0.0/8 local\n${lines(COUNTRY_NETWORKS, (index) => `${network(index)} ${COUNTRIES[index & 7]}`)}`);
}

/** The sections behind `defaults`; relative names are files of the program's working directory. */
export function edgeSections(port: number, originPort: number): string {
  return `    timeout http-keep-alive 120s
    option forwardfor
    http-reuse always

backend st_src
    stick-table type ip size 100k expire 30s store http_req_rate(10s),http_err_rate(10s),gpc0

backend st_host
    stick-table type string len 64 size 10k expire 60s store http_req_cnt,http_req_rate(60s)

frontend edge
    bind 127.0.0.1:${port}
    log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %hr %hs %{+Q}r tenant=%[var(txn.tenant)] country=%[var(txn.country)]"
    capture request header Host len 64
    capture request header User-Agent len 128
    capture response header Content-Type len 32
    acl blocked src -f blocked.lst
    acl trusted src -f trusted.lst
    acl bad_agent hdr(user-agent) -m sub -i -f agents.lst
    acl is_api path_beg /api/
    acl is_static path_end .css .js .png .jpg .svg .woff2
    acl is_admin hdr(host) -i admin.example.com
    tcp-request connection reject if blocked !trusted
    http-request track-sc0 src table st_src
    http-request track-sc1 req.hdr(host),lower table st_host
    http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 } !trusted
    http-request deny deny_status 403 if { sc_http_err_rate(0,st_src) gt 100000000 }
    http-request deny if bad_agent
    http-request deny if { path -m sub ../ }
    http-request deny if is_admin !trusted
    http-request set-var(txn.host) req.hdr(host),field(1,:),lower
    http-request set-var(txn.tenant) path,map_beg(paths.map,none)
    http-request set-var(txn.country) src,map_ip(countries.map,--)
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Tenant %[var(txn.tenant)]
    http-request set-header X-Country %[var(txn.country)]
    http-request set-header X-Real-IP %[src]
    http-request del-header X-Debug
    http-request replace-path /old/(.*) /new/\\1 if { path_beg /old/ }
    http-request redirect prefix https://www.example.com code 301 if { req.hdr(x-moved) -m found }
    http-request set-log-level silent if is_static
    http-response set-header Strict-Transport-Security max-age=31536000
    http-response set-header X-Frame-Options DENY
    http-response del-header Server
    use_backend api if is_api
    use_backend %[var(txn.host),map(hosts.map,web)]
    default_backend web

backend web
    server s1 127.0.0.1:${originPort}

backend api
    server s1 127.0.0.1:${originPort}
`;
}
