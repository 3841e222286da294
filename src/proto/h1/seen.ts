/**
 * Field names as recent heads had them, in their order: programs write the same names again and again, so that a name which stands
 * where it stood before is recognized by its words of four bytes, with its lower-case form and its number at hand. One head
 * in sixteen is learned; a name that is not as expected costs a comparison. It must not know values, nor decide
 * what a name may be: only names that the parser has accepted are learned.
 */

/** Names that are kept of a head. */
const SLOTS = 32;
/** Longest name that is kept: `content-security-policy-report-only` is not. */
const MOST = 32;
const WORDS = MOST >> 2;
/** Shorter names are not kept: the last four bytes of a name are one of its words. */
const LEAST = 4;
/** One head in so many is learned; a power of two. */
const TURNS = 16;
const COLON = 58;

export class SeenNames {
  /** Length of each name; 0: none. */
  readonly #lengths = new Uint8Array(SLOTS + 2);
  readonly #ids = new Uint16Array(SLOTS);
  /** Words of each name as it was written, its last four bytes behind them. */
  readonly #written = new Int32Array(SLOTS * (WORDS + 1));
  /** The same in lower case. */
  readonly #lower = new Int32Array(SLOTS * (WORDS + 1));
  #turn = 0;

  /** A head begins: whether it is one to learn, by `copy` and `learn` for each name. */
  begin(): boolean {
    this.#turn = (this.#turn + 1) & (TURNS - 1);
    return this.#turn === 1;
  }

  /**
   * The length of name `slot` if it stands at `at` with its colon, where it is made lower case; 0: something else stands there.
   * @param end behind the bytes that may be looked at
   */
  take(view: DataView, at: number, end: number, slot: number): number {
    const length = this.#lengths[slot] as number;
    if (length === 0 || at + length >= end || view.getUint8(at + length) !== COLON) return 0;
    const written = this.#written;
    const first = slot * (WORDS + 1);
    const last = at + length - 4;
    if (view.getInt32(last, true) !== written[first + WORDS]) return 0;
    let word = first;
    for (let from = at; from < last; from += 4) if (view.getInt32(from, true) !== written[word++]) return 0;
    const lower = this.#lower;
    word = first;
    for (let to = at; to < last; to += 4) view.setInt32(to, lower[word++] as number, true);
    view.setInt32(last, lower[first + WORDS] as number, true);
    return length;
  }

  /** The number of the known name, 0 for others. */
  id(slot: number): number {
    return this.#ids[slot] as number;
  }

  /** Keeps the bytes at `at`, before they are changed, for a `learn` that may follow. */
  copy(view: DataView, at: number, slot: number): void {
    if (slot >= SLOTS) return;
    this.#lengths[slot] = 0;
    if (at + MOST > view.byteLength) return;
    for (let word = 0; word < WORDS; word++) this.#written[slot * (WORDS + 1) + word] = view.getInt32(at + word * 4, true);
  }

  /** The name that was copied is in lower case now, and has this length and number. */
  learn(view: DataView, at: number, length: number, id: number, slot: number): void {
    if (slot >= SLOTS || length < LEAST || length > MOST || at + MOST > view.byteLength) return;
    const first = slot * (WORDS + 1);
    const written = this.#written;
    const lower = this.#lower;
    for (let word = 0; word < WORDS; word++) lower[first + word] = view.getInt32(at + word * 4, true);
    lower[first + WORDS] = view.getInt32(at + length - 4, true);
    written[first + WORDS] = lastWord(written, first, length);
    this.#ids[slot] = id;
    this.#lengths[slot] = length;
  }

  /** No names stand behind so many. */
  end(count: number): void {
    if (count < SLOTS) this.#lengths[count] = 0;
  }
}

/** The last four of `length` bytes in words from `first` on. */
function lastWord(words: Int32Array, first: number, length: number): number {
  const at = first + ((length - 4) >> 2);
  const shift = (length & 3) * 8;
  if (shift === 0) return words[at] as number;
  return ((words[at] as number) >>> shift) | ((words[at + 1] as number) << (32 - shift));
}
