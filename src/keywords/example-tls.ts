/**
 * What examples of TLS samples see: a connection on which a certificate was shown that an authority `Root` of the examples has
 * signed. It has no key and encrypts nothing: only what is known of it is there.
 */
import type { Memory } from '../base/memory.ts';
import { Fact, type FactValue, Figure, type FigureValue, Handshake, Read, type TlsEngine } from '../platform/tls/contract.ts';
import { ClientHello, HelloResult } from '../proto/tls-hello.ts';
import { KeptHello } from '../state/client-hello.ts';
import { exampleHello } from './example-hello.ts';

/** /C=FR/O=Acme, Inc./OU=One/OU=Two/CN=client.example, in DER. */
const CERTIFICATE = Buffer.from(
  'MIICDTCCAbKgAwIBAgIEAMD/7jAKBggqhkjOPQQDAjAxMQswCQYDVQQGEwJGUjETMBEGA1UECgwKQWNtZSwgSW5jLjENMAsGA1UEAwwEUm9vdDAgFw0yNjEx' +
    'MjAxNTEyMTdaGA8yMTI2MTAyNzE1MTIxN1owVzELMAkGA1UEBhMCRlIxEzARBgNVBAoMCkFjbWUsIEluYy4xDDAKBgNVBAsMA09uZTEMMAoGA1UECwwDVHdv' +
    'MRcwFQYDVQQDDA5jbGllbnQuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJPfrhwqRZYZyidK1l24YjGS7UJuHN5IsfwhWotCvFnmvoUcrrP0' +
    'GzdW9aUpwUo7kVIsOY0KCaKxoI+jQk8LwpGjgY8wgYwwMQYDVR0RBCowKIIOY2xpZW50LmV4YW1wbGWBEGFubkBhY21lLmV4YW1wbGWHBMAAAgkwFwYDVR0g' +
    'BBAwDjAFBgMqAwQwBQYDKgMFMB0GA1UdDgQWBBSPflbaOALxkGBFKZz7ONe5kD92hzAfBgNVHSMEGDAWgBRjqxKG28K6IGyjCnxNyOh5YWal+jAKBggqhkjO' +
    'PQQDAgNJADBGAiEA01Nq09L9sUY3Y19i35hVHF0Kc7Uy9ztI4zHaYUBJcHcCIQDlFiKEO8z+uDRY4AVW0jb/Zh2uBJ2Ur/EsppJoehRXXA==',
  'base64',
);

/** /C=FR/O=Acme, Inc./CN=Root, in DER. */
const ROOT = Buffer.from(
  'MIIBuDCCAV+gAwIBAgIUAcYLY6UR5oHvIcIF9rB2UjlbYFMwCgYIKoZIzj0EAwIwMTELMAkGA1UEBhMCRlIxEzARBgNVBAoMCkFjbWUsIEluYy4xDTALBgNVBAMM' +
    'BFJvb3QwIBcNMjYxMTIwMTc0MjA1WhgPMjEyNjEwMjcxNzQyMDVaMDExCzAJBgNVBAYTAkZSMRMwEQYDVQQKDApBY21lLCBJbmMuMQ0wCwYDVQQDDARSb290MFkw' +
    'EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOi4MP2cO2wjun1LYzqRMUGG6gyjCMx54ryIIl/mXVdr5D/77I8/yRkcSPKwewXN4Kj1iZpBgcmnLrKehd1azWaNTMFEw' +
    'HQYDVR0OBBYEFOQf3SaCEAbFtPDHZCfzYPwfUXRoMB8GA1UdIwQYMBaAFOQf3SaCEAbFtPDHZCfzYPwfUXRoMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwID' +
    'RwAwRAIgMtFC9CAgx46s9AOkWBgFWLKVp90sayJn7J2EkspNASoCIEN1EcYZM47PZ//JK/H/gIUvyhf9z8HVNEQayZt9cwZG',
  'base64',
);

const TEXTS: ReadonlyMap<FactValue, string> = new Map<FactValue, string>([
  [Fact.version, 'TLSv1.3'],
  [Fact.cipher, 'TLS_AES_128_GCM_SHA256'],
  [Fact.alpn, 'http/1.1'],
  [Fact.serverName, 'www.example.com'],
  [Fact.curve, 'X25519'],
  [Fact.clientRandom, 'c'.repeat(32)],
  [Fact.serverRandom, 's'.repeat(32)],
  [Fact.sessionId, 'i'.repeat(32)],
  [Fact.sessionKey, 'k'.repeat(48)],
  [Fact.uniqueId, 'u'.repeat(12)],
  [Fact.certificateName, '/etc/certs/www.pem'],
  [Fact.clientHandshakeSecret, 'c1'],
  [Fact.serverHandshakeSecret, '51'],
  [Fact.clientSecret, 'c0'],
  [Fact.serverSecret, '50'],
  [Fact.exporterSecret, 'e0'],
]);

const SUITES: ReadonlyMap<number, string> = new Map([
  [0x1301, 'TLS_AES_128_GCM_SHA256'],
  [0x1302, 'TLS_AES_256_GCM_SHA384'],
]);

const FIGURES: ReadonlyMap<FigureValue, number> = new Map<FigureValue, number>([
  [Figure.usedKeyBits, 128],
  [Figure.keyBits, 128],
  [Figure.hasPeerCertificate, 1],
  [Figure.wasPeerVerified, 1],
  [Figure.hasServerName, 1],
]);

export class ExampleTls implements TlsEngine {
  readonly hasOutput = false;
  readonly rest = 0;
  readonly isEarly = false;
  readonly isResumed = false;
  keyUpdates = 0;
  readonly mostEarly = 0;
  readonly wasEarlyRefused = false;
  readonly reason = '';
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  fact(fact: FactValue, start: number, limit: number): number {
    const bytes = this.#bytes(fact);
    if (bytes === null || start + bytes.length > limit) return -1;
    this.#memory.bytes.set(bytes, start);
    return start + bytes.length;
  }

  #bytes(fact: FactValue): Uint8Array | null {
    if (fact === Fact.ownCertificate || fact === Fact.peerCertificate || fact === Fact.peerChain) return CERTIFICATE;
    if (fact === Fact.peerRoot) return ROOT;
    const text = TEXTS.get(fact);
    return text === undefined ? null : Buffer.from(text, 'latin1');
  }

  suiteName(suite: number, start: number, limit: number): number {
    const name = SUITES.get(suite);
    if (name === undefined || start + name.length > limit) return -1;
    this.#memory.bytes.set(Buffer.from(name), start);
    return start + name.length;
  }

  figure(figure: FigureValue): number {
    return FIGURES.get(figure) ?? 0;
  }

  offer(): void {}
  handshake(): typeof Handshake.done {
    return Handshake.done;
  }
  read(): number {
    return Read.wants;
  }
  write(): boolean {
    return false;
  }
  writeEarly(): boolean {
    return false;
  }
  output(): number {
    return 0;
  }
  discard(): void {}
  shutdown(): void {}
  hold(): void {}
  free(): void {}
}

/** The hello that its client has sent. */
export function exampleKeptHello(): KeptHello {
  const bytes = Buffer.from(exampleHello(0x0303, '', true), 'latin1');
  const hello = new ClientHello();
  if (hello.read(bytes, 0, bytes.length) !== HelloResult.done) throw new Error('the hello of the examples is broken');
  const kept = new KeptHello(bytes.length);
  kept.keep(bytes, hello);
  return kept;
}
