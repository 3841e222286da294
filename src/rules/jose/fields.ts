/** Members of the JSON objects that tokens and keys are made of, as bytes. It must not know what they mean. */
import type { Memory } from '../../base/memory.ts';
import { JsonKind, JsonReader, type JsonStep } from '../format/jsontext.ts';
import { decodeBase64Url } from '../value/base64.ts';

/** A path to a string, `epk.x`, with its keys in memory. At start. */
export function pathTo(memory: Memory, path: string): readonly JsonStep[] {
  return path.split('.').map((key) => ({ start: memory.intern(key), length: key.length, index: -1 }));
}

export class JsonFields {
  /** Where the string that was found lies, without its quotes. */
  start = 0;
  end = 0;
  readonly #bytes: Uint8Array;
  readonly #reader: JsonReader;

  constructor({ bytes }: Memory) {
    this.#bytes = bytes;
    this.#reader = new JsonReader(bytes);
  }

  /** Finds a string in the JSON text [start, end); false: it is not there, or something else. Names with escapes are other names. */
  find(start: number, end: number, path: readonly JsonStep[]): boolean {
    if (this.#reader.find(start, end, path) !== JsonKind.string) return false;
    this.start = this.#reader.start;
    this.end = this.#reader.end;
    return true;
  }

  /** Decodes the base64url string of a path to `room` from `at` on; the offset behind, or -1: there is none, or it does not fit. */
  decode(start: number, end: number, path: readonly JsonStep[], room: Uint8Array, at: number): number {
    return this.find(start, end, path) ? decodeInto(this.#bytes, this.start, this.end, room, at) : -1;
  }
}

/** Decodes base64url to `room` from `at` on; the offset behind, or -1: it is none, padded wrongly, or it does not fit. */
export function decodeInto(bytes: Uint8Array, start: number, end: number, room: Uint8Array, at: number): number {
  if ((end - start) % 4 === 1 || at + Math.floor(((end - start) * 3) / 4) > room.length) return -1;
  return decodeBase64Url(bytes, start, end, room, at);
}
