/**
 * A line of a `crt-list` that comes while the proxy runs: read as those of files, but files it names must be known already, since the
 * disk may be out of reach. It must not know who adds it.
 */
import type { Complaint, Word } from '../keywords/define.ts';
import type { PemModel } from '../model/tls.ts';
import type { TrustRole } from '../model/tls-change.ts';
import { CertificateFiles, listSettings } from './certificates.ts';
import { LineContext, type ParserState } from './context.ts';
import { readCertificateListLine } from './pemfile.ts';

/** What a line says. */
export interface ListLineModel {
  readonly file: string;
  readonly names: readonly string[] | null;
  readonly options: readonly string[];
  readonly settings: PemModel['settings'];
  readonly ocspUpdate: boolean | null;
}

/** A file of authorities or revocations by its path; null: it is not known. */
export type TrustFiles = (path: string, role: TrustRole) => PemModel | null;

/** @returns a text that says what is wrong with the line */
export function readListLine(text: string, files: TrustFiles): ListLineModel | string {
  const line = readCertificateListLine(text, 1);
  if (line === null) return 'parsing [CLI:1]: a bracket is not closed, or does not stand behind the file';
  if (line.file === '') return 'the line is empty';
  const context = new RunningContext(files);
  const word: Word = { text: line.file, column: 1, quoted: false };
  const { settings, ocspUpdate } = listSettings(word, line.options, context);
  const [problem] = context.problems;
  return problem === undefined ? { ...line, settings, ocspUpdate } : `parsing [CLI:1]: ${problem}`;
}

class RunningContext extends LineContext {
  readonly problems: string[] = [];
  readonly #files: TrustFiles;

  constructor(files: TrustFiles) {
    super(newState(), 'frontend', 'crt-list', null, 1);
    this.#files = files;
  }

  override error(complaint: Complaint): void {
    const allowed = complaint.allowed === undefined ? '' : `; allowed: ${complaint.allowed.map((each) => `'${each}'`).join(', ')}`;
    this.problems.push(complaint.text + allowed);
  }

  override warn(): void {}

  override pemFile(path: Word): PemModel | null {
    const found = this.#files(path.text, 'authorities') ?? this.#files(path.text, 'revocations');
    if (found === null) this.error({ text: `'${path.text}' is not known: create it with 'new ssl ca-file' or 'new ssl crl-file' first` });
    return found;
  }
}

function newState(): ParserState {
  const pathBase = { mode: 'current', origin: '' } as const;
  return {
    place: { file: 'CLI', line: 1, text: '', section: 'frontend' },
    environment: new Map(),
    lookup: () => undefined,
    diagnostics: [],
    alerts: 0,
    pathBase,
    diagnose: false,
    certificates: new CertificateFiles(() => pathBase),
    lineDefaults: { bind: [], server: [], unix: [], unixPrefix: '' },
  };
}
