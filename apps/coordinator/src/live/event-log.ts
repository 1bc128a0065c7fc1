/** Log lines of what happens in runs, with the fields by which they are searched: run, round, attempt, site, code. */
import type { RunEvent } from "@engraft/core/rounds/events";
import type { Logger } from "@engraft/runtime/log";
import type { LiveItem } from "../api/views.ts";

export interface EventLine {
  /** A secure round has several statements of each site: they are for whoever looks closely. */
  readonly level: "info" | "debug" | "warn";
  readonly fields: Readonly<Record<string, string | number>>;
}

const CLOSE_UP: ReadonlySet<RunEvent["type"]> = new Set([
  "advert.accepted",
  "deal.accepted",
  "input.accepted",
  "echo.accepted",
  "release.accepted",
]);
const BAD: ReadonlySet<RunEvent["type"]> = new Set([
  "site.dropped",
  "evaluation.missed",
  "attempt.failed",
  "opening.failed",
  "round.failed",
  "run.failed",
  "complaint.made",
]);

/** Only these: an event may hold keys and figures, which are no business of a log. */
const FIELDS = ["round", "attempt", "site", "code", "text", "reason", "by", "plan", "dealer", "blamed"] as const;

export function lineOf(run: string, event: RunEvent): EventLine {
  const all = event as Readonly<Record<string, unknown>>;
  const said = FIELDS.flatMap((name) => {
    const value = all[name];
    return typeof value === "string" || typeof value === "number" ? [[name, value] as const] : [];
  });
  const level = BAD.has(event.type) ? "warn" : CLOSE_UP.has(event.type) ? "debug" : "info";
  return { level, fields: { run, ...Object.fromEntries(said) } };
}

export function logItem(log: Logger, item: LiveItem): void {
  if (item.kind === "event") {
    const { level, fields } = lineOf(item.run, item.event);
    log[level](fields, item.event.type);
  } else if (item.kind === "refusal") {
    const { actor, round, code, text } = item.refusal;
    log.warn({ run: item.run, round, site: actor.replace(/^site:/, ""), code, text }, "answer.refused");
  }
}
