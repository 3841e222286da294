/**
 * Passphrases of encrypted keys, asked of the program that `ssl-passphrase-cmd` names (HAProxy 3.3 configuration 3.1). It runs while the
 * configuration is read, never later. It must not know certificates.
 * Modules of Node that hardly any start needs are loaded where they are used.
 */

/** How long the program may take for one answer (milliseconds). */
const MOST_MS = 30_000;
/** Longer ones are no passphrases. */
const MOST_BYTES = 1024;

export class Passphrases {
  /** Program and arguments; null: nobody is asked. The path of the key's file comes behind them. */
  command: readonly string[] | null = null;
  /** Those that have opened a key, or may open the next: each is tried before the program runs again. */
  readonly #known: string[] = [];

  /** The key of a text without its passphrase; null: it has none. @throws Error that says why it cannot be had */
  open(text: Uint8Array, path: string): Uint8Array | null {
    if (this.command === null || !isEncrypted(text)) return null;
    for (const known of this.#known) {
      const key = opened(text, known);
      if (key !== null) return key;
    }
    const answer = ask(this.command, path);
    this.#known.push(answer);
    const key = opened(text, answer);
    if (key === null) throw new Error(`the answer of 'ssl-passphrase-cmd' does not open its private key`);
    return key;
  }
}

export function isEncrypted(text: Uint8Array): boolean {
  return /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(Buffer.from(text).toString('latin1'));
}

/** The first private key of a text, without its passphrase. null: another passphrase is needed, or the key is broken. */
export function opened(text: Uint8Array, passphrase: string): Uint8Array | null {
  const pem = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z]+ )*PRIVATE KEY-----/.exec(
    Buffer.from(text).toString('latin1'),
  )?.[0];
  if (pem === undefined) return null;
  try {
    const { createPrivateKey } = process.getBuiltinModule('node:crypto');
    const key = createPrivateKey({ key: pem, format: 'pem', passphrase: Buffer.from(passphrase, 'latin1') });
    return new Uint8Array(Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })));
  } catch {
    return null;
  }
}

/** What the program prints, without the end of its line. */
function ask(command: readonly string[], path: string): string {
  const [program, ...words] = command as readonly [string, ...string[]];
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, error, signal } = spawnSync(program, [...words, path], {
    timeout: MOST_MS,
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error !== undefined)
    throw new Error(`'ssl-passphrase-cmd' : '${program}' can't be run: ${(error as NodeJS.ErrnoException).code ?? error.message}`);
  if (status !== 0) throw new Error(`'ssl-passphrase-cmd' : '${program}' ended with ${signal ?? `status ${status}`}`);
  return stdout.toString('latin1').replace(/\r?\n$/, '');
}
