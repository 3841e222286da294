/**
 * What `bind` and `server` lines say about TLS: files already read, lists as written. No behaviour, no defaults: null is what
 * nobody has set.
 */
import type { Position } from './position.ts';

/** Of `ocsp-update.mindelay` and `ocsp-update.maxdelay`, in seconds. */
export const DEFAULT_MIN_DELAY_S = 300;
export const DEFAULT_MAX_DELAY_S = 3600;

/** What a certificate is made of, as its files hold it; null: there is none. */
export interface PemFiles {
  /** Certificate and chain, with or without the key; or authorities, or revocation lists. */
  readonly bytes: Uint8Array;
  /** The key of a file that holds none, or only an encrypted one. */
  readonly key: Uint8Array | null;
  /** The response of an OCSP server. */
  readonly ocsp: Uint8Array | null;
  /** The certificate of who signed it, if it is not in the chain: for questions to OCSP servers. */
  readonly issuer: Uint8Array | null;
  /** Signed certificate timestamps, a list as RFC 6962 3.3 has it. */
  readonly sctl: Uint8Array | null;
  /** Parameters of DHE ciphers. */
  readonly dh: Uint8Array | null;
}

/** A file of certificates, keys or revocation lists. */
export interface PemModel extends PemFiles {
  /** As written, for messages; `@store/name` of one in a `crt-store`. */
  readonly path: string;
  /** What options in brackets of a `crt-list` line change; null: nothing. */
  readonly settings: Partial<TlsModel> | null;
  /** Names of a `crt-list` line, `!name` for those left out; null: those that are in the certificate. */
  readonly names: readonly string[] | null;
  /** The `crt-list` or directory that it comes from; null: a line names the file itself. */
  readonly list: ListPlace | null;
  /** `ocsp-update` beside it: responses are fetched, or never; null: as the global section says. */
  readonly ocspUpdate: boolean | null;
  readonly at: Position;
}

/** A line of a `crt-list`, or a file of a directory. */
export interface ListPlace {
  readonly path: string;
  /** From 1; of a directory the file's number. */
  readonly line: number;
  /** What stood in brackets. */
  readonly options: readonly string[];
}

/** What the global section says about TLS of all lines. */
export interface TlsGlobalModel {
  /** `issuers-chain-path`: certificates that complete the chains of others, by file. */
  readonly chains: PemModel[];
  /** `ssl-skip-self-issued-ca`: the last authority of a chain is not sent. */
  skipsSelfIssued: boolean;
  /** `ssl-dh-param-file`. */
  dhParameters: PemModel | null;
  /** `tune.ssl.default-dh-param`: the most bits of a known group, where no parameters are given; null: no DHE ciphers then. */
  largestDhBits: number | null;
  /** `tune.ssl.ssl-ctx-cache-size`: certificates made for names that each line of a thread keeps. */
  mostGenerated: number;
  /** `ssl-security-level`; null: that of the library. */
  securityLevel: number | null;
  /** The last `ssl-provider-path`; null: none. */
  providerPath: string | null;
  /** `ssl-provider`, in order, with the `ssl-provider-path` before it. */
  readonly providers: { readonly name: string; readonly path: string | null; readonly at: Position }[];
  /** `ssl-propquery`. */
  propertyQuery: { readonly text: string; readonly at: Position } | null;
}

export interface TlsModel {
  /** `ssl` was written: without it the rest has no effect. */
  enabled: boolean;
  readonly certificates: PemModel[];
  /** `default-crt`: how many of the first are for clients that ask for nothing known; 0: the first, or its bundle. */
  defaultCertificates: number;
  authorities: PemModel | 'system' | null;
  revocations: PemModel | null;
  verify: 'none' | 'optional' | 'required' | null;
  /** 0x0301 TLS 1.0 … 0x0304 TLS 1.3. */
  minVersion: number | null;
  maxVersion: number | null;
  ciphers: string | null;
  cipherSuites: string | null;
  curves: string | null;
  signatures: string | null;
  alpn: readonly string[] | null;
  tickets: boolean;
  preferClientCiphers: boolean;
  /** Without a certificate for the name that a client asks for there is no handshake. */
  strictSni: boolean;
  /** `ca-verify-file`: authorities that are trusted and not told to clients. */
  quietAuthorities: PemModel | null;
  /** The names of the authorities are told to clients. */
  tellsAuthorities: boolean;
  /** Errors of verification that do not end a handshake: X509_V_ERR_… of the peer's certificate, and of those above it. */
  ignoredErrors: readonly number[] | 'all';
  ignoredAuthorityErrors: readonly number[] | 'all';
  /** `tls-ticket-keys`: keys of 48 or 80 bytes, the last but one encrypts; null: random ones. */
  ticketKeys: readonly Uint8Array[] | null;
  /** Their file. */
  ticketFile: string | null;
  clientSignatures: string | null;
  /** `sni`: the expression for the name that a server is asked for; null: it is found automatically if `autoServerName`. */
  serverName: { readonly text: string; readonly at: Position } | null;
  autoServerName: boolean;
  /** The name that a server's certificate must have if no name is asked for; null: any. */
  verifyHost: string | null;
  /** `generate-certificates`: for names that there is no certificate for. */
  generates: boolean;
  /** `ca-sign-file`: the authority that signs them, with its key; `ca-sign-pass`. */
  signer: PemModel | null;
  signerPassphrase: string | null;
  /** `allow-0rtt`: clients may send data before the handshake is done. */
  takesEarly: boolean;
  /** `allow-0rtt` of a server: it may be sent data before the handshake is done. */
  sendsEarly: boolean;
  /** A server may begin another handshake. */
  renegotiates: boolean;
  /** Sessions with a server are resumed. */
  reusesSessions: boolean;
}
