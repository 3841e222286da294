/** The two letters that tell how a stream ended: who, and in which phase (HAProxy 3.x configuration 8.5). */
import type { Stream } from '../state/records.ts';
import type { Writer } from './format/writer.ts';

const DASH = 45;
/** The second letter, by phase. */
const PHASE_LETTERS = Uint8Array.from('RTQCHDL-', (letter) => letter.charCodeAt(0));

export function writeTermination(out: Writer, stream: Stream): void {
  const { letter } = stream.cause;
  out.byte(letter);
  const phase = stream.endPhase >= 0 ? stream.endPhase : stream.phase;
  out.byte(letter === DASH ? DASH : (PHASE_LETTERS[phase] as number));
}
