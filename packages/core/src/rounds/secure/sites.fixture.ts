/** Sites with real keys and journals, for tests of secure rounds. */
import { isRefusal, type Refusal } from "../../base/errors.ts";
import { toBase64url } from "../../base/bytes.ts";
import type { PublicKey, RunId, SiteName } from "../../base/ids.ts";
import { sha256 } from "../../crypto/digest.ts";
import { heartPlan } from "../../models/heart.fixture.ts";
import { Plan } from "../../models/plan.ts";
import { planDigest } from "../../models/plan-digest.ts";
import type { Ask, SecaggReply } from "../../protocol/messages.ts";
import { agreeOnRoster, attemptSecrets, advertise, type Roster } from "../../secagg/advertise.ts";
import type { Directory } from "../../secagg/directory.ts";
import { encodingOf } from "../../secagg/encoding-of-plan.ts";
import { entriesOf, siteOf, type Site } from "../../secagg/federation.fixture.ts";
import { announceMasked, maskInput, vectorBytes } from "../../secagg/mask-input.ts";
import { pack, type Layout } from "../../secagg/pack.ts";
import { encodedWords, layoutOf, type Encoding } from "../../secagg/quantize.ts";
import { mayLeave, type Request } from "../../secagg/release-rules.ts";
import { deal, dealEntropy, openShareSet, partFor, type AcceptedDeal, type Deal, type HeldShares, type Keyed } from "../../secagg/share.ts";
import { statementOf, statementText } from "../../secagg/signed-text.ts";
import { agreeOnSurvivors, echo, readEchoes, type Survivors } from "../../secagg/survivors.ts";
import { attemptHash, roundHash } from "../../secagg/transcript.ts";
import { release } from "../../secagg/unmask.ts";
import { fromHex } from "../../base/bytes.ts";
import { runParams } from "../params.ts";
import { RUN, START, VECTOR_LENGTH } from "../play.fixture.ts";
import { type RunParams } from "../state.ts";
import type { OweStep, Step } from "./owed.ts";

export const COORDINATOR = entriesOf(12)[11]?.publicKey as PublicKey;

export const securePlan = (
  sites: number,
  change: { readonly rounds?: number; readonly attempts?: number; readonly encoding?: "full" | "compact" } = {},
): Plan =>
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
      encoding: change.encoding ?? "full",
      attempts: change.attempts ?? 3,
      phaseSeconds: 120,
    },
  });

export function paramsOf(plan: Plan): RunParams {
  const params = runParams(plan, planDigest(plan), { vectorLength: VECTOR_LENGTH, headInputs: 0 }, COORDINATOR);
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

interface About {
  readonly joined: Joined;
  readonly directory: Directory;
  readonly at: { readonly run: RunId; readonly round: number; readonly attempt: number };
  readonly now: number;
}

export class SimSite {
  readonly name: SiteName;
  readonly #params: RunParams;
  readonly #site: Site;
  readonly #layouts = new Map<number, Layout>();
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
      this.#layouts.set(round, layoutOf(this.#encoding(ask)));
      this.#site.journal.push({ kind: "stored", run, round, roundHash: r0, vector: sha256(vectorBytes(vector)) });
    }
    const about = { run, round, roundHash: r0, plan, directory: secure.directory.hash, attempt: attempt.number, attemptHash: t0 };
    const no = this.#may({ kind: "advertise", now, ...about, maxAttempts: 20, until: now + 10_000_000 });
    if (no !== undefined) return no;
    const joined = this.#joined.get(`${round}.${attempt.number}`) ?? { secrets: attemptSecrets(this.#site.chance(128)), said: new Map() };
    this.#joined.set(`${round}.${attempt.number}`, joined);
    return this.#say(joined, "advert", () => ({
      run,
      round,
      attempt: attempt.number,
      phase: "advert",
      plan,
      checkpoint: checkpoint.digest,
      statement: statementText(advertise(this.#site.by, t0, joined.secrets)),
      figures: { validation: null, base: null, alone: null, federated: null },
      engine: "none",
      seconds: { fetch: 0, train: 0 },
    }));
  }

  step(due: OweStep, deals: readonly AcceptedDeal[], now: number): SecaggReply | Refusal | undefined {
    const { round, attempt, step } = due;
    const joined = this.#joined.get(`${round}.${attempt}`);
    const { secure } = this.#params;
    if (joined === undefined || secure === null) return undefined;
    const about: About = { joined, directory: secure.directory, at: { run: RUN, round, attempt }, now };
    switch (step.phase) {
      case "roster":
        return this.#deal(about, step);
      case "shares":
        return this.#mask(about, deals);
      case "survivors":
        return this.#echo(about, step);
      case "echoes":
        return this.#release(about, step);
      default:
        return undefined;
    }
  }

  #deal(about: About, step: Extract<Step, { phase: "roster" }>): SecaggReply | Refusal | undefined {
    const { joined, directory, at, now } = about;
    const { by, chance } = this.#site;

    const t0 = this.#site.journal.findLast(
      (record) => record.kind === "advertised" && record.round === at.round && record.attempt === at.attempt,
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

  #mask(about: About, deals: readonly AcceptedDeal[]): SecaggReply | Refusal | undefined {
    const { joined, directory, at, now } = about;
    const { by } = this.#site;

    const { roster, index, own } = joined;
    if (roster === undefined || index === undefined || own === undefined || joined.deal === undefined) return undefined;
    const parts = deals.map((one) => partFor(one, index));
    const keyed = openShareSet(directory, roster, { index, secrets: joined.secrets, deal: joined.deal, own }, parts);
    if (isRefusal(keyed)) return keyed;
    const { hash: shares, dealers } = keyed.value;
    const vector = this.vectors.get(at.round) ?? new Uint32Array();
    const no = this.#may({ kind: "mask", now, roster: roster.hash, shares, dealers, vector: sha256(vectorBytes(vector)) });
    if (no !== undefined) return no;
    return this.#say(joined, "masked", () => {
      joined.keyed = keyed.value;
      const masked = pack(this.#layouts.get(at.round) as Layout, maskInput(keyed.value, joined.secrets, vector));
      const bytes = vectorBytes(masked);
      this.bodies.set(sha256(bytes), bytes);
      const statement = statementText(announceMasked(by, keyed.value, masked));
      return { ...at, phase: "masked", statement, body: { digest: sha256(bytes), bytes: bytes.length } };
    });
  }

  #echo(about: About, step: Extract<Step, { phase: "survivors" }>): SecaggReply | Refusal | undefined {
    const { joined, directory, at, now } = about;
    const { by } = this.#site;

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

  #release(about: About, step: Extract<Step, { phase: "echoes" }>): SecaggReply | Refusal | undefined {
    const { joined, directory, at, now } = about;
    const { by } = this.#site;

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
      ...at,
      phase: "release",
      statement: statementText(release(by, roster, index, survivors, decision.given, keyed.held)),
    }));
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

  #encoding = ({ kind, round }: Ask): Encoding => encodingOf(this.#params.plan, this.#params, { purpose: kind, round });

  #vector(ask: Ask): Uint32Array {
    const { kind, round } = ask;
    const words = new Uint32Array(encodedWords(this.#encoding(ask)));
    words[0] = 1 + (this.#site.chance(1)[0] ?? 0);
    for (let i = 1; i <= (kind === "train" ? VECTOR_LENGTH : 0); i++) words[i] = (round * 1000 + i) >>> 0;
    return words;
  }
}
