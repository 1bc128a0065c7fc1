import { sha256 } from "@engraft/core/crypto/digest";
import type { RunEvent } from "@engraft/core/rounds/events";
import type { RunState } from "@engraft/core/rounds/state";
import { expect, it } from "vitest";
import { readMetrics, type Family } from "../../../../test/support/prometheus.ts";
import { Metrics } from "./metrics.ts";

/** A round's events as far as metrics look at them. */
const event = (type: RunEvent["type"], seconds: number, more: object = {}): RunEvent => ({ type, at: 1000 * seconds, ...more }) as RunEvent;

async function families(metrics: Metrics): Promise<ReadonlyMap<string, Family>> {
  return readMetrics((await metrics.text()).body);
}

const sumOf = (family: Family | undefined, suffix: string, labels: Readonly<Record<string, string>>): number | undefined =>
  family?.samples.find(
    (sample) =>
      sample.name === `${family.name}_${suffix}` && Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  )?.value;

it("measures each phase of a secure round, and each attempt at it", async () => {
  const metrics = new Metrics({
    agents: () => 3,
    phases: () => ["masking", "gathering", "masking"] satisfies RunState["phase"][],
    faults: () => 0,
  });
  const attempt = (number: number): object => ({ round: 1, attempt: number });
  const events = [
    event("run.created", 0),
    event("attempt.opened", 1, attempt(1)),
    event("roster.fixed", 11, attempt(1)),
    event("attempt.failed", 13, { ...attempt(1), code: "too-few-sites" }),
    event("attempt.opened", 14, attempt(2)),
    event("roster.fixed", 24, attempt(2)),
    event("shares.fixed", 25, attempt(2)),
    event("inputs.fixed", 28, attempt(2)),
    event("sum.opened", 33, attempt(2)),
    event("checkpoint.written", 33, { round: 1 }),
    event("run.stopped", 40),
  ];
  for (const one of events) metrics.event("tiny.1", one);
  const read = await families(metrics);
  const phases = read.get("engraft_round_phase_seconds");
  const seconds = Object.fromEntries(
    ["gathering", "advertising", "dealing", "masking", "unmasking"].map((phase) => [phase, sumOf(phases, "sum", { phase })]),
  );
  expect(seconds).toEqual({ gathering: 1 + 1 + 7, advertising: 20, dealing: 2 + 1, masking: 3, unmasking: 5 });
  expect(sumOf(phases, "count", { phase: "advertising" })).toBe(2);
  expect(sumOf(read.get("engraft_round_seconds"), "sum", {})).toBe(32);
  expect(read.get("engraft_attempts_failed_total")?.samples).toMatchObject([{ labels: { code: "too-few-sites" }, value: 1 }]);
  const runs = Object.fromEntries((read.get("engraft_runs")?.samples ?? []).map(({ labels, value }) => [labels["phase"], value]));
  expect(runs).toMatchObject({ masking: 2, gathering: 1, collecting: 0 });
});

it("measures no phase of which it did not see the beginning", async () => {
  const metrics = new Metrics({ agents: () => 0, phases: () => [], faults: () => 0 });
  metrics.event("tiny.1", event("round.closed", 100));
  metrics.event("tiny.1", event("checkpoint.written", 103, { checkpoint: { digest: sha256("c"), bytes: 8 } }));
  const phases = (await families(metrics)).get("engraft_round_phase_seconds");
  expect(sumOf(phases, "sum", { phase: "combining" })).toBe(3);
  expect(sumOf(phases, "count", { phase: "collecting" })).toBeUndefined();
});

it("counts bytes by kind, refusals by code, and the lag of events that were made durable here", async () => {
  const metrics = new Metrics({ agents: () => 0, phases: () => [], faults: () => 0 });
  metrics.bytes("in", 10, "message");
  metrics.bytes("in", 20, "blob");
  metrics.bytes("in", 5, "blob");
  metrics.refused("link", "unknown-key");
  const known = event("round.closed", 1);
  metrics.durable([known]);
  metrics.lag("feed", known);
  metrics.lag("reader", known);
  metrics.lag("reader", event("round.closed", 1));
  const read = await families(metrics);
  expect(read.get("engraft_link_bytes_total")?.samples.map(({ labels, value }) => [labels["direction"], labels["kind"], value])).toEqual([
    ["in", "message", 10],
    ["in", "blob", 25],
  ]);
  expect(read.get("engraft_refused_total")?.samples).toMatchObject([{ labels: { what: "link", code: "unknown-key" }, value: 1 }]);
  expect(sumOf(read.get("engraft_event_lag_seconds"), "count", { to: "feed" })).toBe(1);
  expect(sumOf(read.get("engraft_event_lag_seconds"), "count", { to: "reader" })).toBe(1);
});
