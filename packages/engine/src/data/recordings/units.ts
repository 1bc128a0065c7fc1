/** Units of recordings: UCUM with its metric prefixes, and the spellings that recorders write instead. */

const PREFIXES: Readonly<Record<string, number>> = { "": 0, G: 9, M: 6, k: 3, d: -1, c: -2, m: -3, u: -6, n: -9, p: -12 };

/** What takes prefixes here. Others are equal to themselves alone, so that `cd` is no hundredth of a `d`. */
const ATOMS = new Set(["V", "A", "T", "Pa", "Ohm", "g", "l", "L", "s", "Hz", "m", "mol", "m[Hg]", "m[H2O]"]);

/** Recorders' spellings of UCUM units. */
const SPELLINGS: Readonly<Record<string, string>> = { mmHg: "mm[Hg]", cmH2O: "cm[H2O]", degC: "Cel", Volt: "V", mv: "mV", uv: "uV" };

function parts(text: string): { readonly power: number; readonly atom: string } {
  // The micro sign and the Greek letter are both in use.
  const plain = text.trim().replaceAll(/[\u00b5\u03bc]/g, "u");
  const unit = Object.hasOwn(SPELLINGS, plain) ? (SPELLINGS[plain] as string) : plain;
  for (const [prefix, power] of Object.entries(PREFIXES))
    if (unit.startsWith(prefix) && ATOMS.has(unit.slice(prefix.length))) return { power, atom: unit.slice(prefix.length) };
  return { power: 0, atom: unit };
}

/** What one multiplies a value in `from` by to have it in `to`; undefined where they are of different kinds. */
export function unitFactor(from: string, to: string): number | undefined {
  const [given, wanted] = [parts(from), parts(to)];
  return given.atom === wanted.atom && given.atom !== "" ? 10 ** (given.power - wanted.power) : undefined;
}
