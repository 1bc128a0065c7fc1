/** Markdown out of what people wrote: text stays text, whatever it holds. */

const SPECIAL = /[\\`*_[\]<>|#~]/g;

export const escaped = (text: string): string =>
  text
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll(SPECIAL, String.raw`\$&`);

export const code = (text: string): string => `\`${text.replaceAll(/[`\s]+/g, " ")}\``;

/** Cells are Markdown already. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** A figure with as many digits as say something. */
export const figure = (value: number): string => String(Number(value.toPrecision(4)));

/** A day of a moment in milliseconds since 1970, in UTC. */
export const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
