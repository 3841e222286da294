/** The header of the PROXY protocol that a server gets first (HAProxy configuration manual, 5.2 send-proxy). */
import { PROXY_LINE_WORDS, type ProxyLineWord, type ServerModel } from '../../model/config.ts';
import { defineServerOption, type ServerOption } from '../define.ts';

const OPTIONS = PROXY_LINE_WORDS.filter((word) => word !== 'v1' && word !== 'v2');

function add({ proxyLine: { words } }: ServerModel, added: readonly ProxyLineWord[]): void {
  for (const word of added) if (!words.includes(word)) words.push(word);
}

function remove({ proxyLine: { words } }: ServerModel, removed: readonly ProxyLineWord[]): void {
  for (const word of removed) if (words.includes(word)) words.splice(words.indexOf(word), 1);
}

function defineSend(name: string, words: readonly ProxyLineWord[], doc: string): ServerOption {
  return defineServerOption({
    name,
    args: [],
    doc,
    examples: [{ text: name, gives: { proxyLine: { words: [...words] } } }],
    apply: (server) => add(server, words),
  });
}

function defineUndo(name: string, words: readonly ProxyLineWord[]): ServerOption {
  return defineServerOption({
    name,
    args: [],
    doc: `Undoes \`${name.slice(3)}\` of a default-server.`,
    examples: [{ text: `${name.slice(3)} ${name}`, gives: { proxyLine: { words: [] } } }],
    apply: (server) => remove(server, words),
  });
}

const SSL = ['v2', 'ssl'] as const;
const SSL_CN = ['v2', 'ssl', 'cert-cn'] as const;

export const sendProxy = defineSend(
  'send-proxy',
  ['v1'],
  "Every connection begins with the text line of the PROXY protocol (version 1), which tells the client's address. Such a connection is " +
    'reused only for requests of the same client connection. Health checks send it too, unless `addr` or `port` lead them elsewhere.',
);
export const sendProxyV2 = defineSend(
  'send-proxy-v2',
  ['v2'],
  'As `send-proxy`, in the binary form (version 2), which also wins if both are given.',
);
export const sendProxyV2Ssl = defineSend('send-proxy-v2-ssl', SSL, 'As `send-proxy-v2`, and whether and how the client speaks TLS.');
export const sendProxyV2SslCn = defineSend(
  'send-proxy-v2-ssl-cn',
  SSL_CN,
  "As `send-proxy-v2-ssl`, and the common name of the client's certificate.",
);
export const noSendProxy = defineUndo('no-send-proxy', ['v1']);
export const noSendProxyV2 = defineUndo('no-send-proxy-v2', ['v2']);
export const noSendProxyV2Ssl = defineUndo('no-send-proxy-v2-ssl', SSL);
export const noSendProxyV2SslCn = defineUndo('no-send-proxy-v2-ssl-cn', SSL_CN);

export const proxyV2Options = defineServerOption({
  name: 'proxy-v2-options',
  args: [{ name: 'options', kind: 'word' }],
  doc:
    `What version 2 tells besides addresses, separated by commas: ${OPTIONS.join(', ')}. \`authority\` is the name that came in a PROXY ` +
    'header, else that of the TLS handshake; `cert-key` and `cert-sig` are of the certificate that the client was shown.',
  examples: [
    { text: 'send-proxy-v2 proxy-v2-options crc32c,unique-id', gives: { proxyLine: { words: ['v2', 'crc32c', 'unique-id'] } } },
    { text: 'proxy-v2-options crc32', says: "'crc32' : proxy v2 option not implemented" },
  ],
  apply(server, [list], context) {
    for (const text of list.text.split(',')) {
      const word = OPTIONS.find((option) => option === text);
      if (word !== undefined) add(server, [word]);
      else context.error({ text: `'server ${server.name}' : '${text}' : proxy v2 option not implemented.`, word: list });
    }
  },
});

export const setProxyV2TlvFmt = defineServerOption({
  name: 'set-proxy-v2-tlv-fmt',
  called: true,
  args: [{ name: 'format', kind: 'text' }],
  doc: 'Adds a TLV to version 2: its number from 0 to 255 in parentheses, its value as a log-format string.',
  examples: [
    {
      text: 'send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[fc_pp_tlv(0xE1)]',
      gives: { proxyLine: { tlvs: [{ type: 225, format: '%[fc_pp_tlv(0xE1)]' }] } },
    },
    { text: 'set-proxy-v2-tlv-fmt(300) x', says: "'300' is no type of TLV: 0 to 255" },
  ],
  apply(server, values, context) {
    const [id, format] = values as unknown as [string, string];
    const type = /^(0x[0-9a-f]+|\d+)$/i.test(id) ? Number(id) : -1;
    if (type < 0 || type > 255) context.error({ text: `'server ${server.name}' : '${id}' is no type of TLV: 0 to 255` });
    else server.proxyLine.tlvs.push({ type, format, at: server.at });
  },
});

export const checkSendProxy = defineServerOption({
  name: 'check-send-proxy',
  args: [],
  doc: 'Health checks begin with a header of the PROXY protocol even if `addr` or `port` lead them elsewhere: version 1 unless version 2 is sent.',
  examples: [{ text: 'check-send-proxy', gives: { proxyLine: { inChecks: true } } }],
  apply(server) {
    server.proxyLine.inChecks = true;
  },
});

export const noCheckSendProxy = defineServerOption({
  name: 'no-check-send-proxy',
  args: [],
  doc: 'Undoes `check-send-proxy`.',
  examples: [{ text: 'check-send-proxy no-check-send-proxy', gives: { proxyLine: { inChecks: false } } }],
  apply(server) {
    server.proxyLine.inChecks = false;
  },
});
