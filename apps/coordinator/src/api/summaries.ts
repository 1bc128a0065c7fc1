/** Summaries of the sites' data, out of the sums of runs that train nothing. */
import { EngraftError } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import type { SummaryTable } from "@engraft/core/models/summary/table";
import { signSummary } from "@engraft/core/provenance/summary";
import type { App } from "../app.ts";
import { readRecord } from "../rounds/secure/record.ts";

export interface SummaryView {
  readonly table: SummaryTable;
  /** The table in a DSSE envelope under the coordinator's key, as a file's text. */
  readonly signed: string;
}

/** Throws `not-found` where there is no such run, it is of no summary, or its sum is not open. */
export async function dataSummaryOf(app: App, run: RunId): Promise<SummaryView> {
  const events = (await app.store.events(run)).map(({ event }) => event);
  const created = events.find((event) => event.type === "run.created");
  const opened = events.find((event) => event.type === "sum.opened");
  const record = opened?.type === "sum.opened" ? await readRecord(app.blobs, opened.record) : undefined;
  if (created?.type !== "run.created" || opened?.type !== "sum.opened" || record?.summary === undefined)
    throw new EngraftError("not-found", `${run} has no summary: it is no run of a summary plan, or its sum is not open.`);
  const table: SummaryTable = {
    format: "engraft.summary/1",
    run,
    plan: created.plan,
    sum: opened.sum.digest,
    record: opened.record.digest,
    sites: opened.sites,
    figures: record.summary,
  };
  return { table, signed: signSummary(app.identity, table) };
}
