/** Time-stamped annotation lists of EDF+ (section 2.2.2 of its specification). */
import { unreadable } from "./recording.ts";

export interface Tal {
  /** Seconds from the header's start. */
  readonly onset: number;
  readonly texts: readonly string[];
}

const [TEXT_END, DURATION] = ["\x14", "\x15"];

/** Lists end with a zero byte; what follows the last one is zeros. Throws `unreadable-recording`. */
export function parseTals(bytes: Uint8Array): readonly Tal[] {
  return Buffer.from(bytes)
    .toString("utf8")
    .split("\0")
    .filter((list) => list !== "")
    .map((list) => {
      const [when = "", ...texts] = list.split(TEXT_END);
      const onset = when.split(DURATION)[0] ?? "";
      if (!/^[-+]\d{1,12}(\.\d*)?$/.test(onset)) throw unreadable("an annotation without a time");
      return { onset: Number(onset), texts };
    });
}
