import { describe, expect, it } from "vitest";
import { BEGINNING, type NumberedEntry } from "./file.ts";
import { syslogLine } from "./syslog.ts";

/** The grammar of RFC 5424, section 6, for a message with a UTF-8 text. */
const ELEMENT = String.raw`\[[!#-<>-\\^-~]{1,32}(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\]`;
const MESSAGE = new RegExp(
  String.raw`^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ((?:${ELEMENT})+) \uFEFF([^\n]*)\n$`,
  "u",
);

const entry: NumberedEntry = {
  ...BEGINNING,
  seq: 12,
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  actor: "site:st-anna",
  action: "update.refused",
  subject: "heart.1",
  detail: { code: "over-clip", text: 'a "quoted" ] back\\slash\nline', "a name=]": null, round: 3 },
};

describe("syslog", () => {
  it("[A5] writes messages by RFC 5424 with the entry as structured data", () => {
    const line = syslogLine(entry, { host: "hub.example", app: "engraft-coordinator" });
    const [, priority, at, host, app, process, id, data = "", text] = MESSAGE.exec(line) ?? [];
    expect([priority, at, host, app, process, id]).toEqual([
      "109",
      "2026-01-02T03:04:05.006Z",
      "hub.example",
      "engraft-coordinator",
      "-",
      "update.refused",
    ]);
    expect(text).toBe("site:st-anna: update.refused heart.1");
    const read = [...data.matchAll(/ ([^ =]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)].map(([, name, one = ""]) => [
      name,
      one.replace(/\\(["\\\]])/g, "$1"),
    ]);
    expect(Object.fromEntries(read)).toEqual({
      seq: "12",
      actor: "site:st-anna",
      subject: "heart.1",
      hash: entry.hash,
      code: "over-clip",
      text: 'a "quoted" ] back\\slash line',
      a_name__: "null",
      round: "3",
    });
  });

  it("[A5] keeps the header's fields printable and short, whatever the entry says", () => {
    const line = syslogLine({ ...entry, action: `x ${"é\n".repeat(40)}` }, { host: "a b", app: "" });
    expect(line).toMatch(MESSAGE);
  });
});
