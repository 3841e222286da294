/**
 * Reads and checks the files of `errorfile` lines: each is a complete HTTP message that is sent as it
 * stands, so a wrong one must not survive the start (HAProxy configuration manual, 4.2, errorfile).
 */
import { readFileSync } from 'node:fs';

/** Status codes for which HAProxy can make an answer of its own. */
export const ERROR_CODES = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 425, 429, 431, 500, 501, 502, 503, 504] as const;
/** An answer must fit a buffer with its rewrite reserve (`tune.bufsize`). */
const MAX_BYTES = 16384;

export type ErrorFileResult = { readonly bytes: Uint8Array } | { readonly problem: string };

/** @param path latin-1 bytes of the path, already made absolute if `default-path` asks for it */
export function readErrorFile(path: string): ErrorFileResult {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(Buffer.from(path, 'latin1')));
  } catch (error) {
    return { problem: `error opening file '${path}' (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})` };
  }
  const problem = bytes.length > MAX_BYTES ? `is longer than ${MAX_BYTES} bytes` : checkMessage(Buffer.from(bytes).toString('latin1'));
  return problem === null ? { bytes } : { problem: `'${path}' ${problem}` };
}

/** Lines of another text file that a keyword names; null: it can't be read. @param path as readErrorFile */
export function readTextLines(path: string): readonly string[] | null {
  try {
    return readFileSync(Buffer.from(path, 'latin1'), 'latin1').split(/\r?\n/);
  } catch {
    return null;
  }
}

/** What is wrong with a complete HTTP/1 response; null: nothing. Line feeds alone are taken too. An empty file means no answer at all. */
export function checkMessage(text: string): string | null {
  if (text === '') return null;
  const head = /^([\s\S]*?)\r?\n\r?\n/.exec(text);
  if (head === null) return 'has no empty line behind its headers';
  const lines = (head[1] as string).split(/\r?\n/);
  if (!/^HTTP\/1\.[01] [1-5]\d\d(?: .*)?$/.test(lines[0] as string)) return `does not begin with a status line, found '${lines[0]}'`;
  const body = text.slice(head[0].length);
  let declared: number | null = null;
  for (const line of lines.slice(1)) {
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (header === null) return `has a header line that cannot be parsed: '${line}'`;
    const name = (header[1] as string).toLowerCase();
    if (name === 'transfer-encoding') return 'has a transfer-encoding header: the message must be complete as it stands';
    if (name !== 'content-length') continue;
    if (!/^\d+$/.test(header[2] as string)) return `has a wrong content-length: '${header[2]}'`;
    if (declared !== null && declared !== Number(header[2])) return 'has two different content-length headers';
    declared = Number(header[2]);
  }
  if (declared !== null && declared !== body.length) return `has content-length ${declared} but a body of ${body.length} bytes`;
  return null;
}
