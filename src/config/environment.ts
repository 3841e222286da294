/**
 * The environment that a configuration sees: the process's, HAProxy's own variables, and what `setenv`
 * and its kin change while the file is read. Values are bytes (latin-1), as all texts of the model.
 */
import type { Lookup } from './words.ts';

/** The version of HAProxy's language that is spoken. */
export const LANGUAGE_VERSION = '3.5.0';

/** Log formats that a `log-format` line may build on (HAProxy configuration manual, 8.2). */
const LOG_FORMATS: Record<string, string> = {
  HAPROXY_HTTP_LOG_FMT: '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  HAPROXY_TCP_LOG_FMT: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  HAPROXY_HTTPS_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r ' +
    '%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc',
  HAPROXY_HTTP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
  HAPROXY_TCP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" ',
};

/** Lines of a key log, as Wireshark reads it: label, client's random, secret. Values are there with `tune.ssl.keylog on`. */
const KEY_LOG: readonly (readonly [label: string, sample: string])[] = [
  ['CLIENT_EARLY_TRAFFIC_SECRET', 'client_early_traffic_secret'],
  ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'client_handshake_traffic_secret'],
  ['SERVER_HANDSHAKE_TRAFFIC_SECRET', 'server_handshake_traffic_secret'],
  ['CLIENT_TRAFFIC_SECRET_0', 'client_traffic_secret_0'],
  ['SERVER_TRAFFIC_SECRET_0', 'server_traffic_secret_0'],
  ['EXPORTER_SECRET', 'exporter_secret'],
  ['EARLY_EXPORTER_SECRET', 'early_exporter_secret'],
];

function keyLogFormat(side: 'ssl_fc' | 'ssl_bc'): string {
  return KEY_LOG.map(([label, sample]) => `${label} %[${side}_client_random,hex] %[${side}_${sample}]`).join('\n');
}

/** Host variables as bytes, HAProxy's own added where they are not set. */
export function newEnvironment(
  from: Readonly<Record<string, string | undefined>>,
  files: readonly string[],
  localPeer: string,
): Map<string, string> {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(from)) if (value !== undefined) environment.set(name, toBytes(value));
  for (const [name, value] of Object.entries(LOG_FORMATS)) environment.set(name, value);
  environment.set('HAPROXY_KEYLOG_FC_LOG_FMT', keyLogFormat('ssl_fc'));
  environment.set('HAPROXY_KEYLOG_BC_LOG_FMT', keyLogFormat('ssl_bc'));
  environment.set('HAPROXY_LOCALPEER', localPeer);
  environment.set('HAPROXY_CFGFILES', files.join(';'));
  environment.set('HAPROXY_BRANCH', LANGUAGE_VERSION.replace(/\.\d+$/, ''));
  if (!environment.has('HAPROXY_STARTUP_VERSION')) environment.set('HAPROXY_STARTUP_VERSION', LANGUAGE_VERSION);
  return environment;
}

function toBytes(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Variables of the environment, and the pseudo variables that name the place being read. */
export function lookupIn(environment: ReadonlyMap<string, string>, place: { file: string; line: number; section: string }): Lookup {
  return (name) => {
    if (name === '.FILE') return place.file;
    if (name === '.LINE') return String(place.line);
    if (name === '.SECTION') return place.section;
    return environment.get(name);
  };
}
