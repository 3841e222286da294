/**
 * Responses of OCSP servers that are shown with certificates: which certificate each is about, and how a new one comes into all threads.
 * It must not know where responses come from, nor when (HAProxy management manual, "set ssl ocsp-response").
 */
import type { CertificateMaterial } from '../model/tls-change.ts';
import { answerText, issuerOf, judgeAnswer, type OcspAnswer, ocspSubject, readAnswer, responderOf } from '../platform/tls/ocsp.ts';
import { bundleOf, certificatesOf, freeBundle, freeCertificates, type Native } from '../platform/tls/pem.ts';
import { attempt, base64Of, type CertificateFollower } from './certificates.ts';
import { done, type Reply, refused } from './reply.ts';
import type { Publish, TlsStore } from './tls-store.ts';

/** A certificate as OCSP servers know it: files with the same certificate share it. */
export interface OcspEntry {
  /** DER of its CertID, and the same in hexadecimal digits, by which it is asked for. */
  readonly id: Uint8Array;
  readonly key: string;
  /** Of the responder; null: the certificate says none. */
  readonly uri: string | null;
  readonly issuer: Native;
  /** Of files with this certificate. */
  readonly paths: Set<string>;
  response: Uint8Array | null;
  /** Milliseconds since 1970; 0: there is no response. */
  untilMs: number;
}

/** Of a CertID with SHA-1 (RFC 6960 4.1.1), whose parts before the serial number have fixed sizes. */
const NAME_HASH_AT = 15;
const KEY_HASH_AT = 37;
const HASH_BYTES = 20;
const SERIAL_AT = 59;

export class OcspResponses implements CertificateFollower {
  /** By `key`. */
  readonly entries = new Map<string, OcspEntry>();
  readonly #store: TlsStore;
  readonly #publish: Publish;
  readonly #byPath = new Map<string, OcspEntry>();
  /** Certificates that may have signed others (`issuers-chain-path`). */
  readonly #issuers: readonly Uint8Array[];
  /** Called for each certificate that is in use with other contents. */
  onChanged: (path: string) => void = () => {};

  constructor(store: TlsStore, publish: Publish, issuers: readonly Uint8Array[]) {
    this.#issuers = issuers;
    this.#store = store;
    this.#publish = publish;
  }

  /** The certificate of a file; null: it is not known, or who signed it is not. */
  entry(path: string): OcspEntry | null {
    const known = this.#byPath.get(path);
    const material = this.#store.certificates.get(path)?.material ?? null;
    return known ?? (material === null ? null : this.#learn(material));
  }

  /** By its key, or by the path of a file; only those that have a response or wait for one. */
  find(name: string): OcspEntry | null {
    return this.entries.get(name.toLowerCase()) ?? this.#byPath.get(name) ?? null;
  }

  /** Says the certificate itself who may be asked? */
  namesServer({ bytes, key }: CertificateMaterial): boolean {
    const bundle = attempt(() => bundleOf(bytes, key));
    if (typeof bundle === 'string') return false;
    const uri = responderOf(bundle.certificate);
    freeBundle(bundle);
    return uri !== null;
  }

  keyOf(path: string): string {
    const entry = this.#byPath.get(path);
    return entry === undefined || entry.response === null ? '' : entry.key;
  }

  judge(material: CertificateMaterial): string | null {
    const { ocsp, path } = material;
    if (ocsp === null) return null;
    const subject = attempt(() => subjectOf(material, this.#issuers));
    if (typeof subject === 'string') return subject;
    if (subject === null) return `'${path}.ocsp' is present and activates OCSP but the certificate's issuer can't be found`;
    freeCertificates([subject.issuer]);
    const answer = attempt(() => readAnswer(ocsp));
    if (typeof answer === 'string') return `${answer}.`;
    return hexOf(answer.id) === hexOf(subject.id) ? null : NO_MATCH;
  }

  changed(path: string, material: CertificateMaterial | null): void {
    this.#forget(path);
    if (material !== null && material.ocsp !== null) this.#learn(material);
    this.onChanged(path);
  }

  #learn(material: CertificateMaterial): OcspEntry | null {
    const subject = attempt(() => subjectOf(material, this.#issuers));
    if (subject === null || typeof subject === 'string') return null;
    const key = hexOf(subject.id);
    const known = this.entries.get(key);
    const entry = known ?? { ...subject, key, paths: new Set(), response: null, untilMs: 0 };
    if (known !== undefined) freeCertificates([subject.issuer]);
    entry.paths.add(material.path);
    this.entries.set(key, entry);
    this.#byPath.set(material.path, entry);
    const answer = material.ocsp === null ? '' : attempt(() => readAnswer(material.ocsp as Uint8Array));
    if (typeof answer !== 'string') {
      entry.response = material.ocsp;
      entry.untilMs = answer.untilMs;
    }
    return entry;
  }

  #forget(path: string): void {
    const entry = this.#byPath.get(path);
    if (entry === undefined) return;
    this.#byPath.delete(path);
    entry.paths.delete(path);
    if (entry.paths.size > 0) return;
    this.entries.delete(entry.key);
    freeCertificates([entry.issuer]);
  }

  /** Shows a response with every certificate that it is about. @param content in base64 */
  async set(content: Uint8Array): Promise<Reply> {
    if (content.length === 0) return refused("'set ssl ocsp-response' expects response in base64 encoding.");
    const bytes = base64Of(content);
    if (bytes === null) return refused("'set ssl ocsp-response' received invalid base64 encoded response.");
    const answer = attempt(() => readAnswer(bytes));
    if (typeof answer === 'string') return refused(`${answer}.`);
    // Certificates are looked at when somebody asks: there may be thousands.
    if (!this.entries.has(hexOf(answer.id))) for (const path of this.#store.certificates.keys()) this.entry(path);
    const entry = this.entries.get(hexOf(answer.id));
    if (entry === undefined) return refused(NO_MATCH);
    const problem = await this.#install(entry, bytes, answer);
    return problem === null ? done('OCSP Response updated!') : refused(problem);
  }

  /** What is wrong with a response that a server has given; null: nothing, and all threads show it. */
  async take(entry: OcspEntry, bytes: Uint8Array): Promise<{ readonly isSound: boolean; readonly problem: string | null }> {
    if (entry.paths.size === 0) return { isSound: false, problem: 'the certificate is gone' };
    const answer = attempt(() => judgeAnswer(bytes, entry.issuer));
    if (typeof answer === 'string') return { isSound: false, problem: answer };
    if (hexOf(answer.id) !== entry.key) return { isSound: false, problem: NO_MATCH };
    return { isSound: true, problem: await this.#install(entry, bytes, answer) };
  }

  async #install(entry: OcspEntry, response: Uint8Array, { untilMs }: OcspAnswer): Promise<string | null> {
    // A certificate may be exchanged meanwhile: then this is not for the new one.
    const files = [...entry.paths].flatMap((path) => this.#store.certificates.get(path)?.material ?? []);
    const about = files.map(({ path, bytes }) => ({ path, bytes }));
    const problem = await this.#publish({ kind: 'response', files: about, response });
    if (problem !== null) return problem;
    entry.response = response;
    entry.untilMs = untilMs;
    for (const file of files) {
      const stored = this.#store.certificates.get(file.path);
      if (stored?.material?.bytes === file.bytes) stored.material = { ...stored.material, ocsp: response };
    }
    return null;
  }

  /** As text; '' without a response, null: there is no such certificate. */
  text(name: string): string | null {
    const entry = this.find(name);
    return entry === null ? null : entry.response === null ? '' : answerText(entry.response);
  }

  /** Frees what is held: nothing is asked afterwards. */
  close(): void {
    for (const path of [...this.#byPath.keys()]) this.#forget(path);
  }
}

/** Hashes of the issuer, and the serial number, in hexadecimal digits. */
export function partsOf({ id }: OcspEntry): { readonly issuerName: string; readonly issuerKey: string; readonly serial: string } {
  const hex = (start: number, end: number): string => Buffer.from(id.subarray(start, end)).toString('hex').toUpperCase();
  const at = (start: number): string => hex(start, start + HASH_BYTES);
  return { issuerName: at(NAME_HASH_AT), issuerKey: at(KEY_HASH_AT), serial: hex(SERIAL_AT, id.length) };
}

const NO_MATCH = 'OCSP single response: Certificate ID does not match any certificate or issuer.';

function hexOf(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}

/** The issuer's certificate is the caller's to free. null: who signed it is not known. @throws Error if it can't be read */
function subjectOf(
  { bytes, key, issuer }: CertificateMaterial,
  issuers: readonly Uint8Array[],
): Pick<OcspEntry, 'id' | 'uri' | 'issuer'> | null {
  const bundle = bundleOf(bytes, key);
  const others = [...(issuer === null ? [] : [issuer]), ...issuers].flatMap(certificatesOf);
  const found = issuerOf(bundle.certificate, [...others, ...bundle.chain]);
  const subject = found === null ? null : ocspSubject(bundle.certificate, found);
  freeCertificates(others.filter((each) => each !== found || subject === null));
  freeBundle({ ...bundle, chain: bundle.chain.filter((each) => each !== found || subject === null) });
  return found === null || subject === null ? null : { ...subject, issuer: found };
}
