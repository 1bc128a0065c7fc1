/** A hand-driven site in a secure run of the real coordinator, which lies where and how the test says. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { signBytes } from "@engraft/core/crypto/identity";
import type { SiteName } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import { readPlan } from "@engraft/core/models/plan-digest";
import type { Ask, SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import { keysOf, type HandSite } from "./hand-site.ts";
import { attemptOf, HandAttempt, partsOfStep } from "./hand-secure.ts";

/** What is said instead of the honest reply: nothing, something else, or more. */
export type Lie = (honest: SecaggReply, attempt: HandAttempt) => readonly SecaggReply[];
/** By round and attempt, "2.1", and phase. */
export type Lies = Readonly<Record<string, Partial<Readonly<Record<SecaggReply["phase"], Lie>>>>>;

export class SecureLiar {
  readonly attempts = new Map<string, HandAttempt>();
  readonly #hand: HandSite;
  readonly #name: SiteName;
  readonly #lies: Lies;
  #plan: Plan | undefined;
  #done = 0;
  #stopped = false;
  readonly finished: Promise<void>;
  readonly #home: string;

  constructor(hand: HandSite, home: string, name: string, lies: Lies) {
    this.#hand = hand;
    this.#home = home;
    this.#name = name as SiteName;
    this.#lies = lies;
    this.finished = this.#run();
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.finished;
  }

  async #run(): Promise<void> {
    const { coordinatorKey } = await keysOf(this.#home);
    while (!this.#stopped) {
      const message = this.#hand.heard[this.#done];
      if (message === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      this.#done += 1;
      if (message.type === "ask") await this.#asked(message.value, coordinatorKey);
      if (message.type === "secagg.step") await this.#stepped(message.value);
    }
  }

  async #asked(ask: Ask, coordinatorKey: Parameters<typeof attemptOf>[2]): Promise<void> {
    if (ask.attempt === null) throw new Error("a plain ask");
    this.#plan ??= await planAt(this.#home, ask.plan);
    const key = `${ask.round}.${ask.attempt.number}`;
    const by = { site: this.#name, identity: this.#hand.identity, sign: signBytes };
    const probe = new HandAttempt(this.#plan, by, { at: { run: ask.run, round: 0, attempt: 0 }, ask, hash: ask.plan });
    const attempt = this.attempts.get(key) ?? new HandAttempt(this.#plan, by, attemptOf(ask, probe.directory, coordinatorKey));
    this.attempts.set(key, attempt);
    await this.#say(key, "advert", attempt, () => attempt.advert());
  }

  async #stepped(step: SecaggStep): Promise<void> {
    const key = `${step.round}.${step.attempt}`;
    const attempt = this.attempts.get(key);
    if (attempt === undefined) return;
    if (step.phase === "roster") await this.#say(key, "deal", attempt, () => attempt.deal(step.adverts));
    if (step.phase === "shares") {
      await this.#say(key, "masked", attempt, () => attempt.masked(partsOfStep(step)));
    }
    if (step.phase === "complaint") await this.#say(key, "answer", attempt, () => attempt.answer(step.complaint));
    if (step.phase === "survivors") await this.#say(key, "echo", attempt, () => attempt.echo(step.headers));
    if (step.phase === "echoes") await this.#say(key, "release", attempt, () => attempt.release());
  }

  async #say(key: string, phase: SecaggReply["phase"], attempt: HandAttempt, make: () => SecaggReply): Promise<void> {
    // Steps come again with every look of the coordinator's.
    if (attempt.said.some((reply) => reply.phase === phase)) return;
    const honest = make();
    attempt.said.push(honest);
    const lie = this.#lies[key]?.[phase];
    const replies = lie === undefined ? [honest] : lie(honest, attempt);
    // It is fetched as soon as it is announced.
    if (attempt.body.length > 0) await this.#hand.blobs.put(attempt.body);
    for (const reply of replies) this.#hand.say("secagg.reply", reply);
  }
}

/** The plan that the site's own vault holds. */
export async function planAt(home: string, digest: string): Promise<Plan> {
  const { plan } = JSON.parse(await readFile(join(home, "plans", `${digest}.json`), "utf8")) as { plan: string };
  const read = readPlan(plan);
  if (!read.ok) throw new Error(read.text);
  return read.plan;
}
