import type { TableReport } from "@engraft/engine/data/check";
import { checkTable } from "@engraft/engine/data/check";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { FIELDS, HOSPITALS, LABEL, SPLIT } from "./definition.ts";
import { siteTable } from "./files.ts";

/** UCI's own files, where this machine has them: outside the repository, since they are larger than what is derived from them. */
const SHARED = process.env["ENGRAFT_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const ORIGINALS = join(SHARED, "data", "heart-disease");
const originalOf = { cleveland: "cleveland", hungary: "hungarian", switzerland: "switzerland", va: "va" } as const;
const haveOriginals = existsSync(ORIGINALS);
const required = process.env["ENGRAFT_REQUIRE_ALL"] === "1";

const lines = (path: string): string[][] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));

const value = (text: string): number | null => (text === "" || text === "?" ? null : Number(text));

describe.each(HOSPITALS)("the table of %s", (hospital) => {
  it.skipIf(!haveOriginals && !required)(`equals UCI's file in every value${haveOriginals ? "" : " (skipped: no ../shared/data/heart-disease; set ENGRAFT_SHARED)"}`, () => {
    const derived = lines(siteTable(hospital).path).slice(1);
    const original = lines(join(ORIGINALS, `processed.${originalOf[hospital]}.data`));
    expect(derived.map(([, ...cells]) => cells.map(value))).toEqual(original.map((cells) => cells.map(value)));
    expect(derived.flat().filter((_, index) => index % 15 !== 0).every((text) => text === "" || Number.isFinite(Number(text)))).toBe(true);
    expect(new Set(derived.map(([patient]) => patient)).size).toBe(original.length);
  });

  it("is usable in every row, and its problems are the known ones", async () => {
    const report = await checkTable(siteTable(hospital), { fields: [...FIELDS], label: LABEL, split: SPLIT });
    expect(report).toMatchObject({ ok: true, rows: KNOWN[hospital].rows, usable: KNOWN[hospital].rows, classes: { positive: KNOWN[hospital].positive } });
    expect(report.findings.map(({ kind, count }) => [kind, count])).toEqual(KNOWN[hospital].findings);
  });

  it("has enough patients of both classes in each held-out part", async () => {
    const { parts } = await checkTable(siteTable(hospital), { fields: [...FIELDS], label: LABEL, split: SPLIT });
    expect(enough(parts)).toBe(true);
  });
});

/** From heart-disease.names and README.md; cholesterol 0, and one pressure of 0, are outside the range. */
const KNOWN = {
  cleveland: { rows: 303, positive: 139, findings: [] },
  hungary: { rows: 294, positive: 106, findings: [] },
  switzerland: { rows: 123, positive: 115, findings: [["outside-range", 123]] },
  va: { rows: 200, positive: 149, findings: [["outside-range", 50]] },
} as const;

const enough = ({ validation, test }: TableReport["parts"]): boolean =>
  Math.min(validation.patients, test.patients) >= 20 && Math.min(validation.positive, validation.negative) >= 2 && Math.min(test.positive, test.negative) >= 3;

it("the salt is the first that leaves enough", async () => {
  const earlier = Array.from({ length: Number(SPLIT.salt.split("-").at(-1)) - 1 }, (_, index) => `heart-disease-${index + 1}`);
  for (const salt of earlier) {
    const reports = await Promise.all(HOSPITALS.map((hospital) => checkTable(siteTable(hospital), { fields: [], label: LABEL, split: { ...SPLIT, salt } })));
    expect(reports.every((report) => enough(report.parts))).toBe(false);
  }
});
