/**
 * Settings and certificates → a context of OpenSSL that opens engines. One per thread and certificate: application protocols are
 * chosen by a function of JavaScript, which belongs to its thread. It must not know files or configurations.
 */
import { MOST_EARLY, type TlsContext } from './contract.ts';
import type { IgnoredErrors, OpenSslEngine, Served, TlsLibrary } from './engine.ts';
import { countKeyUpdates } from './key-updates.ts';
import { lend, lendText } from './lending.ts';
import * as lib from './library.ts';
import { dhGroup, keyBitsOf, tellTimestamps, useDhParameters } from './parameters.ts';
import { PeerNames } from './peer-names.ts';
import type { Bundle, Native } from './pem.ts';
import { keepSecrets } from './secrets.ts';
import { type Response, staple } from './stapling.ts';
import { rotateTickets, type TicketRing } from './tickets.ts';

const NULL = 0n;

export interface TlsSettings {
  readonly role: 'server' | 'client';
  /** null: none, as a client usually has. */
  readonly bundle: Bundle | null;
  /** What samples call it. */
  readonly certificateName?: string;
  /** 0x0301 TLS 1.0 … 0x0304 TLS 1.3. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** Lists in OpenSSL's form; null: its defaults. */
  readonly ciphers: string | null;
  readonly cipherSuites: string | null;
  readonly curves: string | null;
  readonly signatures: string | null;
  /** Application protocols in the order of preference. */
  readonly alpn: readonly string[];
  readonly verify: 'none' | 'optional' | 'required';
  /** Who may sign the peer's certificate; 'system': the authorities of the system. */
  readonly authorities: readonly Native[] | 'system';
  readonly revocations: readonly Native[];
  /** Errors of the peer's certificates that do not matter; none if absent. */
  readonly ignored?: IgnoredErrors;
  /** Authorities that are trusted as well and never told to clients. */
  readonly quietAuthorities?: readonly Native[];
  /** False: clients are not told the names of authorities. */
  readonly tellsAuthorities?: boolean;
  readonly clientSignatures?: string | null;
  /** Keys that go before `ticketKeys`. */
  readonly ring?: TicketRing | null;
  /** A response that certifies the certificate's state (RFC 6960); null: none is stapled. */
  readonly response?: Response | null;
  /** At most 32 bytes: a session goes on only where they are the same. Four zeros if absent. */
  readonly sessionName?: Uint8Array;
  /** Signed certificate timestamps for clients that ask for them (RFC 6962 3.3.1). */
  readonly timestamps?: Uint8Array | null;
  /** Parameters of DHE ciphers, or the most bits of a known group; null: there are no DHE ciphers. */
  readonly dh?: Native | number | null;
  /** What OpenSSL finds strong enough, 0 to 5; null: its default. */
  readonly securityLevel?: number | null;
  readonly tickets: boolean;
  /** Of a client: the name that the peer's certificate must have if it is asked for none; null: any. */
  readonly verifyHost?: string | null;
  /** Of a client: it goes on with the session that it had last with the same name. */
  readonly reusesSessions?: boolean;
  /** 80 bytes that all threads share, so that a session goes on at any of them; null: made by OpenSSL. */
  readonly ticketKeys: Uint8Array | null;
  readonly preferClientCiphers: boolean;
  /** Of a client: the server may begin another handshake. */
  readonly renegotiates?: boolean;
  /** Of a server: clients that come back may send data with their first words (RFC 8446 2.3), which anybody can repeat. */
  readonly takesEarly?: boolean;
  /** Of a server: how long a client may go on with a session, in seconds; OpenSSL's own default if absent. */
  readonly lifetimeS?: number;
  /** Connections keep their secrets (`tune.ssl.keylog`). */
  readonly keepsSecrets?: boolean;
  /** Connections count how often their peers change keys (`tune.ssl.keyupdate-rate-limit`). */
  readonly countsKeyUpdates?: boolean;
  /** False: certificates are neither sent nor taken compressed (RFC 8879). */
  readonly compressesCertificates?: boolean;
}

/** Commands of SSL_CTX_ctrl and SSL_ctrl. */
const Command = {
  mode: 33,
  sessionCacheMode: 44,
  sessionCacheSize: 42,
  setServerName: 55,
  ticketKeys: 59,
  chain: 88,
  chainCertificate: 89,
  groupsList: 92,
  signaturesList: 98,
  clientSignatures: 102,
  minVersion: 123,
  maxVersion: 124,
} as const;

/** SSL_MODE_ENABLE_PARTIAL_WRITE is off: a write is whole. ACCEPT_MOVING_WRITE_BUFFER | RELEASE_BUFFERS */
const MODE = 0x2n | 0x10n;
/** SSL_OP_…: NO_TICKET, NO_RENEGOTIATION, CIPHER_SERVER_PREFERENCE, NO_COMPRESSION, IGNORE_UNEXPECTED_EOF */
const OP_NO_TICKET = 1n << 14n;
const OP_NO_RENEGOTIATION = 1n << 30n;
const OP_SERVER_PREFERENCE = 1n << 22n;
const OP_NO_COMPRESSION = 1n << 17n;
const OP_IGNORE_CUT = 1n << 7n;
const OP_PRIORITIZE_CHACHA = 1n << 21n;
/** SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION */
const OP_NO_CERTIFICATE_COMPRESSION = (1n << 32n) | (1n << 33n);
const OP_NO_ANTI_REPLAY = 1n << 24n;
/** X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL */
const CHECK_REVOCATION = 0x4n | 0x8n;
const VERIFY = { none: 0, optional: 1, required: 3 } as const;

export class OpenSslContext implements TlsContext {
  readonly #library: TlsLibrary;
  readonly #context: bigint;
  readonly #isServer: boolean;
  readonly #takesEarly: boolean;
  readonly #served: { -readonly [K in keyof Served]: Served[K] };
  /** Of a client. */
  #peer: PeerNames | null = null;

  /** @throws Error that says which setting OpenSSL refuses, and why */
  constructor(library: TlsLibrary, settings: TlsSettings) {
    this.#library = library;
    this.#isServer = settings.role === 'server';
    this.#takesEarly = settings.takesEarly === true;
    const { certificateName = '', response = null, ring = null, countsKeyUpdates = false } = settings;
    this.#served = { certificateName, response, ring, countsKeyUpdates };
    lib.errClear();
    this.#context = lib.contextNew(this.#isServer ? lib.serverMethod() : lib.clientMethod());
    if (this.#context === NULL) throw new Error(`no TLS context: ${lib.takeError()}`);
    library.contexts++;
    try {
      this.#common(settings);
      this.#certificate(settings.bundle);
      this.#verify(settings);
      if (this.#isServer) this.#serverOnly(settings);
      else {
        this.#offer(settings.alpn);
        this.#peer = new PeerNames(library.memory, this.#context, settings);
      }
    } catch (error) {
      this.free();
      throw error;
    }
  }

  openTo(start: number, end: number, isEarly = false): OpenSslEngine | null {
    const engine = this.open();
    const peer = this.#peer;
    if (engine === null || peer === null) return engine;
    if (!peer.address(engine.ssl, start, end)) {
      engine.free();
      return null;
    }
    if (isEarly) engine.mostEarly = peer.mostEarly(engine.ssl);
    return engine;
  }

  open(asked: string | null = null): OpenSslEngine | null {
    return this.#library.engine(this.#context, this.#isServer, this.#served, this.#takesEarly, asked);
  }

  /**
   * Takes a certificate in place of the last of its kind, only to find out whether OpenSSL does: such a context opens no engines.
   * @throws Error that says what is refused, and why
   */
  tryOn(own: Pick<TlsSettings, 'bundle' | 'dh' | 'timestamps'>): void {
    this.#certificate(own.bundle);
    this.#besides(own);
  }

  /** Handshakes from now on show this response; null: none. */
  staple(response: Response | null): void {
    this.#served.response = response;
  }

  /** Connections that are open keep what they need of it. Once only. */
  free(): void {
    this.#peer?.free();
    lib.contextFree(this.#context);
    this.#library.contexts--;
  }

  #control(command: number, number: bigint, at = NULL): bigint {
    return lib.contextControl(this.#context, command, number, at);
  }

  #demand(accepted: boolean, what: string): void {
    if (!accepted) throw new Error(`${what} refused: ${lib.takeError() || 'no reason given'}`);
  }

  #common(settings: TlsSettings): void {
    const context = this.#context;
    const { ciphers, cipherSuites, curves, signatures, clientSignatures = null, securityLevel = null } = settings;
    if (securityLevel !== null) lib.contextSecurity(context, securityLevel);
    this.#control(Command.mode, MODE);
    let options = OP_NO_COMPRESSION | OP_IGNORE_CUT;
    if (settings.renegotiates !== true) options |= OP_NO_RENEGOTIATION;
    if (!settings.tickets) options |= OP_NO_TICKET;
    if (!settings.preferClientCiphers) options |= OP_SERVER_PREFERENCE | OP_PRIORITIZE_CHACHA;
    // Whoever takes early data knows that it may have been said before: it is told to rules and servers.
    if (settings.takesEarly === true) options |= OP_NO_ANTI_REPLAY;
    if (settings.compressesCertificates === false) options |= OP_NO_CERTIFICATE_COMPRESSION;
    lib.contextOptions(context, options);
    if (settings.countsKeyUpdates === true) countKeyUpdates(this.#library, context);
    if (settings.keepsSecrets === true) keepSecrets(this.#library, context);
    this.#demand(this.#control(Command.minVersion, BigInt(settings.minVersion)) === 1n, 'the lowest version');
    this.#demand(this.#control(Command.maxVersion, BigInt(settings.maxVersion)) === 1n, 'the highest version');
    if (ciphers !== null) this.#demand(lib.contextCiphers(context, ciphers) === 1, `ciphers '${ciphers}'`);
    if (cipherSuites !== null) this.#demand(lib.contextSuites(context, cipherSuites) === 1, `ciphersuites '${cipherSuites}'`);
    this.#list(Command.groupsList, curves, 'curves');
    this.#list(Command.signaturesList, signatures, 'sigalgs');
    this.#list(Command.clientSignatures, clientSignatures, 'client-sigalgs');
  }

  #list(command: number, list: string | null, name: string): void {
    if (list === null) return;
    this.#demand(lendText(list, (at) => this.#control(command, 0n, at)) === 1n, `${name} '${list}'`);
  }

  #certificate(bundle: Bundle | null): void {
    if (bundle === null) return;
    const context = this.#context;
    this.#demand(lib.contextCertificate(context, bundle.certificate) === 1, 'the certificate');
    // SSL_CTX_set0_chain: it may have one of the certificate before.
    this.#control(Command.chain, 0n);
    // The last argument 1 of SSL_CTX_add1_chain_cert: the chain counts its own reference.
    for (const each of bundle.chain) this.#demand(this.#control(Command.chainCertificate, 1n, each) === 1n, 'the chain');
    if (bundle.key === null) return;
    this.#demand(lib.contextKey(context, bundle.key) === 1, 'the private key');
    this.#demand(lib.contextCheckKey(context) === 1, 'the private key');
  }

  #verify(settings: TlsSettings): void {
    const { verify, authorities, revocations, ignored = NOTHING_IGNORED, quietAuthorities = [], tellsAuthorities = true } = settings;
    const context = this.#context;
    lib.contextVerify(context, VERIFY[verify], verify === 'none' ? NULL : judge(this.#library, ignored));
    if (verify === 'none') return;
    if (authorities === 'system') lib.contextDefaultPaths(context);
    else this.#trust(authorities, tellsAuthorities);
    const store = lib.contextStore(context);
    for (const each of quietAuthorities) lib.storeCertificate(store, each);
    for (const each of revocations) lib.storeRevocations(store, each);
    if (revocations.length > 0) lib.storeFlags(store, CHECK_REVOCATION);
    lib.errClear();
  }

  #trust(authorities: readonly Native[], tells: boolean): void {
    const store = lib.contextStore(this.#context);
    for (const each of authorities) {
      lib.storeCertificate(store, each);
      if (this.#isServer && tells) lib.contextClientNames(this.#context, each);
    }
  }

  #serverOnly(settings: TlsSettings): void {
    const { alpn, ticketKeys, ring = null, sessionName = NO_NAME, lifetimeS } = settings;
    this.#besides(settings);
    if (lifetimeS !== undefined) lib.contextTimeout(this.#context, BigInt(lifetimeS));
    if (this.#takesEarly) lib.contextMaxEarly(this.#context, MOST_EARLY);
    staple(this.#library, this.#context);
    // OpenSSL keeps no sessions itself: tickets carry them, and work on every thread, or they are kept for all threads.
    this.#control(Command.sessionCacheMode, 0n);
    this.#library.sessions?.serve(this.#context, settings.tickets);
    const named = lend(sessionName, (at) => lib.contextSessionName(this.#context, at, sessionName.length));
    this.#demand(named === 1, 'the session name');
    if (ring !== null) rotateTickets(this.#library, this.#context);
    else if (ticketKeys !== null)
      this.#demand(lend(ticketKeys, (at) => this.#control(Command.ticketKeys, 80n, at)) === 1n, 'the ticket keys');
    if (alpn.length > 0) lib.contextAlpnChoice(this.#context, chooser(alpn), NULL);
  }

  #besides({ timestamps = null, dh = null, bundle }: Pick<TlsSettings, 'bundle' | 'dh' | 'timestamps'>): void {
    if (bundle === null) return;
    const parameters = typeof dh === 'number' ? dhGroup(Math.min(dh, keyBitsOf(bundle.certificate))) : dh;
    if (parameters !== null) useDhParameters(this.#context, parameters);
    if (timestamps !== null) tellTimestamps(this.#context, timestamps);
  }

  #offer(alpn: readonly string[]): void {
    if (alpn.length === 0) return;
    const text = alpn.map((name) => String.fromCharCode(name.length) + name).join('');
    const accepted = lendText(text, (at) => lib.contextAlpnOffer(this.#context, at, text.length)) === 0;
    this.#demand(accepted, 'the application protocols');
  }
}

const NO_NAME = new Uint8Array(4);
const NOTHING_IGNORED: IgnoredErrors = { certificate: new Set(), authority: new Set() };
const judges = new Map<string, bigint>();

/** One callback per set of ignored errors and thread: they are never released. */
function judge(library: TlsLibrary, ignored: IgnoredErrors): bigint {
  const key = `${library.number}:${keyOf(ignored.certificate)}:${keyOf(ignored.authority)}`;
  const known = judges.get(key);
  if (known !== undefined) return known;
  const made = lib.verifyCallback((isGood, error, depth) => library.current?.judge(isGood, error, depth, ignored) ?? isGood);
  judges.set(key, made);
  return made;
}

function keyOf(errors: ReadonlySet<number> | 'all'): string {
  return errors === 'all' ? errors : [...errors].sort((a, b) => a - b).join();
}

const choosers = new Map<string, bigint>();

/** One callback per list and thread: they are never released. */
function chooser(alpn: readonly string[]): bigint {
  const known = choosers.get(alpn.join());
  if (known !== undefined) return known;
  const wanted = alpn.map((name) => Buffer.from(name, 'latin1'));
  const made = lib.alpnCallback((list) => {
    for (const name of wanted) {
      const at = findProtocol(list, name);
      if (at >= 0) return { at, length: name.length };
    }
    return null;
  });
  choosers.set(alpn.join(), made);
  return made;
}

/** Where a protocol's name stands in a list of names with their lengths in front (RFC 7301 3.1); -1: it does not. */
function findProtocol(list: Uint8Array, name: Uint8Array): number {
  for (let at = 0; at < list.length; at += 1 + (list[at] as number)) {
    if (list[at] === name.length && name.every((byte, index) => list[at + 1 + index] === byte)) return at + 1;
  }
  return -1;
}
