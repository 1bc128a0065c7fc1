/** Annotation files of WFDB in MIT format (WFDB Applications Guide, annot(5)). */
import { unreadable, type Annotation } from "./recording.ts";

/** By the number in the file: the mnemonics of PhysioBank. */
const CODES = '|N|L|R|a|V|F|J|A|S|E|j|/|Q|~||||s|T|*|D|"|=|p|B|^|t|+|u|?|!|[|]|e|n|@|x|f|(|)|r'.split("|");
// The bar is itself a mnemonic, of number 16.
CODES[16] = "|";

const [SKIP, NUM, SUB, CHN, AUX] = [59, 60, 61, 62, 63];

/** Mnemonics that mark a beat, as against a change of rhythm, noise or a comment. */
const BEATS = new Set(["N", "L", "R", "a", "V", "F", "J", "A", "S", "E", "j", "/", "Q", "B", "?", "e", "n", "f", "r"]);
export const isBeat = (code: string): boolean => BEATS.has(code);

/** `rate` of the record, in frames per second, where the file names none of its own. Throws `unreadable-recording`. */
export function parseAnnotations(bytes: Uint8Array, rate: number): readonly Annotation[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { readonly sample: number; readonly code: string }[] = [];
  let [sample, own, at] = [0, rate, 0];
  for (let ended = false; !ended;) {
    if (at + 2 > bytes.byteLength) throw unreadable("an annotation file without an end");
    const word = view.getUint16(at, true);
    const [code, interval] = [word >> 10, word & 0x3ff];
    at += 2;
    if (word === 0) ended = true;
    else if (code === SKIP) {
      if (at + 4 > bytes.byteLength) throw unreadable("an annotation file ends too early");
      // The upper half stands first, as the PDP-11 had it.
      sample += (view.getUint16(at, true) << 16) | view.getUint16(at + 2, true);
      at += 4;
    } else if (code === AUX) {
      if (at + interval > bytes.byteLength) throw unreadable("an annotation file ends too early");
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, interval).toString("latin1");
      const resolution = Number(/^## time resolution:\s*([\d.]+)/.exec(text)?.[1]);
      if (resolution > 0 && sample === 0) own = resolution;
      at += interval + (interval % 2);
    } else if (code !== NUM && code !== SUB && code !== CHN) {
      sample += interval;
      // Number 0 marks nothing: writers use it to move in time.
      if (code !== 0) found.push({ sample, code: CODES[code] || `[${code}]` });
    }
  }
  // Files that hold their own resolution say so at time 0, in a comment that is no annotation of the recording.
  return found.filter(({ sample, code }) => sample > 0 || code !== '"').map(({ sample, code }) => ({ seconds: sample / own, code }));
}
