/** Events of a small run, for the tests of what the run page makes of them. */
import type { SiteMetrics } from "@engraft/core/models/metrics";
import type { RunEvent } from "@engraft/core/rounds/events";

const DIGEST = "0".repeat(64);
const blob = { digest: DIGEST, bytes: 2180 };

export const metrics = (auroc: number, n = 50): SiteMetrics => ({
  n,
  positives: null,
  values: { auroc: { value: auroc, low: auroc - 0.05, high: auroc + 0.05 } },
});

type Loose = RunEvent | Record<string, unknown>;
const events = (list: readonly Loose[]): readonly RunEvent[] => list as readonly RunEvent[];

/** Two sites; round 1 with both, round 2 with `a` in and `b` still out. Times in milliseconds. */
export const TWO_ROUNDS: readonly RunEvent[] = events([
  {
    type: "run.created",
    at: 0,
    run: "heart-head.1",
    plan: DIGEST,
    by: "admin:ada@x.example",
    sites: ["a", "b"],
    manifest: blob,
    weights: blob,
    start: blob,
  },
  { type: "round.opened", at: 1000, round: 1, cohort: ["a", "b"], deadline: 61_000 },
  {
    type: "update.accepted",
    at: 3000,
    round: 1,
    site: "a",
    update: blob,
    statement: DIGEST,
    sampleCount: 100,
    validation: metrics(0.7),
    engine: "wasm",
    seconds: { fetch: 0.5, train: 1 },
  },
  {
    type: "update.accepted",
    at: 5000,
    round: 1,
    site: "b",
    update: blob,
    statement: DIGEST,
    sampleCount: 50,
    validation: metrics(0.6),
    engine: "wasm",
    seconds: { fetch: 1, train: 2.5 },
  },
  { type: "round.closed", at: 5000, round: 1, survivors: ["a", "b"], reason: "all-answered" },
  { type: "checkpoint.written", at: 5100, round: 1, checkpoint: blob },
  { type: "round.opened", at: 6000, round: 2, cohort: ["a", "b"], deadline: 66_000 },
  {
    type: "update.accepted",
    at: 8000,
    round: 2,
    site: "a",
    update: blob,
    statement: DIGEST,
    sampleCount: 100,
    validation: metrics(0.9),
    engine: "wasm",
    seconds: { fetch: 0.5, train: 1 },
  },
]);

export const CLOSED_WITHOUT_B: readonly RunEvent[] = events([
  { type: "site.dropped", at: 9000, round: 2, site: "b", code: "training-failed", text: "Training failed." },
  { type: "round.closed", at: 9000, round: 2, survivors: ["a"], reason: "deadline" },
]);
