/**
 * A small world around a secure run: sites with real keys and journals that vanish and come back, a network that loses,
 * repeats and reorders, a clock that jumps, and a coordinator that knows after a crash only what it has stored. From one seed.
 */
import { isRefusal, type Refusal } from "../../base/errors.ts";
import { toBase64url } from "../../base/bytes.ts";
import type { Digest, PublicKey, RunId, SiteName } from "../../base/ids.ts";
import { numbers } from "../../base/numbers.fixture.ts";
import { sha256 } from "../../crypto/digest.ts";
import { heartPlan } from "../../models/heart.fixture.ts";
import { Plan } from "../../models/plan.ts";
import { planDigest } from "../../models/plan-digest.ts";
import { pooledFigures } from "../../models/tally.ts";
import type { Ask, SecaggReply } from "../../protocol/messages.ts";
import { agreeOnRoster, attemptSecrets, advertise, type Roster } from "../../secagg/advertise.ts";
import { encodingOf } from "../../secagg/encoding-of-plan.ts";
import { chanceOf, entriesOf, siteOf, type Site } from "../../secagg/federation.fixture.ts";
import { announceMasked, maskInput, vectorBytes } from "../../secagg/mask-input.ts";
import { decodeSum, encodedWords } from "../../secagg/quantize.ts";
import { mayLeave, type Request } from "../../secagg/release-rules.ts";
import {
  acceptDeal,
  deal,
  dealEntropy,
  openShareSet,
  partFor,
  type AcceptedDeal,
  type Deal,
  type HeldShares,
  type Keyed,
} from "../../secagg/share.ts";
import { SignedText, statementOf, statementText } from "../../secagg/signed-text.ts";
import { agreeOnSurvivors, echo, readEchoes, type Survivors } from "../../secagg/survivors.ts";
import { attemptHash, roundHash } from "../../secagg/transcript.ts";
import { acceptRelease, recoverSecrets, release, unmaskSum, type Opening } from "../../secagg/unmask.ts";
import { addVector } from "../../crypto/mask.ts";
import { fromHex } from "../../base/bytes.ts";
import { decide, type Command } from "../decide.ts";
import type { BlobRef, RunEvent } from "../events.ts";
import { ABSENT, evolve } from "../evolve.ts";
import { owed, type Obligation } from "../owed.ts";
import { runParams } from "../params.ts";
import { blob, createCommand, RUN, START, VECTOR_LENGTH } from "../play.fixture.ts";
import { isEnded, type RunParams, type RunState } from "../state.ts";
import type { OweStep } from "./owed.ts";
import type { Unmasking } from "./state.ts";

export const COORDINATOR = entriesOf(12)[11]?.publicKey as PublicKey;

export const securePlan = (sites: number, change: { readonly rounds?: number; readonly attempts?: number } = {}): Plan =>
  Plan.parse({
    ...heartPlan,
    rounds: { count: change.rounds ?? 2, stop: null },
    cohort: { ...heartPlan.cohort, minSites: 2 },
    aggregation: {
      method: "secure",
      directory: entriesOf(sites),
      weights: "exact",
      weightCap: 1000,
      coordinateClip: 5,
      encoding: "full",
      attempts: change.attempts ?? 3,
      phaseSeconds: 120,
    },
  });

export function paramsOf(plan: Plan): RunParams {
  const params = runParams(plan, planDigest(plan), VECTOR_LENGTH, COORDINATOR);
  if (isRefusal(params)) throw new Error(params.text);
  return params;
}

/** One site's side of an attempt, as far as it has come; what it said is said again byte for byte. */
interface Joined {
  readonly secrets: ReturnType<typeof attemptSecrets>;
  readonly said: Map<string, SecaggReply>;
  roster?: Roster;
  index?: number;
  deal?: Deal;
  own?: HeldShares;
  keyed?: Keyed;
  survivors?: Survivors;
}

export class SimSite {
  readonly name: SiteName;
  readonly #params: RunParams;
  readonly #site: Site;
  readonly #joined = new Map<string, Joined>();
  readonly vectors = new Map<number, Uint32Array>();
  readonly bodies: Map<string, Uint8Array>;

  constructor(params: RunParams, at: number, seed: string, bodies: Map<string, Uint8Array>) {
    const { secure, planDigest: plan } = params;
    if (secure === null) throw new Error("a plain plan");
    const context = { run: RUN, round: 1, plan, base: START.digest, directory: secure.directory.hash, coordinator: COORDINATOR };
    this.#params = params;
    this.#site = siteOf(at, context, new Uint32Array(1), seed);
    // Nothing is stored yet.
    this.#site.journal.pop();
    this.name = this.#site.by.site;
    this.bodies = bodies;
  }

  /** A reply, a refusal by rule, or nothing where the site is not in that attempt. */
  ask(ask: Ask, now: number): SecaggReply | Refusal {
    const { attempt, run, round, plan, checkpoint } = ask;
    const { secure } = this.#params;
    if (attempt === null || secure === null) throw new Error("a plain ask");
    const context = { run, round, plan, base: checkpoint.digest, directory: secure.directory.hash, coordinator: COORDINATOR };
    const r0 = roundHash(context);
    const t0 = attemptHash(r0, attempt.number, fromHex(attempt.nonce) ?? new Uint8Array(32));
    if (!this.#site.journal.some((record) => record.kind === "stored" && record.roundHash === r0)) {
      const vector = this.#vector(ask);
      this.vectors.set(round, vector);
      this.#site.journal.push({ kind: "stored", run, round, roundHash: r0, vector: sha256(vectorBytes(vector)) });
    }
    const about = { run, round, roundHash: r0, plan, directory: secure.directory.hash, attempt: attempt.number, attemptHash: t0 };
    const no = this.#may({ kind: "advertise", now, ...about, maxAttempts: 20, until: now + 10_000_000 });
    if (no !== undefined) return no;
    const joined = this.#joined.get(`${round}.${attempt.number}`) ?? { secrets: attemptSecrets(this.#site.chance(128)), said: new Map() };
    this.#joined.set(`${round}.${attempt.number}`, joined);
    return this.#say(joined, "advert", () => ({
      ...{ run, round, attempt: attempt.number, phase: "advert", plan, checkpoint: checkpoint.digest },
      statement: statementText(advertise(this.#site.by, t0, joined.secrets)),
      figures: { validation: null, base: null, alone: null, federated: null },
      engine: "none",
      seconds: { fetch: 0, train: 0 },
    }));
  }

  step({ round, attempt, step }: OweStep, deals: readonly AcceptedDeal[], now: number): SecaggReply | Refusal | undefined {
    const joined = this.#joined.get(`${round}.${attempt}`);
    const { secure } = this.#params;
    if (joined === undefined || secure === null) return undefined;
    const { directory } = secure;
    const { by, chance } = this.#site;
    const at = { run: RUN, round, attempt };
    switch (step.phase) {
      case "roster": {
        const t0 = this.#site.journal.findLast(
          (record) => record.kind === "advertised" && record.round === round && record.attempt === attempt,
        );
        if (t0?.kind !== "advertised") return undefined;
        const adverts = step.adverts.map((text) => statementOf("advert", text));
        const roster = agreeOnRoster(directory, t0.attemptHash, adverts);
        if (isRefusal(roster)) return roster;
        const index = roster.value.members.find(({ site }) => site === this.name)?.index ?? 0;
        const no = this.#may({ kind: "deal", now, attemptHash: t0.attemptHash, roster: roster.value.hash, index });
        if (no !== undefined) return no;
        return this.#say(joined, "deal", () => {
          const made = deal(by, roster.value, index, joined.secrets, chance(dealEntropy(roster.value)));
          Object.assign(joined, { roster: roster.value, index, deal: made.deal, own: made.own });
          const { statement, seedCommitment, leaves } = made.deal;
          return { ...at, phase: "deal", statement: statementText(statement), seedCommitment, leaves: leaves.map(toBase64url) };
        });
      }
      case "shares": {
        const { roster, index, own } = joined;
        if (roster === undefined || index === undefined || own === undefined || joined.deal === undefined) return undefined;
        const parts = deals.map((one) => partFor(one, index));
        const keyed = openShareSet(directory, roster, { index, secrets: joined.secrets, deal: joined.deal, own }, parts);
        if (isRefusal(keyed)) return keyed;
        const { hash: shares, dealers } = keyed.value;
        const vector = this.vectors.get(round) ?? new Uint32Array();
        const no = this.#may({ kind: "mask", now, roster: roster.hash, shares, dealers, vector: sha256(vectorBytes(vector)) });
        if (no !== undefined) return no;
        return this.#say(joined, "masked", () => {
          joined.keyed = keyed.value;
          const masked = maskInput(keyed.value, joined.secrets, vector);
          const bytes = vectorBytes(masked);
          this.bodies.set(sha256(bytes), bytes);
          const statement = statementText(announceMasked(by, keyed.value, masked));
          return { ...at, phase: "masked", statement, body: { digest: sha256(bytes), bytes: bytes.length } };
        });
      }
      case "survivors": {
        const { roster, index, keyed } = joined;
        if (roster === undefined || index === undefined || keyed === undefined) return undefined;
        const set = agreeOnSurvivors(
          directory,
          roster,
          keyed,
          step.headers.map((text) => statementOf("masked", text)),
        );
        if (isRefusal(set)) return set;
        const { hash: inputs, members: survivors } = set.value;
        const no = this.#may({ kind: "echo", now, roster: roster.hash, inputs, survivors });
        if (no !== undefined) return no;
        joined.survivors = set.value;
        return this.#say(joined, "echo", () => ({ ...at, phase: "echo", statement: statementText(echo(by, roster, index, set.value)) }));
      }
      case "echoes": {
        const { roster, index, keyed, survivors } = joined;
        if (roster === undefined || index === undefined || keyed === undefined || survivors === undefined) return undefined;
        const seen = readEchoes(
          directory,
          roster,
          step.echoes.map((text) => statementOf("echo", text)),
        );
        if (isRefusal(seen)) return seen;
        const decision = mayLeave(this.#site.journal, directory.numbers, {
          kind: "release",
          now,
          roster: roster.hash,
          inputs: survivors.hash,
          echoes: seen.value,
        });
        if (isRefusal(decision)) return decision;
        this.#site.journal.push(...decision.records);
        return this.#say(joined, "release", () => ({
          ...{ ...at, phase: "release" },
          statement: statementText(release(by, roster, index, survivors, decision.given, keyed.held)),
        }));
      }
      default:
        return undefined;
    }
  }

  /** Releases that this site's journal shows in a round. */
  releases(round: number): number {
    return this.#site.journal.filter((record) => record.kind === "released" && record.round === round).length;
  }

  #may(request: Request): Refusal | undefined {
    const { secure } = this.#params;
    if (secure === null) throw new Error("a plain plan");
    const decision = mayLeave(this.#site.journal, secure.directory.numbers, request);
    if (isRefusal(decision)) return decision;
    this.#site.journal.push(...decision.records);
    return undefined;
  }

  #say(joined: Joined, what: string, make: () => SecaggReply): SecaggReply {
    const said = joined.said.get(what) ?? make();
    joined.said.set(what, said);
    return said;
  }

  #vector({ kind, round }: Ask): Uint32Array {
    const words = new Uint32Array(encodedWords(encodingOf(this.#params.plan, VECTOR_LENGTH, kind)));
    words[0] = 1 + (this.#site.chance(1)[0] ?? 0);
    for (let i = 1; i <= (kind === "train" ? VECTOR_LENGTH : 0); i++) words[i] = (round * 1000 + i) >>> 0;
    return words;
  }
}

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
    const sum = new Uint32Array((bodies[0]?.length ?? 0) / 4);
    for (const bytes of bodies) addVector(sum, new Uint32Array(Uint8Array.from(bytes).buffer));
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
  /** Sums that were opened, with the plain sum of the same sites' vectors. */
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
    this.params = paramsOf(securePlan(count, { rounds: 1 + this.#below(2), attempts: 1 + this.#below(3) }));
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
    else if (dice < 0.97) this.look();
    else this.#crash();
  }

  /** From now on nothing is lost and everybody is there. True where the run ends within `steps`. */
  calm(steps: number): boolean {
    for (const { name } of this.sites) this.online.add(name);
    for (let step = 0; step < steps && !isEnded(this.state); step++) {
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
    this.command({ do: "look", at: this.now, online: [...this.online], nonce: this.#nonce() });
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
    this.sums.push({ found: [...sum], plain: [...plain] });
    const decoded = decodeSum(encodingOf(this.params.plan, VECTOR_LENGTH, purpose), sum, inputs.size);
    if (isRefusal(decoded)) throw new Error(decoded.text);
    const pooled = pooledFigures(this.params.plan, purpose, decoded.value.totals, inputs.size);
    if (isRefusal(pooled)) throw new Error(pooled.text);
    this.command({
      ...{ do: "opened", at: this.now, round, attempt, sum: { digest: sha256(vectorBytes(sum)), bytes: sum.byteLength } },
      ...{ totalWeight: decoded.value.totalWeight, pooled: pooled.value, crooked: [], record: blob("record") },
      ...{ checkpoint: purpose === "train" ? blob(`checkpoint ${round}`) : null, online: [...this.online], nonce: this.#nonce() },
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
    this.#reply(due.site, { run: RUN as RunId, round: at.round, attempt: at.attempt, phase: "refused", step: "", code, text });
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
  }

  #below(limit: number): number {
    return Math.floor(limit * this.#random());
  }
}
