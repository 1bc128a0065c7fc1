/** What the sites signed, held against what the coordinator says of them. */
import { fromHex } from "../base/bytes.ts";
import { isRefusal } from "../base/errors.ts";
import type { Digest, PublicKey, SiteName } from "../base/ids.ts";
import { unseal, type Envelope } from "../crypto/envelope.ts";
import { sha256 } from "../crypto/digest.ts";
import type { Plan } from "../models/plan.ts";
import { MESSAGES } from "../protocol/messages.ts";
import { openRotation } from "../protocol/membership.ts";
import { agreeOnRoster } from "../secagg/advertise.ts";
import type { Directory } from "../secagg/directory.ts";
import { directoryOfPlan } from "../secagg/of-plan.ts";
import { readStatement } from "../secagg/statement.ts";
import { statementOf } from "../secagg/signed-text.ts";
import { attemptHash, roundHash } from "../secagg/transcript.ts";
import { bad, good, type Check } from "./check.ts";
import type { Evidence, EvidenceOf } from "./evidence.ts";
import type { Provenance, ProvenRound } from "./statement.ts";

interface Said {
  readonly provenance: Provenance;
  readonly plan: Plan;
  readonly evidence: readonly Evidence[];
}

const only = <K extends Evidence["kind"]>(evidence: readonly Evidence[], kind: K): readonly EvidenceOf<K>[] =>
  evidence.filter((one): one is EvidenceOf<K> => one.kind === kind);

const list = (sites: readonly string[]): string => sites.join(", ");

/** O3, O4: every statement of a site's, and that none is missing. */
export function checkSites(said: Said): readonly Check[] {
  const directory = said.provenance.aggregation === "secure" ? directoryOfPlan(said.plan) : undefined;
  if (directory !== undefined && isRefusal(directory)) return [bad("plan.json", `The plan's directory does not hold: ${directory.text}`)];
  const rounds = said.provenance.rounds.flatMap((round) =>
    directory === undefined ? plainRound(said, round) : secureRound(said, round, directory),
  );
  const evaluations = directory === undefined ? evaluated(said) : [];
  const pinned = directory === undefined ? [] : directoryKeys(said, directory);
  return [...pinned, ...keyChanges(said), ...approvals(said), ...rounds, ...evaluations];
}

/** J3: each key but a site's first one follows from the one before it by a rotation that both have signed. */
function keyChanges({ provenance, evidence }: Said): readonly Check[] {
  const given = only(evidence, "rotation");
  return provenance.sites.flatMap(({ site, key, keys = [key] }): readonly Check[] => {
    const changes = keys.slice(1).map((to, index): Check => {
      const what = `a change of the key of ${site}`;
      const found = given.find((one) => one.site === site && one.byOld.key === keys[index] && one.byNew.key === to);
      if (found === undefined) return bad(what, "It is missing.");
      const opened = openRotation(found, keys[index] as PublicKey, provenance.coordinator);
      if (isRefusal(opened)) return bad(what, opened.text);
      return opened.site === site && opened.to === to
        ? good(what, `signed by both keys on ${new Date(opened.at).toISOString()}`)
        : bad(what, "It is of another site or leads to another key.");
    });
    return keys.includes(key) ? changes : [...changes, bad(`the key of ${site}`, "It is not among those that the site had.")];
  });
}

function directoryKeys({ provenance }: Said, { sites }: Directory): readonly Check[] {
  return provenance.sites.flatMap(({ site, key }) => {
    const pinned = sites.find((one) => one.site === site)?.publicKey;
    return pinned === key
      ? []
      : [bad(`the key of ${site}`, "It is not the one that the plan's directory names, which the site's steward compared.")];
  });
}

function approvals({ provenance, evidence }: Said): readonly Check[] {
  const given = only(evidence, "approval");
  const missing = given.length === provenance.sites.length ? [] : [bad("the approvals", "There is not one for each site.")];
  const each = provenance.sites.map(({ site, approval }): Check => {
    const what = `the approval of ${site}`;
    const found = given.find((one) => one.site === site);
    if (found === undefined) return bad(what, "It is missing.");
    const key = signerOf(provenance, site, found.envelope);
    if (key === undefined) return bad(what, "The run has no such site.");
    const opened = unseal(found.envelope, { type: "approval", scope: provenance.coordinator, key, schema: MESSAGES.approval.schema });
    if (isRefusal(opened)) return bad(what, opened.text);
    if (digestOfEnvelope(found.envelope) !== approval) return bad(what, "It is another one than the run rests upon.");
    if (opened.value.plan !== provenance.plan) return bad(what, "It approves another plan.");
    if (opened.value.decision !== "approved") return bad(what, "The site refused.");
    return good(what, `signed by ${opened.value.steward} on ${new Date(opened.value.at).toISOString()}`);
  });
  return [...missing, ...each];
}

/** As the coordinator stores a statement: the digest of the envelope's text. */
const digestOfEnvelope = (envelope: Envelope): Digest => sha256(JSON.stringify(envelope));

function plainRound({ provenance, evidence }: Said, round: ProvenRound): readonly Check[] {
  const given = only(evidence, "update").filter((one) => one.round === round.round);
  const weights: number[] = [];
  const each = round.survivors.map((site): Check => {
    const what = `round ${round.round}, the update of ${site}`;
    const found = given.find((one) => one.site === site);
    const key = found === undefined ? undefined : signerOf(provenance, site, found.envelope);
    if (found === undefined || key === undefined) return bad(what, "It is missing.");
    const opened = unseal(found.envelope, { type: "update", scope: provenance.coordinator, key, schema: MESSAGES.update.schema });
    if (isRefusal(opened)) return bad(what, opened.text);
    const { run, round: number, plan, checkpoint, sampleCount } = opened.value;
    if (run !== provenance.run || number !== round.round || plan !== provenance.plan || checkpoint !== round.from)
      return bad(what, "It belongs to another run, round, plan or checkpoint.");
    weights.push(sampleCount);
    return good(what, `${sampleCount} samples, signed by its key`);
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const fits = weights.length < round.survivors.length || total === round.weight;
  return [...each, ...(fits ? [] : [bad(`round ${round.round}, its weight`, "The sites' signed counts add up to another number.")])];
}

/** In plain: what each site said of the last checkpoint on its own test patients. */
function evaluated({ provenance, evidence }: Said): readonly Check[] {
  return only(evidence, "evaluation").map(({ site, envelope }): Check => {
    const what = `the evaluation of ${site}`;
    const key = signerOf(provenance, site, envelope);
    if (key === undefined) return bad(what, "The run has no such site.");
    const opened = unseal(envelope, { type: "evaluation", scope: provenance.coordinator, key, schema: MESSAGES.evaluation.schema });
    if (isRefusal(opened)) return bad(what, opened.text);
    const { run, plan, checkpoint } = opened.value;
    return run === provenance.run && plan === provenance.plan && checkpoint === provenance.checkpoint
      ? good(what, "signed by its key")
      : bad(what, "It is about another run, plan or checkpoint.");
  });
}

/** The roster is made again from the adverts, so each header is bound to this run, round, plan and checkpoint. */
function secureRound({ provenance, evidence }: Said, round: ProvenRound, directory: Directory): readonly Check[] {
  const name = round.purpose === "train" ? `round ${round.round}` : "the evaluation";
  const { secure } = round;
  if (secure === null) return [bad(name, "Nothing is said of how its masks were agreed on.")];
  const context = {
    run: provenance.run,
    round: round.round,
    plan: provenance.plan,
    base: round.from,
    directory: directory.hash,
    coordinator: provenance.coordinator,
  };
  const attempt = attemptHash(roundHash(context), secure.attempt, fromHex(secure.nonce) ?? new Uint8Array(32));
  const adverts = only(evidence, "advert").filter((one) => one.round === round.round);
  const wrong = adverts.flatMap(({ signed }): Check[] => {
    const read = readStatement(directory, "advert", statementOf("advert", signed));
    return isRefusal(read) ? [bad(`${name}, the advert of ${signed.site}`, read.text)] : [];
  });
  if (wrong.length > 0) return wrong;
  const roster = agreeOnRoster(
    directory,
    attempt,
    adverts.map(({ signed }) => statementOf("advert", signed)),
  );
  if (isRefusal(roster)) return [bad(`${name}, its roster`, roster.text)];
  if (roster.value.hash !== secure.roster)
    return [bad(`${name}, its roster`, "The sites' adverts give another one: they were made for another run, round, plan or checkpoint.")];
  const masked = only(evidence, "masked").filter((one) => one.round === round.round);
  const headers = round.survivors.map((site): Check => {
    const what = `${name}, the masked vector of ${site}`;
    const found = masked.find(({ signed }) => signed.site === site);
    if (found === undefined) return bad(what, "Its signed header is missing.");
    const read = readStatement(directory, "masked", statementOf("masked", found.signed));
    if (isRefusal(read)) return bad(what, read.text);
    return read.value.roster === secure.roster
      ? good(what, `${read.value.words} words, signed by its key`)
      : bad(what, "Its header belongs to another attempt.");
  });
  const extra = masked.map(({ signed }) => signed.site).filter((site) => !round.survivors.includes(site));
  return [...headers, ...(extra.length === 0 ? [] : [bad(name, `Headers of sites that are not among its survivors: ${list(extra)}.`)])];
}

/** The key under which a statement must be: of those that the site had, the one that it names; else its own. */
function signerOf({ sites }: Provenance, wanted: SiteName, envelope: Envelope): PublicKey | undefined {
  const found = sites.find(({ site }) => site === wanted);
  return found?.keys?.includes(envelope.key) === true ? envelope.key : found?.key;
}
