/** The log formats that HAProxy has names for (HAProxy 3.x configuration 8.2), as log-format strings. Texts only. */
import type { ProxyModel } from '../model/config.ts';

const CONNECTIONS = '%ac/%fc/%bc/%sc/%rc %sq/%bq';
const CLF_CONNECTIONS = '%ac %fc %bc %sc %rc %sq %bq';

const TCPLOG = `%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts ${CONNECTIONS}`;
const HTTPLOG = `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc ${CONNECTIONS} %hr %hs %{+Q}r`;
const HTTP_CLF = `%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc ${CLF_CONNECTIONS} %CC %CS %hrl %hsl`;
const TCP_CLF = `%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- ${CLF_CONNECTIONS} "" "" `;

const TLS = '%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc';

/** The string behind a preset. */
export function presetFormat(preset: NonNullable<ProxyModel['logPreset']>, isHttp: boolean): string {
  switch (preset) {
    case 'default':
      return `Connect from %ci:%cp to %fi:%fp (%f/${isHttp ? 'HTTP' : 'TCP'})`;
    case 'tcplog':
      return TCPLOG;
    case 'tcpclf':
      return TCP_CLF;
    case 'httplog':
      return HTTPLOG;
    case 'httpclf':
      return HTTP_CLF;
    case 'httpslog':
      return `${HTTPLOG} ${TLS}`;
  }
}
