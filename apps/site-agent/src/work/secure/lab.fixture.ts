/** A secure run of real sites with the coordinator's own machine, in this process; a test may say anything in its name. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { float32Bytes, fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import { isRefusal, type Refusal } from "@engraft/core/base/errors";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { addVector } from "@engraft/core/crypto/mask";
import { packPath } from "@engraft/core/crypto/merkle";
import type { Plan } from "@engraft/core/models/plan";
import { planDigest } from "@engraft/core/models/plan-digest";
import { pooledFigures } from "@engraft/core/models/tally";
import type { Ask, SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import { decide, type Command } from "@engraft/core/rounds/decide";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import { ABSENT, evolve } from "@engraft/core/rounds/evolve";
import { owed, type Obligation } from "@engraft/core/rounds/owed";
import { runParams } from "@engraft/core/rounds/params";
import type { OweStep } from "@engraft/core/rounds/secure/owed";
import { isSecure, type SecureState, type Unmasking } from "@engraft/core/rounds/secure/state";
import { isEnded, type RunParams, type RunState } from "@engraft/core/rounds/state";
import { readAnswer } from "@engraft/core/secagg/complaint";
import { makeDirectory, type Directory } from "@engraft/core/secagg/directory";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { vectorBytes } from "@engraft/core/secagg/mask-input";
import { decodeSum } from "@engraft/core/secagg/quantize";
import { acceptDeal, partFor, type AcceptedDeal, type DealPart } from "@engraft/core/secagg/share";
import { statementOf, statementText, type SignedText } from "@engraft/core/secagg/signed-text";
import { acceptRelease, recoverSecrets, unmaskSum, type Opening } from "@engraft/core/secagg/unmask";
import { LENGTH, manifest, manifestText, weights } from "../../plan.fixture.ts";
import { RUN, securePlan, type LabPlan } from "./secure-plan.fixture.ts";
import { LabSite, type CrashAt } from "./site.fixture.ts";

const START = float32Bytes(new Float32Array(LENGTH));
const refOf = (bytes: Uint8Array): BlobRef => ({ digest: sha256(bytes), bytes: bytes.length });
const madeUp = (text: string): BlobRef => ({ digest: sha256(text), bytes: 4 * LENGTH });

export function value<T>(result: { readonly ok: true; readonly value: T } | Refusal): T {
  if (isRefusal(result)) throw new Error(`${result.code}: ${result.text}`);
  return result.value;
}

export class Lab implements LabPlan {
  readonly plan: Plan;
  readonly digest: Digest;
  readonly directory: Directory;
  readonly coordinator = identityFromSeed(new Uint8Array(32).fill(200));
  readonly clock = { now: 1_700_000_000_000 };
  readonly blobs = new Map<string, Uint8Array>();
  readonly sites: LabSite[] = [];
  readonly events: RunEvent[] = [];
  readonly params: RunParams;
  /** Opened sums beside the plain sums of the same sites' vectors. */
  readonly sums: { readonly round: number; readonly sites: number; readonly found: Uint32Array; readonly plain: Uint32Array }[] = [];
  /** Sites that hear and say nothing. */
  readonly away = new Set<SiteName>();
  /** Where sites die again, once they were started after a death. */
  readonly crashes = new Map<SiteName, CrashAt>();
  deaths = 0;
  state: RunState = ABSENT;
  readonly #dir: string;
  readonly #vectors = new Map<string, Uint32Array>();
  readonly #deals = new Map<string, AcceptedDeal>();
  readonly #releases = new Map<string, SignedText>();
  #nonces = 0;

  private constructor(plan: Plan, dir: string) {
    this.plan = plan;
    this.digest = planDigest(plan);
    if (plan.aggregation.method !== "secure") throw new Error("a plain plan");
    const directory = makeDirectory(plan.aggregation.directory, plan.cohort.minSites);
    if (isRefusal(directory)) throw new Error(directory.text);
    this.directory = directory;
    const params = runParams(plan, this.digest, { vectorLength: LENGTH, headInputs: 0 }, this.coordinator.publicKey);
    if (isRefusal(params)) throw new Error(params.text);
    this.params = params;
    this.#dir = dir;
    for (const bytes of [START, weights, Buffer.from(manifestText)]) this.blobs.set(sha256(bytes), bytes);
  }

  /** All sites enrolled, approved and started, the run made and its first attempt open. */
  static async start(plan = securePlan(4)): Promise<Lab> {
    const dir = await mkdtemp(join(tmpdir(), "engraft-lab-"));
    const lab = new Lab(plan, dir);
    for (const at of lab.directory.sites.keys()) lab.sites.push(await LabSite.enrol(lab, at, dir));
    const sites = lab.sites.map(({ name }) => name);
    const approvals = sites.map((site) => ({ site, statement: sha256(site) }));
    const about = { run: RUN, by: "admin:a@b.example", sites, approvals };
    lab.command({
      do: "create",
      at: 0,
      ...about,
      manifest: refOf(Buffer.from(manifestText)),
      weights: manifest.weights,
      start: refOf(START),
    });
    lab.look();
    return lab;
  }

  async stop(): Promise<void> {
    for (const site of this.sites) await site.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }

  site(at: number): LabSite {
    const site = this.sites[at];
    if (site === undefined) throw new Error("no such site");
    return site;
  }

  nonce(): Digest {
    this.#nonces += 1;
    return sha256(`nonce ${this.#nonces}`);
  }

  command(command: Command): void {
    const answer = decide(this.params, this.state, command);
    if (isRefusal(answer)) return;
    this.events.push(...answer);
    this.state = answer.reduce(evolve(this.params), this.state);
  }

  look(): void {
    const online = this.sites.map(({ name }) => name).filter((name) => !this.away.has(name));
    this.command({ do: "look", at: this.clock.now, online, nonce: this.nonce() });
  }

  /** Goes on until `done` or the run's end; a site that died is started again, without another crash. */
  async play(done: () => boolean = () => false): Promise<void> {
    for (let idle = 0; idle < 20 && !done();) {
      const before = this.events.length;
      for (const due of owed(this.params, this.state)) await this.#perform(due);
      if (done()) return;
      if (isEnded(this.state) && this.events.length === before) return;
      const restarted = await this.#revive();
      if (this.events.length === before && !restarted) {
        idle += 1;
        this.clock.now += 7000;
      }
      this.look();
    }
  }

  /** Until the attempt of that number and round is in this phase. */
  untilPhase(phase: RunState["phase"], round = 1): Promise<void> {
    return this.play(() => this.state.phase === phase && (!isSecure(this.state) || this.state.attempt.round === round));
  }

  async #revive(): Promise<boolean> {
    const dead = this.sites.filter(({ crashed }) => crashed !== undefined);
    for (const site of dead) await site.restart(this.crashes.get(site.name));
    this.deaths += dead.length;
    return dead.length > 0;
  }

  async #perform(due: Obligation): Promise<void> {
    if (due.owe === "open") return this.#open();
    if (due.owe !== "ask" && due.owe !== "step" && due.owe !== "outcome") return;
    const site = this.sites.find(({ name }) => name === due.site) as LabSite;
    if (this.away.has(site.name) || site.crashed !== undefined) return;
    await this.#say(site, due);
    await this.hear(site);
  }

  async #say(site: LabSite, due: Extract<Obligation, { owe: "ask" | "step" | "outcome" }>): Promise<void> {
    if (due.owe === "ask") return site.ask(due.ask);
    if (due.owe === "step") return site.step(this.message(due));
    const { run, outcome } = due;
    return site.step({ run, round: outcome.round, attempt: outcome.attempt, phase: "outcome", outcome });
  }

  /** What the machine owes this site now. */
  dueFor(site: LabSite): SecaggStep {
    const due = owed(this.params, this.state).find((one): one is OweStep => one.owe === "step" && one.site === site.name);
    if (due === undefined) throw new Error(`nothing is owed to ${site.name}`);
    return this.message(due);
  }

  askFor(site: LabSite): Ask {
    const due = owed(this.params, this.state).find((one) => one.owe === "ask" && one.site === site.name);
    if (due?.owe !== "ask") throw new Error(`${site.name} is asked nothing`);
    return due.ask;
  }

  /** Takes what a site has sent since. */
  async hear(site: LabSite): Promise<void> {
    for (const decline of site.declined.splice(0)) this.command({ do: "decline", at: this.clock.now, site: site.name, decline });
    for (const reply of site.news()) {
      if (reply.phase === "advert") this.#vectors.set(`${site.name} ${reply.round}`, await site.vector(reply.round));
      if (reply.phase === "masked") {
        const body = await site.fetch(reply.body.digest);
        if (body !== undefined) this.blobs.set(reply.body.digest, body);
      }
      const about = { do: "reply", at: this.clock.now, site: site.name, statement: sha256(JSON.stringify(reply)), reply } as const;
      this.command({ ...about, ...this.#keep(reply) });
    }
  }

  #keep(reply: SecaggReply): { readonly blob?: BlobRef; readonly checked?: { readonly ok: true } | Refusal } {
    const { state, directory } = this;
    const kept = madeUp(JSON.stringify(reply));
    if (reply.phase === "deal" && state.phase === "dealing") {
      const leaves = reply.leaves.map((leaf) => fromBase64url(leaf) ?? new Uint8Array());
      const offered = { statement: statementOf("deal", reply.statement), seedCommitment: reply.seedCommitment, leaves };
      const accepted = acceptDeal(directory, state.roster, offered);
      if (!isRefusal(accepted)) this.#deals.set(kept.digest, accepted.value);
      return { blob: kept };
    }
    if (reply.phase === "release" && state.phase === "unmasking") {
      const read = acceptRelease(directory, this.opening(state), statementOf("release", reply.statement));
      this.#releases.set(kept.digest, reply.statement);
      return { blob: kept, checked: isRefusal(read) ? read : { ok: true } };
    }
    if (reply.phase === "answer" && state.phase === "masking") {
      const dealer = this.dealOf(reply.statement.site);
      const readings = state.deals.map(({ index }) =>
        readAnswer(directory, state.roster, index, partFor(dealer, index), statementOf("answer", reply.statement)),
      );
      const [first] = readings;
      if (first === undefined) throw new Error("nobody dealt");
      return { checked: readings.some((one) => one.ok) ? { ok: true } : first };
    }
    return reply.phase === "masked" ? { blob: reply.body } : {};
  }

  dealOf(site: SiteName): AcceptedDeal {
    const state = this.state as Exclude<SecureState, { phase: "advertising" }>;
    const kept = state.deals.find((one) => one.site === site)?.deal.digest;
    return this.#deals.get(kept ?? "") as AcceptedDeal;
  }

  opening(state: Unmasking): Opening {
    return { roster: state.roster, deals: state.deals.map(({ site }) => this.dealOf(site)), survivors: state.survivors };
  }

  message({ round, attempt, step }: OweStep): SecaggStep {
    const at = { run: RUN, round, attempt };
    if (step.phase === "shares") {
      const parts = step.deals.map(({ site }) => partText(partFor(this.dealOf(site), step.holder)));
      return { ...at, phase: "shares", parts };
    }
    return { ...at, ...step } as SecaggStep;
  }

  #open(): void {
    const { state, params } = this;
    if (state.phase !== "unmasking") return;
    const opening = this.opening(state);
    const { round, number: attempt, purpose } = state.attempt;
    const releases = state.releases.map(({ release }) =>
      value(acceptRelease(this.directory, opening, statementOf("release", this.#releases.get(release.digest) as SignedText))),
    );
    const recovered = recoverSecrets(opening, releases);
    if (isRefusal(recovered)) {
      const { code, text } = recovered;
      this.command({ do: "not-opened", at: this.clock.now, round, attempt, releases: releases.length, code, text, blamed: null });
      return;
    }
    const bodies = state.inputs.map(({ body }) => this.blobs.get(body.digest) as Uint8Array);
    const [found, plain] = [0, 0].map(() => new Uint32Array((bodies[0]?.length ?? 0) / 4)) as [Uint32Array, Uint32Array];
    for (const body of bodies) addVector(found, new Uint32Array(Uint8Array.from(body).buffer));
    unmaskSum(found, opening, recovered.value);
    for (const { site } of state.inputs) addVector(plain, this.#vectors.get(`${site} ${round}`) as Uint32Array);
    this.sums.push({ round, sites: bodies.length, found, plain });
    const decoded = value(
      decodeSum(encodingOf(params.plan, params, state.attempt), sha256("full words need no round"), found, bodies.length),
    );
    const pooled = value(pooledFigures(params.plan, purpose, decoded.totals, bodies.length));
    const next = float32Bytes(Float32Array.from({ length: LENGTH }, () => round));
    this.blobs.set(sha256(next), next);
    const about = { do: "opened", at: this.clock.now, round, attempt, totalWeight: decoded.totalWeight, pooled, crooked: [] } as const;
    const sum = { digest: sha256(vectorBytes(found)), bytes: found.byteLength };
    const online = this.sites.map(({ name }) => name).filter((name) => !this.away.has(name));
    const checkpoint = purpose === "train" ? refOf(next) : null;
    this.command({ ...about, sum, record: madeUp("record"), checkpoint, online, nonce: this.nonce() });
  }
}

export const partText = (part: DealPart): Extract<SecaggStep, { phase: "shares" }>["parts"][number] => ({
  statement: statementText(part.statement),
  seedCommitment: part.seedCommitment,
  seedPath: packPath(part.seedPath),
  leaf: toBase64url(part.leaf),
  path: packPath(part.path),
});
