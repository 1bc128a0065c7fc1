/** Events of a small secure run, for the tests of what the run page makes of them. Four sites, three needed. */
import type { RoundRecordView } from "@engraft/coordinator/api/views";
import { numbersOf } from "@engraft/core/models/directory-numbers";
import type { PooledFigures, PooledMetrics } from "@engraft/core/models/pooled";
import type { AttemptView } from "@engraft/core/rounds/secure/view";
import type { RunEvent } from "@engraft/core/rounds/events";
import { runView, type RunView } from "@engraft/core/rounds/view";

export const SITES = ["a", "b", "c", "d"];
export const NUMBERS = numbersOf(SITES.length);
const DIGEST = "0".repeat(64);
const blob = { digest: DIGEST, bytes: 2180 };
const NO_FIGURES = { validation: null, base: null, alone: null, federated: null };

export const pooled = (auroc: number, loss = 0.5): PooledMetrics => ({
  n: 200,
  positives: 80,
  values: { auroc: { value: auroc, low: auroc - 0.01, high: auroc + 0.01 }, loss: { value: loss, low: loss, high: loss } },
  calibration: [],
});

type Loose = Record<string, unknown>;

export const CREATED: Loose = {
  type: "run.created",
  at: 0,
  run: "heart.1",
  plan: DIGEST,
  by: "admin:ada@x.example",
  sites: SITES,
  manifest: blob,
  weights: blob,
  start: blob,
};

/** One attempt, written step by step; each event is a second after the one before. */
export class Attempt {
  readonly events: Loose[] = [];
  readonly #in: Loose;
  #at: number;

  constructor(round: number, attempt = 1, purpose: "train" | "evaluate" = "train", at = 1000 * round) {
    this.#in = { round, attempt };
    this.#at = at;
    this.#add("attempt.opened", { purpose, nonce: DIGEST, cohort: SITES, deadline: at + 60_000 });
  }

  #add(type: string, rest: Loose): this {
    this.events.push({ type, at: (this.#at += 1), ...this.#in, ...rest });
    return this;
  }

  /** An event that bears no attempt. */
  #addPlain(type: string, rest: Loose): this {
    this.events.push({ type, at: (this.#at += 1), round: this.#in["round"], ...rest });
    return this;
  }

  keys(...sites: string[]): this {
    const rest = { advert: {}, statement: DIGEST, figures: NO_FIGURES, engine: "wasm", seconds: { fetch: 1, train: 2 } };
    for (const site of sites) this.#add("advert.accepted", { site, ...rest });
    return this;
  }
  roster = (...sites: string[]): this => this.#add("roster.fixed", { sites, roster: DIGEST, until: 90_000 });
  shares(...sites: string[]): this {
    for (const site of sites) this.#add("deal.accepted", { site, deal: blob, root: DIGEST });
    return this;
  }
  dealt = (...sites: string[]): this => this.#add("shares.fixed", { sites, shares: DIGEST, until: 90_000 });
  masked(...sites: string[]): this {
    for (const site of sites) this.#add("input.accepted", { site, header: {}, body: blob });
    return this;
  }
  fixed = (...sites: string[]): this => this.#add("inputs.fixed", { sites, inputs: DIGEST, until: 90_000 });
  echoes(...sites: string[]): this {
    for (const site of sites) this.#add("echo.accepted", { site, echo: {} });
    return this;
  }
  releases(...sites: string[]): this {
    for (const site of sites) this.#add("release.accepted", { site, release: blob });
    return this;
  }
  drops = (site: string, text = "It could not train."): this => this.#addPlain("site.dropped", { site, code: "training-failed", text });
  sum = (figures: Partial<PooledFigures>, ...sites: string[]): this =>
    this.#add("sum.opened", { sites, sum: blob, record: blob, totalWeight: 464, pooled: { ...NO_FIGURES, ...figures }, crooked: [] });
  fails = (missing: readonly string[], text = "2 of the 3 sites needed dealt shares."): this =>
    this.#add("attempt.failed", { code: "too-few-sites", text, missing });
  checkpoint = (): this => this.#addPlain("checkpoint.written", { checkpoint: blob });
  ends = (): this => this.#addPlain("run.finished", {});

  /** Up to the point where all vectors of `sites` are fixed. */
  upToMasked = (...sites: string[]): this =>
    this.keys(...sites)
      .roster(...sites)
      .shares(...sites)
      .dealt(...sites)
      .masked(...sites)
      .fixed(...sites);
}

export function viewOf(...attempts: readonly Attempt[]): RunView {
  const view = runView([CREATED, ...attempts.flatMap(({ events }) => events)] as unknown as readonly RunEvent[]);
  if (view === undefined) throw new Error("the run was created");
  return view;
}

/** The last attempt of the last round. */
export function attemptOf(...attempts: readonly Attempt[]): AttemptView {
  const attempt = viewOf(...attempts)
    .rounds.at(-1)
    ?.attempts.at(-1);
  if (attempt === undefined) throw new Error("an attempt was opened");
  return attempt;
}

/** All are in, each holder releases what is due. `gone`: dropped out after they had dealt. */
export function recordOf(inSum: readonly string[], gone: readonly string[] = []): RoundRecordView {
  return {
    round: 1,
    attempt: 1,
    purpose: "train",
    sites: inSum,
    checkpoints: [],
    masked: inSum.map((site) => ({ site, digest: DIGEST, bytes: 2180, kept: true })),
    released: inSum.map((site) => ({ site, seedsFor: inSum, keysFor: gone })),
    sum: blob,
    readable: [],
  };
}
