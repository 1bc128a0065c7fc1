/**
 * A small world around the round machine: sites that come and go, a network that loses, repeats and reorders, a clock
 * that jumps, and a coordinator that crashes and knows afterwards only what it has stored. Everything follows from one seed.
 */
import { NOTHING_MEASURED, type Measure } from "../aggregation/mean.ts";
import { isRefusal, type Code } from "../base/errors.ts";
import { numbers } from "../base/numbers.fixture.ts";
import { SiteName } from "../base/ids.ts";
import { digestOf, sha256 } from "../crypto/digest.ts";
import { planWith } from "../models/heart.fixture.ts";
import type { Ask } from "../protocol/messages.ts";
import { decide, type Command } from "./decide.ts";
import type { BlobRef, RunEvent } from "./events.ts";
import { ABSENT, evolve } from "./evolve.ts";
import { owed, type Obligation } from "./owed.ts";
import { START, VECTOR_LENGTH, anIdea, blob, createCommand, metrics, paramsOf } from "./play.fixture.ts";
import { isEnded, type RunParams, type RunState } from "./state.ts";

type Message =
  | { readonly to: "site"; readonly site: SiteName; readonly ask: Ask }
  | { readonly to: "coordinator"; readonly command: (at: number) => Command };

export class World {
  readonly params: RunParams;
  readonly sites: readonly SiteName[];
  /** The only thing that survives a crash of the coordinator. */
  readonly stored: RunEvent[] = [];
  state: RunState = ABSENT;
  now = 0;
  readonly online = new Set<SiteName>();
  readonly refusals = new Map<Code, number>();
  /** What went into each checkpoint, oldest first; starts with nothing in the base. */
  readonly contents = new Map<string, readonly string[]>([[START.digest, []]]);
  crashes = 0;
  private readonly random: () => number;
  private readonly network: Message[] = [];
  /** What each site has stored as its answer, so that it repeats itself. */
  private readonly outbox = new Map<string, (at: number) => Command>();

  constructor(seed: number) {
    this.random = numbers(seed);
    const names = ["anna", "berta", "clara", "dora", "emma"].slice(0, 2 + this.below(4));
    this.sites = names.map((name) => SiteName.parse(name));
    const plan = planWith({
      rounds: { count: 1 + this.below(4), stop: this.chance(0.3) ? { metric: "auroc", patience: 1, minDelta: 0.01 } : null },
      cohort: {
        minSites: 1 + this.below(this.sites.length),
        fraction: this.chance(0.5) ? 1 : 0.1 + 0.8 * this.random(),
        gatherSeconds: this.below(100),
        deadlineSeconds: 1 + this.below(300),
        graceSeconds: this.below(200),
      },
    });
    this.params = paramsOf(plan);
    for (const site of this.sites) if (this.chance(0.8)) this.online.add(site);
    this.command(createCommand(this.sites));
  }

  /** One random thing happens. */
  step(): void {
    const dice = this.random();
    if (dice < 0.25) this.perform();
    else if (dice < 0.7) this.deliver();
    else if (dice < 0.8) this.jump();
    else if (dice < 0.88) this.toggle();
    else if (dice < 0.93) this.look();
    else if (dice < 0.95) this.steer();
    else if (dice < 0.995) this.crash();
    else if (this.chance(0.1)) this.command({ do: "stop", at: this.now, by: "admin" });
  }

  /** From now on nothing is lost and everybody is online. True where the run ends within `steps`. */
  calm(steps: number): boolean {
    for (const site of this.sites) this.online.add(site);
    for (let step = 0; step < steps && !isEnded(this.state); step++) {
      // A person who sees that it is paused.
      this.command({ do: "resume", by: "admin", ...this.occasion() });
      this.look();
      for (const due of this.owed()) {
        if (due.owe === "look") this.now = Math.max(this.now, due.at);
        else if (due.owe === "ask") this.command(this.answer(due.site, due.ask)(this.now));
        else if (due.owe === "combine") this.command(this.combine(due)(this.now));
      }
    }
    return isEnded(this.state);
  }

  owed(): readonly Obligation[] {
    return owed(this.params, this.state);
  }

  command(command: Command): void {
    const answer = decide(this.params, this.state, command);
    if (isRefusal(answer)) {
      this.refusals.set(answer.code, (this.refusals.get(answer.code) ?? 0) + 1);
      return;
    }
    // A crash before the append loses the command; one after it loses only what the process knew.
    if (this.chance(0.01)) return this.crash();
    this.stored.push(...answer);
    this.state = answer.reduce(evolve(this.params), this.state);
  }

  private perform(): void {
    for (const due of this.owed()) {
      if (due.owe === "ask" && this.online.has(due.site)) this.network.push({ to: "site", site: due.site, ask: due.ask });
      if (due.owe === "combine") this.network.push({ to: "coordinator", command: this.combine(due) });
    }
  }

  private deliver(): void {
    if (this.network.length === 0) return;
    const index = this.below(this.network.length);
    const message = this.network[index] as Message;
    if (!this.chance(0.15)) this.network.splice(index, 1);
    if (this.chance(0.15)) return;
    if (message.to === "coordinator") this.command(message.command(this.now));
    else if (this.online.has(message.site)) this.network.push({ to: "coordinator", command: this.answer(message.site, message.ask) });
  }

  private answer(site: SiteName, ask: Ask): (at: number) => Command {
    const key = `${site} ${ask.round} ${ask.kind} ${ask.checkpoint.digest}`;
    const known = this.outbox.get(key);
    if (known !== undefined) return known;
    const made = this.makeAnswer(site, ask);
    this.outbox.set(key, made);
    return made;
  }

  private makeAnswer(site: SiteName, { run, round, kind, plan, checkpoint }: Ask): (at: number) => Command {
    const mood = this.random();
    const statement = sha256(`${site} ${round} ${kind} ${mood}`);
    if (mood < 0.08) return (at) => ({ do: "decline", at, site, decline: { run, round, kind, plan, code: "training-failed", text: "" } });
    if (kind === "evaluate") {
      const federated = metrics(mood, mood < 0.2 ? 1 : 50);
      return (at) => ({
        do: "evaluation",
        at,
        site,
        statement,
        evaluation: { run, round, plan, checkpoint: checkpoint.digest, validation: null, base: null, alone: null, federated },
      });
    }
    const measure: Measure =
      mood < 0.12 ? { finite: false, sumOfSquares: Number.NaN } : mood < 0.16 ? { finite: true, sumOfSquares: 1e6 } : NOTHING_MEASURED;
    const update = {
      run,
      round,
      plan,
      checkpoint: checkpoint.digest,
      update: blob(`${site} ${round}`, mood < 0.2 ? 1 : 4 * VECTOR_LENGTH),
      sampleCount: 1 + Math.floor(1000 * mood),
      validation: metrics(mood),
      engine: "wasm",
      seconds: { fetch: 0, train: 0 },
    };
    return (at) => ({ do: "update", at, site, statement, update, measure });
  }

  /** The mean, as a list of what it holds: the blob's digest depends on exactly that. */
  private combine(due: Extract<Obligation, { owe: "combine" }>): (at: number) => Command {
    const before = this.contents.get(due.checkpoint.digest);
    if (before === undefined) throw new Error("A mean is due from a checkpoint that was never written.");
    const contents = [...before, ...due.inputs.map((input) => `${due.round} ${input.site}`)];
    const checkpoint: BlobRef = { digest: digestOf(contents), bytes: 4 * VECTOR_LENGTH };
    this.contents.set(checkpoint.digest, contents);
    return (at) => ({ do: "combined", at, round: due.round, checkpoint });
  }

  private look(): void {
    this.command({ do: "look", ...this.occasion() });
  }

  private occasion() {
    return { at: this.now, online: [...this.online] };
  }

  private steer(): void {
    this.command({ ...anIdea((limit) => this.below(limit), this.sites, this.now), ...this.occasion() });
  }

  private jump(): void {
    const far = this.chance(0.3) ? 400_000 : 20_000;
    this.now = Math.max(0, this.now + Math.floor(far * (this.random() - 0.1)));
  }

  private toggle(): void {
    const site = this.sites[this.below(this.sites.length)] as SiteName;
    if (!this.online.delete(site)) this.online.add(site);
  }

  /** Whatever was not stored is gone, and every answer on its way to the process that died. */
  private crash(): void {
    this.crashes++;
    this.state = this.stored.reduce(evolve(this.params), ABSENT);
    const left = this.network.filter((message) => message.to !== "coordinator");
    this.network.splice(0, this.network.length, ...left);
    // Creating is one command of a person, who sees the error and does it again.
    if (this.state.phase === "absent") this.command(createCommand(this.sites, this.now));
    else this.command({ do: "back", ...this.occasion() });
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private below(limit: number): number {
    return Math.floor(limit * this.random());
  }
}
