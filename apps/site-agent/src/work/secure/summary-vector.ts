/** What a site puts into the sum of a summary: counts of its patients, and nothing that a model says of them. */
import { EngraftError } from "@engraft/core/base/errors";
import type { SiteFigures } from "@engraft/core/models/metrics";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import type { Input } from "@engraft/core/secagg/quantize";
import { siteSplit } from "../../vault/split-key.ts";
import { countedBefore, countedNames, givenSummaries, noteSummary } from "../../vault/summaries.ts";
import type { Agreed } from "../check-ask.ts";
import { reporter, type Workshop } from "../workshop.ts";

interface SummaryPart {
  readonly input: Input;
  readonly figures: SiteFigures;
  readonly engine: string;
}

/** Throws `data-invalid` where the table cannot be used, `round-released` where these patients were counted before (F3). */
export async function summaryInput(
  workshop: Workshop,
  agreed: Agreed,
  records: readonly JournalRecord[],
  signal: AbortSignal,
): Promise<SummaryPart> {
  const { ask, offered, data } = agreed;
  const { plan } = offered;
  const settings = plan.summary;
  if (settings === undefined) throw new Error("Bug: the plan is of no summary");
  const { home } = workshop;
  reporter(workshop, agreed, "prepare")({ done: 0, total: 1 });
  // Loaded late: a site that only trains needs none of it.
  const { summarise } = await import("@engraft/engine/summary/summarise");
  const site = await siteSplit(home, { keep: true });
  const totals = await summarise({ plan, settings, table: data.table, site }, signal);
  signal.throwIfAborted();
  const [patients = 0] = totals;
  const names = countedNames(plan);
  const before = countedBefore(await givenSummaries(home), records, { run: ask.run, patients, names, minCount: plan.metrics.minCount });
  if (before !== undefined) throw new EngraftError(before.code, before.text);
  await noteSummary(home, { run: ask.run, at: workshop.now(), patients, names: [...names] });
  const figures = { validation: null, base: null, alone: null, federated: null };
  // The weight says nothing; it is still one word of the vector.
  return { input: { weight: 1, update: new Float32Array(0), totals }, figures, engine: "counts" };
}
