/** What one cell means. */

const DECIMAL_NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$/;
const PLAIN_NUMBER = /^[+-]?\d+(\.\d*)?$/;

const withPoint = (text: string, decimal: "." | ","): string | undefined =>
  decimal === "." ? text : text.includes(".") ? undefined : text.replace(",", ".");

/** A number with the declared decimal mark; undefined for anything else, also for thousands separators. */
export function parseNumber(text: string, decimal: "." | ","): number | undefined {
  const pointed = withPoint(text, decimal);
  if (pointed === undefined || !DECIMAL_NUMBER.test(pointed)) return undefined;
  const value = Number(pointed);
  return Number.isFinite(value) ? value : undefined;
}

/**
 * One spelling of a code: a plain number loses leading zeros, a plus sign and zeros after the decimal mark ("1.0" and
 * "01" are "1"); any other text stays as it is, upper and lower case kept apart.
 */
export function canonicalCode(text: string, decimal: "." | "," = "."): string {
  const pointed = withPoint(text, decimal);
  if (pointed === undefined || !PLAIN_NUMBER.test(pointed) || pointed.length > 15) return text;
  const value = Number(pointed);
  return String(value === 0 ? 0 : value);
}
