/**
 * HTTP words in proxies of TCP mode: what a client has sent so far is read as the head of a request, as HAProxy does for rules
 * that look at it. On a copy, because the parser changes the case of names where they lie, and a server gets the bytes as they came.
 * It must not know which rules ask.
 */
import type { Memory } from '../../base/memory.ts';
import { HeadParser, HeadResult } from '../../proto/h1/head.ts';
import type { Stream } from '../../state/records.ts';
import type { Sample } from '../sample.ts';

/** A longer head is none: HAProxy's buffer, `tune.bufsize` by default (bytes). */
const MOST = 16_384;

/** Fetches that read the request's head. Others of the request see raw bytes, or nothing of them. */
const OF_HEAD =
  /^(?:method|path|pathq|query|base|base32(?:\+src)?|baseq|url.*|(?:req\.)?(?:s?cook|f?hdr|hdrs)(?:[._].*|ie)?|req[._]ver|shdr.*|urlp.*|http_auth.*)$/;

/** Does a fetch of this name read the request's head? */
export function readsHead(name: string): boolean {
  return OF_HEAD.test(name);
}

/** One for a thread: `stream.request` gets the last head that was read. */
export class RawHead {
  readonly #memory: Memory;
  readonly #at: number;
  readonly #parser = new HeadParser('request');
  #serial = -1;
  #start = 0;
  #end = 0;
  #isDone = false;
  #mayFollow = false;

  /** At start only. */
  constructor(memory: Memory) {
    this.#memory = memory;
    this.#at = memory.internBytes(new Uint8Array(MOST));
  }

  /** The whole head is there, and in `stream.request`; if not, `sample.mayChange` says whether it may come. */
  read(sample: Sample, stream: Stream): boolean {
    const { bodyStart, bodyEnd } = stream.request;
    const isKnown = this.#serial === stream.serial && this.#start === bodyStart && this.#end === bodyEnd;
    if (!isKnown) this.#parse(stream, bodyStart, bodyEnd);
    if (this.#mayFollow) sample.mayChange = true;
    return this.#isDone;
  }

  #parse(stream: Stream, start: number, end: number): void {
    const { request } = stream;
    const at = this.#at;
    this.#serial = stream.serial;
    this.#start = start;
    this.#end = end;
    const stop = this.#memory.copy(start, Math.min(end, start + MOST), at);
    this.#parser.reset();
    request.headers.clear();
    request.methodStart = request.methodEnd = request.versionStart = request.versionEnd = 0;
    request.setTarget(0, 0);
    const result = this.#parser.parse(request, this.#memory.bytes, at, stop);
    this.#isDone = result === HeadResult.done;
    this.#mayFollow = result === HeadResult.more && end - start < MOST;
  }
}
