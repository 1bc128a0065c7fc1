/** Audit entries as syslog messages (RFC 5424), one line each, for a hospital's own log server. `audit verify` does not read them. */
import type { NumberedEntry } from "./file.ts";

/** Facility 13, log audit; severity 5 (notice) for what was refused or failed, else 6 (informational). */
const FACILITY = 13;
/** The number that IANA keeps for examples (RFC 5612): Engraft has none of its own. */
const ENTERPRISE = 32_473;

/** A printable word without spaces, at most `length` long, as the fields of the header and the names of parameters are. */
const word = (text: string, length: number): string => text.replace(/[^!-~]/g, "_").slice(0, length) || "-";

/** Backslash, quote and bracket are escaped (6.3.3); a control character would break the line. */
const value = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f\u2028\u2029]/g, " ").replace(/[\\"\]]/g, (one) => `\\${one}`);

const element = (id: string, parameters: readonly (readonly [string, string])[]): string =>
  `[${id}@${ENTERPRISE}${parameters.map(([name, text]) => ` ${word(name, 32).replace(/[=\]"]/g, "_")}="${value(text)}"`).join("")}]`;

/** `host`: the coordinator or site; `app`: the program. Ends with a line feed. */
export function syslogLine(entry: NumberedEntry, from: { readonly host: string; readonly app: string }): string {
  const { seq, at, actor, action, subject, detail, hash } = entry;
  const severity = /refused|failed|dropped|declined|altered/.test(action) ? 5 : 6;
  const header = `<${FACILITY * 8 + severity}>1 ${new Date(at).toISOString()} ${word(from.host, 255)} ${word(from.app, 48)} - ${word(action, 32)}`;
  const data = [
    element("audit", [
      ["seq", String(seq)],
      ["actor", actor],
      ["subject", subject],
      ["hash", hash],
    ]),
    element(
      "detail",
      Object.entries(detail).map(([name, one]) => [name, String(one)] as const),
    ),
  ];
  // The byte order mark says that the text is UTF-8 (6.4).
  return `${header} ${data.join("")} \uFEFF${value(`${actor}: ${action} ${subject}`).replace(/\\(.)/g, "$1")}\n`;
}
