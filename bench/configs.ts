/**
 * The configurations of the comparison: one for HAProxy and Hawser, the same file, and its equivalent for nginx; and the server
 * behind them. It must not know how programs are started.
 *
 * The HTTP one does what an ordinary installation does: a log line per request to a syslog receiver, `X-Forwarded-For`, two ACLs
 * that choose a backend, three header rules.
 */

import { edgeSections } from './edge.ts';

export interface TlsSetup {
  /** A file with certificate and key. */
  readonly certificate: string;
  readonly toServer: boolean;
  readonly resumes: boolean;
}

export interface Setup {
  readonly mode: 'http' | 'tcp';
  /** Thirty rules (edge.ts) instead of an ordinary installation. */
  readonly edge: boolean;
  /** null: clear text on both sides. */
  readonly tls: TlsSetup | null;
  /** Where the proxy listens. */
  readonly port: number;
  readonly originPort: number;
  readonly syslogPort: number;
  readonly maxconn: number;
}

const BACKENDS = ['web', 'api', 'admin'];

/** For HAProxy and Hawser. */
export function haproxyConfig(setup: Setup): string {
  return `global
    nbthread 1
    maxconn ${setup.maxconn}
    no strict-limits
${setup.tls?.resumes === false ? '    tune.ssl.cachesize 0\n' : ''}    log 127.0.0.1:${setup.syslogPort} local0

defaults
    mode ${setup.mode}
    log global
    timeout connect 5s
    timeout client 120s
    timeout server 120s
${sections(setup)}`;
}

function sections(setup: Setup): string {
  if (setup.edge) return edgeSections(setup.port, setup.originPort);
  return setup.mode === 'http' ? httpSections(setup) : tcpSections(setup);
}

function httpSections(setup: Setup): string {
  const backends = BACKENDS.map(
    (name) => `\nbackend ${name}\n    server s1 127.0.0.1:${setup.originPort}${setup.tls?.toServer ? ' ssl verify none' : ''}\n`,
  );
  return `    timeout http-keep-alive 120s
    option httplog
    option forwardfor
    http-reuse always

frontend front
    bind 127.0.0.1:${setup.port}${setup.tls === null ? '' : ` ssl crt ${setup.tls.certificate}${setup.tls.resumes ? '' : ' no-tls-tickets'}`}
    acl is_api path_beg /api/
    acl is_admin hdr(host) -i admin.example.com
    http-request set-header X-Forwarded-Proto http
    http-request del-header X-Debug
    http-response set-header X-Served-By edge
    use_backend api if is_api
    use_backend admin if is_admin
    default_backend web
${backends.join('')}`;
}

function tcpSections(setup: Setup): string {
  return `    option tcplog

frontend front
    bind 127.0.0.1:${setup.port}
    default_backend web

backend web
    server s1 127.0.0.1:${setup.originPort}
`;
}

/** nginx as a proxy that does the same. Buffering to files is off: the others have none. */
export function nginxConfig(setup: Setup, folder: string): string {
  return `${nginxHead(folder)}
http {
    ${nginxPaths(folder)}
    log_format line '$remote_addr:$remote_port [$time_local] front $proxy_host/$upstream_addr $request_time/$upstream_connect_time/'
                    '$upstream_header_time $status $bytes_sent $connection_requests "$request"';
    access_log syslog:server=127.0.0.1:${setup.syslogPort},facility=local0,nohostname line;
    keepalive_requests 1000000000;
    keepalive_timeout 120s;
    proxy_max_temp_file_size 0;
    map $http_host $pool { default web; admin.example.com admin; }
${BACKENDS.map((name) => `    upstream ${name} { server 127.0.0.1:${setup.originPort}; keepalive 256; keepalive_requests 1000000000; }\n`).join('')}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto http;
    proxy_set_header X-Debug "";
    proxy_hide_header X-Served-By;
    add_header X-Served-By edge always;
    server {
        listen 127.0.0.1:${setup.port}${setup.tls === null ? '' : ' ssl'} backlog=4096;${nginxCertificate(setup.tls)}
        location / { proxy_pass ${setup.tls?.toServer ? 'https' : 'http'}://$pool; }
        location /api/ { proxy_pass ${setup.tls?.toServer ? 'https' : 'http'}://api; }
    }
}
`;
}

function nginxCertificate(tls: TlsSetup | null): string {
  if (tls === null) return '';
  return `\n        ssl_certificate ${tls.certificate};\n        ssl_certificate_key ${tls.certificate};\n        ssl_protocols TLSv1.2 TLSv1.3;\n        ssl_session_cache off;\n        ssl_session_tickets ${tls.resumes ? 'on' : 'off'};`;
}

/** The server behind all proxies: a short text, and files from memory. */
export function originConfig(port: number, tlsPort: number, certificate: string, folder: string): string {
  return `${nginxHead(folder)}
http {
    ${nginxPaths(folder)}
    access_log off;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=16 inactive=600s;
    open_file_cache_valid 600s;
    default_type text/plain;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    server {
        listen 127.0.0.1:${port} backlog=4096;
        listen 127.0.0.1:${tlsPort} ssl backlog=4096;
        ssl_certificate ${certificate};
        ssl_certificate_key ${certificate};
        root ${folder};
        location = / { return 200 "Hello, world! this is a small response body.\\n"; }
        location /catalogue/ { return 200 "Hello, world! this is a small response body.\\n"; }
    }
}
`;
}

/** One process without a master, so that ending it by its id ends all of it. */
function nginxHead(folder: string): string {
  return `worker_processes 1;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 20000;
events { worker_connections 16384; multi_accept on; }`;
}

function nginxPaths(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
}
