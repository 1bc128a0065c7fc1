/**
 * A small world around a secure run: sites with real keys and journals that vanish and come back, a network that loses,
 * repeats and reorders, a clock that jumps, and a coordinator that knows after a crash only what it has stored. From one seed.
 */
import { isRefusal, type Refusal } from "../../base/errors.ts";
import type { Digest, SiteName } from "../../base/ids.ts";
import { numbers } from "../../base/numbers.fixture.ts";
import { sha256 } from "../../crypto/digest.ts";
import { pooledFigures } from "../../models/tally.ts";
import type { SecaggReply } from "../../protocol/messages.ts";
import { encodingOf } from "../../secagg/encoding-of-plan.ts";
import { chanceOf } from "../../secagg/federation.fixture.ts";
import { vectorBytes } from "../../secagg/mask-input.ts";
import { addSlice, layoutWords, pack, slicesOf } from "../../secagg/pack.ts";
import { decodeSum, layoutOf } from "../../secagg/quantize.ts";
import { acceptDeal, type AcceptedDeal } from "../../secagg/share.ts";
import { SignedText, statementOf } from "../../secagg/signed-text.ts";
import { acceptRelease, recoverSecrets, unmaskSum, type Opening } from "../../secagg/unmask.ts";
import { addVector } from "../../crypto/mask.ts";
import { decide, type Command } from "../decide.ts";
import type { BlobRef, RunEvent } from "../events.ts";
import { ABSENT, evolve } from "../evolve.ts";
import { owed, type Obligation } from "../owed.ts";
import { anIdea, blob, createCommand, RUN } from "../play.fixture.ts";
import { isEnded, type RunParams, type RunState } from "../state.ts";
import type { Unmasking } from "./state.ts";

import { paramsOf, securePlan, SimSite } from "./sites.fixture.ts";

/** What a coordinator does with an attempt's bytes. */
export class Vault {
  readonly bodies = new Map<string, Uint8Array>();
  readonly deals = new Map<string, AcceptedDeal>();
  readonly releases = new Map<string, SignedText>();

  keep(params: RunParams, state: RunState, reply: SecaggReply): Partial<Pick<Extract<Command, { do: "reply" }>, "blob" | "checked">> {
    const { secure } = params;
    if (secure === null) return {};
    const ref = (value: unknown): BlobRef => blob(JSON.stringify(value), 100);
    if (reply.phase === "deal" && state.phase === "dealing") {
      const leaves = reply.leaves.map((leaf) => Uint8Array.from(Buffer.from(leaf, "base64url")));
      const accepted = acceptDeal(secure.directory, state.roster, {
        statement: statementOf("deal", reply.statement),
        seedCommitment: reply.seedCommitment,
        leaves,
      });
      const kept = ref(reply);
      if (!isRefusal(accepted)) this.deals.set(kept.digest, accepted.value);
      return { blob: kept };
    }
    if (reply.phase === "release" && state.phase === "unmasking") {
      const accepted = acceptRelease(secure.directory, this.opening(state), statementOf("release", reply.statement));
      const kept = ref(reply);
      this.releases.set(kept.digest, reply.statement);
      return { blob: kept, checked: isRefusal(accepted) ? accepted : { ok: true } };
    }
    return reply.phase === "masked" ? { blob: reply.body } : {};
  }

  dealsOf(dealt: readonly { readonly deal: BlobRef }[]): readonly AcceptedDeal[] {
    return dealt.map(({ deal: kept }) => this.deals.get(kept.digest) as AcceptedDeal);
  }

  opening(state: Unmasking): Opening {
    return { roster: state.roster, deals: this.dealsOf(state.deals), survivors: state.survivors };
  }

  /** The sum in the clear, by the protocol alone. */
  open(params: RunParams, state: Unmasking): Uint32Array | Refusal {
    const { secure } = params;
    if (secure === null) throw new Error("a plain plan");
    const opening = this.opening(state);
    const releases = state.releases.map(({ release: kept }) => {
      const accepted = acceptRelease(secure.directory, opening, statementOf("release", this.releases.get(kept.digest) as SignedText));
      if (isRefusal(accepted)) throw new Error(accepted.text);
      return accepted.value;
    });
    const recovered = recoverSecrets(opening, releases);
    if (isRefusal(recovered)) return recovered;
    const bodies = state.inputs.map(({ body }) => this.bodies.get(body.digest) as Uint8Array);
    const layout = layoutOf(encodingOf(params.plan, params, state.attempt));
    const sum = new Uint32Array(layoutWords(layout));
    for (const bytes of bodies) {
      const words = new Uint32Array(Uint8Array.from(bytes).buffer);
      for (const slice of slicesOf(layout, 50)) addSlice(sum, slice, words.subarray(slice.from, slice.from + slice.words));
    }
    unmaskSum(sum, opening, recovered.value);
    return sum;
  }
}

type Message =
  | { readonly to: "site"; readonly due: Extract<Obligation, { owe: "ask" | "step" }> }
  | { readonly to: "coordinator"; readonly site: SiteName; readonly reply: SecaggReply };

export class SecureWorld {
  readonly params: RunParams;
  readonly sites: readonly SimSite[];
  readonly vault = new Vault();
  readonly stored: RunEvent[] = [];
  readonly online = new Set<SiteName>();
  /** Sums that were opened, as they are recorded, with the plain sum of the same sites' vectors. */
  readonly sums: { readonly found: readonly number[]; readonly plain: readonly number[] }[] = [];
  state: RunState = ABSENT;
  now = 0;
  crashes = 0;
  readonly #random: () => number;
  readonly #chance: (count: number) => Uint8Array;
  readonly #network: Message[] = [];

  constructor(seed: number) {
    this.#random = numbers(seed);
    this.#chance = chanceOf(`world ${seed}`);
    const count = 3 + this.#below(4);
    this.params = paramsOf(
      securePlan(count, { rounds: 1 + this.#below(2), attempts: 1 + this.#below(3), encoding: seed % 2 === 0 ? "full" : "compact" }),
    );
    this.sites = Array.from({ length: count }, (_, at) => new SimSite(this.params, at, `seed ${seed}`, this.vault.bodies));
    for (const { name } of this.sites) if (this.#random() < 0.9) this.online.add(name);
    this.command(createCommand(this.sites.map(({ name }) => name)));
  }

  step(): void {
    const dice = this.#random();
    if (dice < 0.3) this.#perform();
    else if (dice < 0.8) this.#deliver();
    else if (dice < 0.81) this.now += this.#random() < 0.1 ? 130_000 : 5_000;
    else if (dice < 0.825) this.#toggle();
    else if (dice < 0.965) this.look();
    else if (dice < 0.97) this.#steer();
    else this.#crash();
  }

  /** From now on nothing is lost and everybody is there. True where the run ends within `steps`. */
  calm(steps: number): boolean {
    for (const { name } of this.sites) this.online.add(name);
    for (let step = 0; step < steps && !isEnded(this.state); step++) {
      // A person who sees that it is paused.
      this.command({ do: "resume", by: "admin", ...this.#occasion() });
      const before = this.stored.length;
      this.#perform();
      while (this.#network.length > 0) this.#deliver(true);
      this.look();
      if (this.stored.length > before) continue;
      // Nothing happens any more: time passes until something is due.
      const next = owed(this.params, this.state).flatMap((due) => (due.owe === "look" ? [due.at] : []));
      this.now = Math.max(this.now + 1_000, Math.min(...next));
    }
    return isEnded(this.state);
  }

  command(command: Command): void {
    const answer = decide(this.params, this.state, command);
    if (isRefusal(answer)) return;
    this.stored.push(...answer);
    this.state = answer.reduce(evolve(this.params), this.state);
  }

  look(): void {
    this.command({ do: "look", ...this.#occasion() });
  }

  #occasion() {
    return { at: this.now, online: [...this.online], nonce: this.#nonce() };
  }

  #steer(): void {
    const sites = this.sites.map(({ name }) => name);
    this.command({ ...anIdea((limit) => this.#below(limit), sites, this.now), ...this.#occasion() });
  }

  #nonce(): Digest {
    return Buffer.from(this.#chance(32)).toString("hex") as Digest;
  }

  #perform(): void {
    for (const due of owed(this.params, this.state)) {
      if ((due.owe === "ask" || due.owe === "step") && this.online.has(due.site)) this.#network.push({ to: "site", due });
      if (due.owe === "open") this.#open();
    }
  }

  #open(): void {
    const { state } = this;
    if (state.phase !== "unmasking") return;
    const sum = this.vault.open(this.params, state);
    const { round, number: attempt, purpose } = state.attempt;
    if (isRefusal(sum)) {
      const { code, text } = sum;
      this.command({ do: "not-opened", at: this.now, round, attempt, releases: state.releases.length, code, text, blamed: null });
      return;
    }
    const inputs = new Set(state.inputs.map(({ site }) => site));
    const plain = new Uint32Array(sum.length);
    for (const site of this.sites) if (inputs.has(site.name)) addVector(plain, site.vectors.get(round) ?? new Uint32Array(sum.length));
    const encoding = encodingOf(this.params.plan, this.params, state.attempt);
    this.sums.push({ found: [...pack(layoutOf(encoding), sum)], plain: [...pack(layoutOf(encoding), plain)] });
    const decoded = decodeSum(encoding, sha256("round"), sum, inputs.size);
    if (isRefusal(decoded)) throw new Error(decoded.text);
    const pooled = pooledFigures(this.params.plan, purpose, decoded.value.totals, inputs.size);
    if (isRefusal(pooled)) throw new Error(pooled.text);
    this.command({
      do: "opened",
      at: this.now,
      round,
      attempt,
      sum: { digest: sha256(vectorBytes(sum)), bytes: sum.byteLength },
      totalWeight: decoded.value.totalWeight,
      pooled: pooled.value,
      crooked: [],
      record: blob("record"),
      checkpoint: purpose === "train" ? blob(`checkpoint ${round}`) : null,
      online: [...this.online],
      nonce: this.#nonce(),
    });
  }

  #deliver(surely = false): void {
    if (this.#network.length === 0) return;
    const index = surely ? 0 : this.#below(this.#network.length);
    const message = this.#network[index] as Message;
    if (surely || this.#random() > 0.1) this.#network.splice(index, 1);
    if (!surely && this.#random() < 0.1) return;
    if (message.to === "coordinator") return this.#reply(message.site, message.reply);
    const { due } = message;
    const site = this.sites.find(({ name }) => name === due.site);
    if (site === undefined || !this.online.has(due.site)) return;
    const deals = due.owe === "step" && due.step.phase === "shares" ? this.vault.dealsOf(due.step.deals) : [];
    const reply = due.owe === "ask" ? site.ask(due.ask, this.now) : site.step(due, deals, this.now);
    if (reply === undefined) return;
    if (!isRefusal(reply)) return void this.#network.push({ to: "coordinator", site: due.site, reply });
    const at = due.owe === "ask" ? { round: due.ask.round, attempt: due.ask.attempt?.number ?? 1 } : due;
    const { code, text } = reply;
    this.#reply(due.site, { run: RUN, round: at.round, attempt: at.attempt, phase: "refused", step: "", code, text });
  }

  #reply(site: SiteName, reply: SecaggReply): void {
    const command = { do: "reply", at: this.now, site, statement: sha256(JSON.stringify(reply)), reply } as const;
    this.command({ ...command, ...this.vault.keep(this.params, this.state, reply) });
  }

  #toggle(): void {
    const { name } = this.sites[this.#below(this.sites.length)] as SimSite;
    if (!this.online.delete(name)) this.online.add(name);
  }

  #crash(): void {
    this.crashes += 1;
    this.state = this.stored.reduce(evolve(this.params), ABSENT);
    this.#network.splice(0, this.#network.length, ...this.#network.filter(({ to }) => to === "site"));
    this.command({ do: "back", ...this.#occasion() });
  }

  #below(limit: number): number {
    return Math.floor(limit * this.#random());
  }
}
