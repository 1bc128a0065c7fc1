/** `engraft-coordinator run summary`, and `plan propose` with `--summary`, `--shift` and `--compare`. */
import { writeFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import { RunId } from "@engraft/core/base/ids";
import { LEAST_SUMMARY_COUNT } from "@engraft/core/models/summary/settings";
import { shiftReference } from "@engraft/core/models/summary/shift";
import { summaryLines } from "@engraft/core/models/summary/words";
import * as z from "zod";
import { withApi, type Reach } from "./api.ts";
import { parsed, type Said } from "./commands.ts";

/** The table; `out` gets it as it is signed. */
export async function showSummary(reach: Reach, run: string, out: string | undefined): Promise<Said> {
  const id = parsed(RunId, run, "a run, for example heart-data.1");
  const { table, signed } = await withApi(reach, (api) => api.runs.summary.query({ run: id }));
  if (out !== undefined) await writeFile(out, signed, { mode: 0o600 });
  return { json: table, lines: [...summaryLines(table), ...(out === undefined ? [] : ["", `Signed: ${out}`])] };
}

/** A plan's text, in which each site is compared with the summary of that run. */
export async function withShift(reach: Reach, text: string, run: string): Promise<string> {
  const id = parsed(RunId, run, "the run of a summary, for example heart-data.1");
  const draft = readDraft(text);
  const { table } = await withApi(reach, (api) => api.runs.summary.query({ run: id }));
  return JSON.stringify({ ...draft, metrics: { ...draft.metrics, shift: shiftReference(table) } });
}

/** A plan's text, in which each site also judges the model of that run; the coordinator says which checkpoint that is. */
export function withEarlier(text: string, run: string): string {
  const id = parsed(RunId, run, "the run of an earlier model, for example heart.1");
  const draft = readDraft(text);
  return JSON.stringify({ ...draft, metrics: { ...draft.metrics, compareRelease: { run: id } } });
}

const Draft = z.looseObject({ name: z.string(), training: z.looseObject({}), metrics: z.looseObject({ minCount: z.number() }) });

function readDraft(text: string): z.infer<typeof Draft> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new EngraftError("plan-invalid", "The plan is not JSON.", { cause });
  }
  const draft = Draft.safeParse(json);
  if (!draft.success) throw new EngraftError("plan-invalid", "This is no plan: it needs name, training and metrics.");
  return draft.data;
}

/** A plan's text as that of a summary of the same fields: nothing is trained, and one sum is made. */
export function asSummary(text: string, bins: number): string {
  const { strategy: _, acceptance: __, ...plan } = readDraft(text);
  const { analytic: ___, ...training } = plan.training;
  const {
    compareMix: ____,
    compareIntercept: _____,
    shift: ______,
    compareGain: _______,
    compareRelease: ________,
    ...metrics
  } = plan.metrics;
  return JSON.stringify({
    ...plan,
    name: `${plan.name.slice(0, 35).replace(/-+$/, "")}-data`,
    training,
    rounds: { count: 1, stop: null },
    metrics: { ...metrics, minCount: Math.max(LEAST_SUMMARY_COUNT, metrics.minCount), perSite: false, compareAlone: false },
    summary: { bins },
  });
}
