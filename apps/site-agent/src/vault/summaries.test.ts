import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@engraft/core/base/ids";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { expect, it } from "vitest";
import { countedBefore, givenSummaries, noteSummary } from "./summaries.ts";

const released = (run: string): JournalRecord => ({ kind: "released", run, round: 1 }) as JournalRecord;
const run = (id: string): RunId => id as RunId;

it("[F3] keeps which summaries a site's counts left in, and lets those of the same patients leave once", async () => {
  const home = await mkdtemp(join(tmpdir(), "engraft-summaries-"));
  expect(await givenSummaries(home)).toEqual([]);
  const first = { run: run("heart-data.1"), at: 1, patients: 100, names: ["age", "num"] };
  await noteSummary(home, first);
  await noteSummary(home, { ...first, at: 2 });
  const given = await givenSummaries(home);
  expect(given).toEqual([{ ...first, at: 2 }]);
  const ask = (change: object = {}, records: readonly JournalRecord[] = [released("heart-data.1")]) =>
    countedBefore(given, records, { run: "other.1", patients: 105, names: ["num"], minCount: 10, ...change });
  expect(ask()?.code).toBe("round-released");
  expect(ask({ patients: 91 })?.code).toBe("round-released");
  // The same run again, after a crash; a run whose sum was never opened; other fields; other patients.
  expect(ask({ run: "heart-data.1" })).toBeUndefined();
  expect(ask({}, [])).toBeUndefined();
  // In the sum that others opened before this site could release.
  const stored = { kind: "stored", run: "heart-data.1", round: 1, vector: "v" } as unknown as JournalRecord;
  const masked = { kind: "masked", vector: "v" } as unknown as JournalRecord;
  expect(ask({}, [stored])).toBeUndefined();
  expect(ask({}, [stored, masked])?.code).toBe("round-released");
  expect(ask({}, [stored, { ...masked, vector: "w" } as unknown as JournalRecord])).toBeUndefined();
  expect(ask({ names: ["weight"] })).toBeUndefined();
  expect(ask({ patients: 110 })).toBeUndefined();
  expect(ask({ patients: 90 })).toBeUndefined();
});
