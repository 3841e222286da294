/** TLS in health checks (HAProxy configuration manual, 5.2 check-ssl). */
import { defineServerOption } from '../define.ts';
import { protocolNames } from '../tls.ts';

export const checkSsl = defineServerOption({
  name: 'check-ssl',
  args: [],
  doc:
    'Health checks speak TLS with the settings of the server line, even if `addr` or `port` lead them elsewhere, or the traffic has no TLS. ' +
    'Without `addr` and `port` the checks of a server with `ssl` speak TLS anyway.',
  examples: [{ text: 'check-ssl', gives: { checkTls: { wanted: true } } }],
  apply(server) {
    server.checkTls.wanted = true;
  },
});

export const noCheckSsl = defineServerOption({
  name: 'no-check-ssl',
  args: [],
  doc: 'Health checks speak no TLS, even if the traffic does.',
  examples: [{ text: 'check-ssl no-check-ssl', gives: { checkTls: { wanted: false } } }],
  apply(server) {
    server.checkTls.wanted = false;
  },
});

export const checkSni = defineServerOption({
  name: 'check-sni',
  args: [{ name: 'name', kind: 'text' }],
  doc: 'The name that the server is asked for in health checks, and whose certificate it must show if it is verified: `sni` is for the traffic.',
  examples: [
    { text: 'check-sni app.example', gives: { checkTls: { serverName: 'app.example' } } },
    { text: 'check-sni', says: "'check-sni' expects" },
  ],
  apply(server, [name]) {
    server.checkTls.serverName = name;
  },
});

export const checkSniAuto = defineServerOption({
  name: 'check-sni-auto',
  args: [],
  doc: 'Without `check-sni`, an HTTP check asks the server for the host that its `http-check send` line has, without the port: the default.',
  examples: [{ text: 'check-sni-auto', gives: { checkTls: { autoServerName: true } } }],
  apply(server) {
    server.checkTls.autoServerName = true;
  },
});

export const noCheckSniAuto = defineServerOption({
  name: 'no-check-sni-auto',
  args: [],
  doc: 'Without `check-sni`, checks ask the server for no name.',
  examples: [{ text: 'no-check-sni-auto', gives: { checkTls: { autoServerName: false } } }],
  apply(server) {
    server.checkTls.autoServerName = false;
  },
});

export const checkAlpn = defineServerOption({
  name: 'check-alpn',
  args: [{ name: 'protocols', kind: 'word' }],
  doc: 'Application protocols that are offered to the server in health checks, separated by commas; those of `alpn` if it is not written.',
  examples: [
    { text: 'check-alpn http/1.1,x', gives: { checkTls: { alpn: ['http/1.1', 'x'] } } },
    { text: 'check-alpn a,,b', says: 'a name of 1 to 255 bytes' },
  ],
  apply(server, [list], context) {
    const names = protocolNames('check-alpn', list, context);
    if (names !== null) server.checkTls.alpn = names;
  },
});
