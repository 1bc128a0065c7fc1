/**
 * Plays: a run told as a few lines. Times are seconds; a scene answers with the types of the events that followed, or
 * with the code of the refusal.
 */
import { NOTHING_MEASURED, type Measure } from "../aggregation/mean.ts";
import { isRefusal, type Code } from "../base/errors.ts";
import { RunId, SiteName } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { heartPlan } from "../models/heart.fixture.ts";
import type { SiteMetrics } from "../models/metrics.ts";
import { planDigest } from "../models/plan-digest.ts";
import type { Plan } from "../models/plan.ts";
import type { Decline, Evaluation, Update } from "../protocol/messages.ts";
import { decide, type Command } from "./decide.ts";
import type { BlobRef, RunEvent } from "./events.ts";
import { ABSENT, evolve } from "./evolve.ts";
import { owed, type Obligation } from "./owed.ts";
import type { RunParams, RunState } from "./state.ts";
import type { Steering } from "./steering.ts";

export const RUN = RunId.parse("heart-head.1");
export const VECTOR_LENGTH = 3;

export const blob = (text: string, bytes = 4 * VECTOR_LENGTH): BlobRef => ({ digest: sha256(text), bytes });
export const START = blob("base");
export const paramsOf = (plan: Plan): RunParams => ({
  plan,
  planDigest: planDigest(plan),
  vectorLength: VECTOR_LENGTH,
  headInputs: 0,
  secure: null,
});
export const sitesNamed = (...names: string[]): SiteName[] => names.map((name) => SiteName.parse(name));

export const metrics = (auroc: number | null, n = 50): SiteMetrics => ({
  n,
  positives: null,
  values: { auroc: auroc === null ? null : { value: auroc, low: 0, high: 1 } },
});

export function createCommand(sites: readonly SiteName[], at = 0): Extract<Command, { do: "create" }> {
  return {
    do: "create",
    at,
    run: RUN,
    by: "admin:a@b.example",
    sites,
    approvals: sites.map((site) => ({ site, statement: sha256(`approval of ${site}`) })),
    manifest: blob("manifest", 10),
    weights: blob("weights", 52),
    start: START,
  };
}

/** An admin has an idea. `below(n)` is a whole number from 0 to n - 1. */
export function anIdea(below: (limit: number) => number, sites: readonly SiteName[], now: number): Steering {
  const by = "admin";
  const site = sites[below(sites.length)] as SiteName;
  const deadline = now + below(200_000) - 50_000;
  const ideas: readonly Steering[] = [
    { do: "move-deadline", by, deadline },
    { do: "leave-out", by, site },
    { do: "let-in", by, site },
    { do: "pause", by },
    { do: "resume", by },
  ];
  return ideas[below(ideas.length)] as Steering;
}

export class Play {
  readonly params: RunParams;
  readonly sites: readonly SiteName[];
  readonly events: RunEvent[] = [];
  state: RunState = ABSENT;
  /** Milliseconds. */
  now = 0;

  constructor(plan: Plan = heartPlan, names: readonly string[] = ["anna", "berta", "clara"]) {
    this.params = paramsOf(plan);
    this.sites = sitesNamed(...names);
  }

  /** The run is made and its first round is open to everybody. */
  static opened(plan?: Plan, names?: readonly string[]): Play {
    const play = new Play(plan, names);
    play.command(createCommand(play.sites));
    play.look();
    return play;
  }

  command(command: Command): readonly RunEvent["type"][] | Code {
    const answer = decide(this.params, this.state, command);
    if (isRefusal(answer)) return answer.code;
    this.events.push(...answer);
    this.state = answer.reduce(evolve(this.params), this.state);
    return answer.map((event) => event.type);
  }

  at(seconds: number): this {
    this.now = 1000 * seconds;
    return this;
  }

  look(online: readonly string[] = this.sites) {
    return this.command({ do: "look", at: this.now, online: sitesNamed(...online) });
  }

  update(site: string, change: Partial<Update> = {}, measure: Measure = NOTHING_MEASURED) {
    const checkpoint = this.state.phase === "absent" ? START.digest : this.state.checkpoint.digest;
    const update: Update = {
      run: RUN,
      round: this.round(),
      plan: this.params.planDigest,
      checkpoint,
      update: blob(`${site} ${this.round()}`),
      sampleCount: 100,
      validation: null,
      engine: "wasm",
      seconds: { fetch: 0, train: 1 },
      ...change,
    };
    return this.command({
      do: "update",
      at: this.now,
      site: SiteName.parse(site),
      statement: sha256(JSON.stringify(update)),
      update,
      measure,
    });
  }

  decline(site: string, change: Partial<Decline> = {}) {
    const kind = this.state.phase === "evaluating" ? "evaluate" : "train";
    const decline: Decline = {
      run: RUN,
      round: this.round(),
      kind,
      plan: this.params.planDigest,
      code: "data-missing",
      text: "No data is registered.",
      ...change,
    };
    return this.command({ do: "decline", at: this.now, site: SiteName.parse(site), decline });
  }

  evaluation(site: string, change: Partial<Evaluation> = {}) {
    const checkpoint = this.state.phase === "absent" ? START.digest : this.state.checkpoint.digest;
    const evaluation: Evaluation = {
      run: RUN,
      round: this.round(),
      plan: this.params.planDigest,
      checkpoint,
      validation: null,
      base: metrics(0.7),
      alone: metrics(0.75),
      federated: metrics(0.8),
      ...change,
    };
    return this.command({
      do: "evaluation",
      at: this.now,
      site: SiteName.parse(site),
      statement: sha256(JSON.stringify(evaluation)),
      evaluation,
    });
  }

  combined(round = this.round(), online: readonly string[] = []) {
    return this.command({ do: "combined", at: this.now, round, checkpoint: blob(`checkpoint ${round}`), online: sitesNamed(...online) });
  }

  steer(steering: Steering, online: readonly string[] = this.sites) {
    return this.command({ ...steering, at: this.now, online: sitesNamed(...online) });
  }

  /** The coordinator was away and is back; nobody has connected yet. */
  back() {
    return this.command({ do: "back", at: this.now, online: [] });
  }

  stop() {
    return this.command({ do: "stop", at: this.now, by: "admin:a@b.example" });
  }

  /** A whole round: everybody answers with this validation figure, and the mean is taken. */
  roundOf(auroc: number | null = null): void {
    this.look();
    for (const site of this.sites) this.update(site, { validation: auroc === null ? null : metrics(auroc) });
    this.combined();
  }

  owed(): readonly Obligation[] {
    return owed(this.params, this.state);
  }

  asked(): readonly string[] {
    return this.owed().flatMap((due) => (due.owe === "ask" ? [due.site] : []));
  }

  private round(): number {
    const { state } = this;
    if (state.phase === "collecting" || state.phase === "combining") return state.round;
    return state.phase === "absent" ? 1 : state.roundsDone;
  }
}
