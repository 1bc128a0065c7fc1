/** Where a release comes from, out of its run's events: what the coordinator signs, and what the sites have signed. */
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, PublicKey, SiteName } from "@engraft/core/base/ids";
import { bySite } from "@engraft/core/base/ids";
import { readEnvelope, type Envelope } from "@engraft/core/crypto/envelope";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { SignedRotation } from "@engraft/core/protocol/membership";
import type { Evidence } from "@engraft/core/provenance/evidence";
import type { Provenance, ProvenRound } from "@engraft/core/provenance/statement";
import type { EventOf, RunEvent } from "@engraft/core/rounds/events";
import { secureOf } from "@engraft/core/secagg/of-plan";
import { VERSION } from "../version.ts";
import { programDigest } from "./program-digest.ts";

/** A finished run, read once. */
export interface Finished {
  readonly events: readonly RunEvent[];
  readonly created: EventOf<"run.created">;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly coordinator: PublicKey;
  /** Keys, oldest first, and version of every site of the run. */
  readonly sites: ReadonlyMap<string, { readonly keys: readonly KeyOfSite[]; readonly version: string | null }>;
  /** Signed envelopes by digest of their text. */
  readonly statements: ReadonlyMap<string, string>;
}

/** `rotation`: both signed halves by which the next key followed; null for the present one. */
export interface KeyOfSite {
  readonly key: PublicKey;
  readonly rotation: string | null;
}

export const eventsOf = <T extends RunEvent["type"]>(events: readonly RunEvent[], type: T): readonly EventOf<T>[] =>
  events.filter((event): event is EventOf<T> => event.type === type);

export async function provenanceOf(finished: Finished, release: Provenance["release"]): Promise<Provenance> {
  const { created, manifest, plan, coordinator, events } = finished;
  const rounds = provenRounds(finished);
  return {
    release,
    run: created.run,
    coordinator,
    base: {
      name: manifest.name,
      version: manifest.version,
      manifest: created.manifest.digest,
      weights: manifest.weights.digest,
      licence: manifest.licence,
      origin: manifest.origin,
    },
    plan: created.plan,
    aggregation: plan.aggregation.method,
    privacy: null,
    sites: created.approvals
      .map(({ site, statement }) => {
        const { version } = known(finished, site);
        return { site, approval: statement, version, ...keysUsed(finished, site) };
      })
      .toSorted((a, b) => bySite(a.site, b.site)),
    start: created.start.digest,
    rounds,
    checkpoint: eventsOf(events, "checkpoint.written").at(-1)?.checkpoint.digest ?? created.start.digest,
    software: { name: "engraft-coordinator", version: VERSION, digest: await programDigest() },
  };
}

function known({ sites }: Finished, site: SiteName) {
  const found = sites.get(site);
  if (found === undefined)
    throw new EngraftError("conflict", `${site} took part in the run and is not enrolled any more: its key is not known.`);
  return found;
}

/** Those that the site had from its approval to its last word in this run (J3). */
function chainOf(finished: Finished, site: SiteName): readonly KeyOfSite[] {
  const { keys } = known(finished, site);
  const pinned = secureOf(finished.plan)?.directory.find((one) => one.site === site)?.publicKey;
  const used = new Set<string>([...(pinned === undefined ? [] : [pinned]), ...signersOf(finished, site)]);
  const places = keys.flatMap(({ key }, index) => (used.has(key) ? [index] : []));
  const [first, last] = [places[0], places.at(-1)];
  if (first === undefined || last === undefined)
    throw new EngraftError("conflict", `No key of ${site} that is known here has signed its statements.`);
  return keys.slice(first, last + 1);
}

function keysUsed(finished: Finished, site: SiteName): { readonly key: PublicKey; readonly keys?: PublicKey[] } {
  const keys = chainOf(finished, site).map(({ key }) => key);
  const pinned = secureOf(finished.plan)?.directory.find((one) => one.site === site)?.publicKey;
  return { key: pinned ?? (keys.at(-1) as PublicKey), ...(keys.length > 1 && { keys }) };
}

/** Of everything that the site has signed for this run, but for its sums, which the directory's key signs. */
function signersOf(finished: Finished, site: SiteName): readonly PublicKey[] {
  const { created, events } = finished;
  const digests = [
    ...created.approvals.filter((one) => one.site === site).map(({ statement }) => statement),
    ...[...eventsOf(events, "update.accepted"), ...eventsOf(events, "evaluation.accepted")]
      .filter((one) => one.site === site)
      .map(({ statement }) => statement),
  ];
  return digests.map((digest) => envelope(finished, digest).key);
}

/** In the order in which they came to their end. */
function provenRounds({ events, created }: Finished): ProvenRound[] {
  const rounds: ProvenRound[] = [];
  let from: Digest = created.start.digest;
  for (const event of events) {
    if (event.type === "sum.opened") rounds.push(summed(events, event, from));
    if (event.type === "round.closed") rounds.push(averaged(events, event, from));
    if (event.type !== "checkpoint.written") continue;
    const last = rounds.at(-1);
    if (last !== undefined) rounds[rounds.length - 1] = { ...last, checkpoint: event.checkpoint.digest };
    from = event.checkpoint.digest;
  }
  // A round that closed without a checkpoint led to nothing.
  return rounds.filter(({ purpose, checkpoint }) => purpose === "evaluate" || checkpoint !== null);
}

const engines = (answers: readonly { readonly site: SiteName; readonly engine: string }[], of: readonly SiteName[]) =>
  Object.fromEntries(answers.filter(({ site }) => of.includes(site)).map(({ site, engine }) => [site, engine])) as Record<SiteName, string>;

function summed(events: readonly RunEvent[], sum: EventOf<"sum.opened">, from: Digest): ProvenRound {
  const { round, attempt, sites, totalWeight } = sum;
  const here = (one: { readonly round: number; readonly attempt: number }): boolean => one.round === round && one.attempt === attempt;
  const opened = eventsOf(events, "attempt.opened").find(here);
  const fixed = eventsOf(events, "roster.fixed").find(here);
  if (opened === undefined || fixed === undefined) throw new Error("Bug: a sum without its attempt");
  return {
    round,
    purpose: opened.purpose,
    from,
    survivors: [...sites].sort(bySite),
    weight: totalWeight,
    checkpoint: null,
    secure: { attempt, nonce: opened.nonce, roster: fixed.roster, sum: sum.sum.digest, record: sum.record.digest },
    engines: engines(eventsOf(events, "advert.accepted").filter(here), sites),
  };
}

function averaged(events: readonly RunEvent[], { round, survivors }: EventOf<"round.closed">, from: Digest): ProvenRound {
  const updates = eventsOf(events, "update.accepted").filter((one) => one.round === round && survivors.includes(one.site));
  return {
    round,
    purpose: "train",
    from,
    survivors: [...survivors].sort(bySite),
    weight: updates.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
    checkpoint: null,
    secure: null,
    engines: engines(updates, survivors),
  };
}

/** The sites' statements behind what `provenance` says. */
export function evidenceOf(finished: Finished, { rounds }: Provenance): readonly Evidence[] {
  const { created, events } = finished;
  const approvals = created.approvals.map(({ site, statement }): Evidence => ({
    kind: "approval",
    site,
    envelope: envelope(finished, statement),
  }));
  const sums = rounds.flatMap((proven): readonly Evidence[] => {
    const { round, secure, survivors } = proven;
    if (secure === null)
      return eventsOf(events, "update.accepted")
        .filter((one) => one.round === round && survivors.includes(one.site))
        .map(({ site, statement }) => ({ kind: "update", round, site, envelope: envelope(finished, statement) }));
    const here = (one: { readonly round: number; readonly attempt: number }): boolean =>
      one.round === round && one.attempt === secure.attempt;
    const roster = eventsOf(events, "roster.fixed").find(here)?.sites ?? [];
    const adverts = eventsOf(events, "advert.accepted").filter((one) => here(one) && roster.includes(one.site));
    const inputs = eventsOf(events, "input.accepted").filter((one) => here(one) && survivors.includes(one.site));
    return [
      ...adverts.map(({ advert }): Evidence => ({ kind: "advert", round, signed: advert })),
      ...inputs.map(({ header }): Evidence => ({ kind: "masked", round, signed: header })),
    ];
  });
  const evaluations = eventsOf(events, "evaluation.accepted").map(({ site, statement }): Evidence => ({
    kind: "evaluation",
    site,
    envelope: envelope(finished, statement),
  }));
  const rotations = created.approvals.flatMap(({ site }) =>
    chainOf(finished, site)
      .slice(0, -1)
      .map(({ rotation }): Evidence => ({ kind: "rotation", site, ...SignedRotation.parse(JSON.parse(rotation ?? "null")) })),
  );
  return [...approvals, ...rotations, ...sums, ...evaluations];
}

function envelope({ statements }: Finished, digest: Digest): Envelope {
  const read = readEnvelope(statements.get(digest) ?? "");
  if (!read.ok) throw new EngraftError("blob-missing", "A signed statement of the run is not in the database. Restore it from a backup.");
  return read.value;
}
