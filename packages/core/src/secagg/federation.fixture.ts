/** A federation in one process: sites with journals and a coordinator, phase by phase, so that a test can tamper between them. */
import { createHash } from "node:crypto";
import { isRefusal, type Refusal } from "../base/errors.ts";
import type { Digest, PublicKey, RunId, SiteName } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { identityFromSeed, signBytes } from "../crypto/identity.ts";
import { advertise, agreeOnRoster, attemptSecrets, type AttemptSecrets, type Roster } from "./advertise.ts";
import { makeDirectory, type Directory, type DirectorySite } from "./directory.ts";
import { acceptMasked, announceMasked, maskInput, vectorBytes } from "./mask-input.ts";
import { addSlice, layoutWords, pack, slicesOf, type Layout } from "./pack.ts";
import { mayLeave, type Decision, type JournalRecord, type Request } from "./release-rules.ts";
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
} from "./share.ts";
import type { Signing, Statement } from "./statement.ts";
import { agreeOnSurvivors, echo, readEchoes, type Survivors } from "./survivors.ts";
import { attemptHash, roundHash, type RoundContext } from "./transcript.ts";
import { acceptRelease, recoverSecrets, release, unmaskSum, type AcceptedRelease, type Opening } from "./unmask.ts";

/** As many bytes as are asked for, the same for the same seed. Tests only: the product takes them from the operating system. */
export function chanceOf(seed: string): (count: number) => Uint8Array {
  let call = 0;
  return (count) => {
    call += 1;
    const blocks = Array.from({ length: Math.ceil(count / 32) }, (_, at) => createHash("sha256").update(`${seed}/${call}/${at}`).digest());
    return new Uint8Array(Buffer.concat(blocks).subarray(0, count));
  };
}

export function value<T>(result: { readonly ok: true; readonly value: T } | Refusal): T {
  if (isRefusal(result)) throw new Error(`${result.code}: ${result.text}`);
  return result.value;
}

const identities = Array.from({ length: 12 }, (_, at) => identityFromSeed(new Uint8Array(32).fill(at + 1)));

export const entriesOf = (sites: number): readonly DirectorySite[] =>
  Array.from({ length: sites }, (_, at) => ({
    site: `hospital-${String.fromCharCode(97 + at)}` as SiteName,
    publicKey: identities[at]?.publicKey as PublicKey,
    operator: `Trust ${at}`,
    withCoordinator: false,
  }));

const directories = new Map<number, Directory>();
export function directoryOf(sites: number): Directory {
  const known = directories.get(sites) ?? makeDirectory(entriesOf(sites));
  if (isRefusal(known)) throw new Error(known.text);
  directories.set(sites, known);
  return known;
}

export const contextOf = (directory: Directory, change: Partial<RoundContext> = {}): RoundContext => ({
  run: "heart.1" as RunId,
  round: 1,
  plan: sha256("plan"),
  base: sha256("base"),
  directory: directory.hash,
  coordinator: identities[11]?.publicKey as PublicKey,
  ...change,
});

export interface Site {
  readonly by: Signing;
  readonly vector: Uint32Array;
  /** How it travels; whole words where none is given. */
  readonly layout: Layout;
  readonly journal: JournalRecord[];
  readonly chance: (count: number) => Uint8Array;
}

const whole = ({ length }: Uint32Array): Layout => ({ front: length, narrow: 0, back: 0 });

/** A site that has stored its vector for the round of `context`. */
export function siteOf(at: number, context: RoundContext, vector: Uint32Array, seed: string, layout: Layout = whole(vector)): Site {
  const { run, round, plan, directory } = context;
  return {
    by: { site: entriesOf(at + 1)[at]?.site as SiteName, identity: identities[at] as (typeof identities)[number], sign: signBytes },
    vector,
    layout,
    journal: [
      { kind: "approved", run, plan, directory, rounds: 10, compared: true },
      { kind: "stored", run, round, roundHash: roundHash(context), vector: sha256(vectorBytes(vector)) },
    ],
    chance: chanceOf(`${seed}/${at}`),
  };
}

/** Asks the rules, and writes the records that they give. */
export function ask(site: Site, directory: Directory, request: Request): Decision | Refusal {
  const decision = mayLeave(site.journal, directory.numbers, request);
  if (!isRefusal(decision)) site.journal.push(...decision.records);
  return decision;
}

export function must(site: Site, directory: Directory, request: Request): Decision {
  const decision = ask(site, directory, request);
  if (isRefusal(decision)) throw new Error(`${decision.code}: ${decision.text}`);
  return decision;
}

export interface Advertised {
  readonly site: Site;
  readonly secrets: AttemptSecrets;
  readonly statement: Statement<"advert">;
}

export function advertiseAll(directory: Directory, context: RoundContext, attempt: number, sites: readonly Site[]): readonly Advertised[] {
  const hash = attemptHash(roundHash(context), attempt, new Uint8Array(32).fill(attempt));
  const { run, round, plan, directory: pinned } = context;
  return sites.map((site) => {
    const base = { now: 0, run, round, plan, directory: pinned, roundHash: roundHash(context) };
    must(site, directory, { kind: "advertise", ...base, attempt, maxAttempts: 5, attemptHash: hash, until: 1000 });
    const secrets = attemptSecrets(site.chance(128));
    return { site, secrets, statement: advertise(site.by, hash, secrets) };
  });
}

export const rosterOf = (directory: Directory, adverts: readonly Advertised[]): ReturnType<typeof agreeOnRoster> =>
  agreeOnRoster(
    directory,
    (adverts[0] as Advertised) && attemptOf(adverts),
    adverts.map(({ statement }) => statement),
  );

const attemptOf = (adverts: readonly Advertised[]): Digest => {
  const joined = adverts[0]?.site.journal.findLast(({ kind }) => kind === "advertised");
  return joined?.kind === "advertised" ? joined.attemptHash : sha256("");
};

export interface Dealt extends Advertised {
  readonly index: number;
  readonly deal: Deal;
  readonly own: HeldShares;
}

export function dealAll(directory: Directory, roster: Roster, adverts: readonly Advertised[]): readonly Dealt[] {
  return adverts.map((one) => {
    const index = roster.members.find(({ site }) => site === one.site.by.site)?.index ?? 0;
    must(one.site, directory, { kind: "deal", now: 0, attemptHash: roster.attempt, roster: roster.hash, index });
    return { ...one, index, ...deal(one.site.by, roster, index, one.secrets, one.site.chance(dealEntropy(roster))) };
  });
}

export const acceptAll = (directory: Directory, roster: Roster, dealt: readonly Dealt[]): readonly AcceptedDeal[] =>
  dealt.map((one) => value(acceptDeal(directory, roster, one.deal)));

export const keyFor = (directory: Directory, roster: Roster, deals: readonly AcceptedDeal[], one: Dealt): ReturnType<typeof openShareSet> =>
  openShareSet(
    directory,
    roster,
    one,
    deals.map((each) => partFor(each, one.index)),
  );

export interface Masked extends Dealt {
  readonly keyed: Keyed;
  /** As it travels. */
  readonly body: Uint32Array;
  readonly header: Statement<"masked">;
}

export function maskOne(directory: Directory, one: Dealt, keyed: Keyed): Masked {
  const { roster, hash, dealers } = keyed;
  const vector = sha256(vectorBytes(one.site.vector));
  must(one.site, directory, { kind: "mask", now: 0, roster: roster.hash, shares: hash, dealers, vector });
  const body = pack(one.site.layout, maskInput(keyed, one.secrets, one.site.vector));
  const header = announceMasked(one.site.by, keyed, body);
  value(acceptMasked(directory, roster, keyed, body.length, header));
  return { ...one, keyed, body, header };
}

export const survivorsOf = (directory: Directory, masked: readonly Masked[]): ReturnType<typeof agreeOnSurvivors> => {
  const keyed = masked[0]?.keyed as Keyed;
  return agreeOnSurvivors(
    directory,
    keyed.roster,
    keyed,
    masked.map(({ header }) => header),
  );
};

export function echoOne(directory: Directory, one: Masked, survivors: Survivors): Statement<"echo"> {
  const { roster } = one.keyed;
  must(one.site, directory, { kind: "echo", now: 0, roster: roster.hash, inputs: survivors.hash, survivors: survivors.members });
  return echo(one.site.by, roster, one.index, survivors);
}

export function releaseOne(
  directory: Directory,
  one: Masked,
  survivors: Survivors,
  echoes: readonly Statement[],
): Statement<"release"> | Refusal {
  const { roster, held } = one.keyed;
  const seen = value(readEchoes(directory, roster, echoes));
  const decision = ask(one.site, directory, { kind: "release", now: 0, roster: roster.hash, inputs: survivors.hash, echoes: seen });
  return isRefusal(decision) ? decision : release(one.site.by, roster, one.index, survivors, decision.given, held);
}

/** The words of the sum; of narrow ones the low bits count. */
export function openSum(opening: Opening, masked: readonly Masked[], releases: readonly AcceptedRelease[]): Uint32Array | Refusal {
  const recovered = recoverSecrets(opening, releases);
  if (isRefusal(recovered)) return recovered;
  const { layout } = (masked[0] as Masked).site;
  const sum = new Uint32Array(layoutWords(layout));
  for (const { body } of masked) {
    for (const slice of slicesOf(layout, 1000)) addSlice(sum, slice, body.slice(slice.from, slice.from + slice.words));
  }
  unmaskSum(sum, opening, recovered.value);
  return sum;
}

/** Phases that a site may vanish before. */
export const PHASES = ["advert", "deal", "mask", "echo", "release"] as const;
export type Phase = (typeof PHASES)[number];

/** A whole attempt. `gone(at)` is the phase before which the site at that place vanishes, or undefined. */
export function playAttempt(
  directory: Directory,
  context: RoundContext,
  attempt: number,
  sites: readonly Site[],
  gone: (at: number) => Phase | undefined,
): { readonly sum: Uint32Array; readonly survivors: readonly SiteName[] } | Refusal {
  const order = new Map(sites.map((site, at) => [site.by.site, at]));
  const there = <T extends { readonly site: Site } | Site>(list: readonly T[], phase: Phase): readonly T[] =>
    list.filter((one) => {
      const left = gone(order.get("by" in one ? one.by.site : one.site.by.site) ?? 0);
      return left === undefined || PHASES.indexOf(left) > PHASES.indexOf(phase);
    });
  const adverts = advertiseAll(directory, context, attempt, there(sites, "advert"));
  if (adverts.length === 0) return { ok: false, code: "too-few-sites", text: "nobody" };
  const agreed = rosterOf(directory, adverts);
  if (isRefusal(agreed)) return agreed;
  const roster = agreed.value;
  const dealt = dealAll(directory, roster, there(adverts, "deal"));
  const deals = acceptAll(directory, roster, dealt);
  const masked: Masked[] = [];
  for (const one of there(dealt, "mask")) {
    const keyed = keyFor(directory, roster, deals, one);
    if (isRefusal(keyed)) return keyed;
    masked.push(maskOne(directory, one, keyed.value));
  }
  if (masked.length === 0) return { ok: false, code: "too-few-sites", text: "nobody" };
  const set = survivorsOf(directory, masked);
  if (isRefusal(set)) return set;
  const echoing = there(masked, "echo");
  const echoes = echoing.map((one) => echoOne(directory, one, set.value));
  const opening: Opening = { roster, deals, survivors: set.value };
  const releases: AcceptedRelease[] = [];
  for (const one of there(echoing, "release")) {
    const statement = releaseOne(directory, one, set.value, echoes);
    if (isRefusal(statement)) return statement;
    releases.push(value(acceptRelease(directory, opening, statement)));
  }
  const sum = openSum(opening, masked, releases);
  return isRefusal(sum) ? sum : { sum, survivors: masked.map(({ site }) => site.by.site) };
}
