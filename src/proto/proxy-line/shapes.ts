/** Numbers of the PROXY protocol that its reader and its writers share (specification of 2020, chapter 2). */

/** The longest line of version 1, with its CRLF. */
export const LINE_MOST = 107;
/** What version 2 starts with. */
export const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a] as const;
/** Bytes of version 2 before its addresses, and of a TLV before its value. */
export const V2_HEAD = 16;
export const TLV_HEAD = 3;
/** Of the SSL TLV before the TLVs in it. */
export const SSL_HEAD = 5;

export const TlvType = {
  alpn: 0x01,
  authority: 0x02,
  crc32c: 0x03,
  noop: 0x04,
  uniqueId: 0x05,
  ssl: 0x20,
  sslVersion: 0x21,
  sslName: 0x22,
  sslCipher: 0x23,
  sslSignature: 0x24,
  sslKey: 0x25,
  namespace: 0x30,
} as const;

/** Bits of the SSL TLV: the client spoke TLS; has shown a certificate on this connection, in this session. */
export const SslBit = { tls: 1, certificateNow: 2, certificateEver: 4 } as const;
