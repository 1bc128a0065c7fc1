/**
 * Whether a release is what it says it is, from its files and pinned keys alone (SPEC.md, "Releases"). Does no I/O. What it
 * cannot say: whether the sum is that of the masked vectors (a round's record shows that), and whether a site's data was sound.
 */
import { isRefusal } from "../base/errors.ts";
import type { Digest, PublicKey } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { readSafetensors, type SafetensorsHeader } from "../models/safetensors.ts";
import { Manifest } from "../models/manifest.ts";
import type { Plan } from "../models/plan.ts";
import { readPlan } from "../models/plan-digest.ts";
import { trainableTensors } from "../models/tensors.ts";
import { concat, float32Bytes } from "../base/bytes.ts";
import { bad, good, type Check } from "./check.ts";
import { openDsse, readDsse } from "./dsse.ts";
import { readEvidence, type Evidence } from "./evidence.ts";
import { checkSites } from "./sites.ts";
import { ProvenanceStatement, type Provenance } from "./statement.ts";

export const PROVENANCE_FILE = "provenance.dsse.json";
export const EVIDENCE_FILE = "evidence.jsonl";
/** Under SCAFFOLD: what stands behind the model in the last checkpoint, float32. Without it the checkpoint's digest says nothing of the model. */
export const VARIATE_FILE = "server-variate.bin";
/** All others in one; not among the signed ones. */
export const BUNDLE_FILE = "bundle.zip";

/** Files of a release by name. */
export type ReleaseFiles = ReadonlyMap<string, Uint8Array>;

export interface Pinned {
  readonly coordinator: PublicKey;
  /** Keys of sites that were told by the sites themselves; the others' are the coordinator's word, or the plan's directory's. */
  readonly sites?: Readonly<Record<string, PublicKey>>;
}

export interface Verified {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** What the coordinator signed; undefined where its signature does not hold. */
  readonly provenance: Provenance | undefined;
}

const textOf = (bytes: Uint8Array | undefined): string | undefined => {
  try {
    return bytes === undefined ? undefined : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** The key that a release names as its coordinator's: nobody vouches for it. */
export function claimedKey(files: ReleaseFiles): PublicKey | undefined {
  const envelope = readDsse(textOf(files.get(PROVENANCE_FILE)) ?? "");
  if (envelope === undefined) return undefined;
  const read = ProvenanceStatement.safeParse(json(Buffer.from(envelope.payload, "base64")));
  return read.success ? read.data.predicate.coordinator : undefined;
}

/** O1 to O6. A file may be any bytes: nothing is parsed before its signature or its digest was checked. */
export function verifyRelease(files: ReleaseFiles, pinned: Pinned): Verified {
  const signed = openStatement(files, pinned.coordinator);
  if ("ok" in signed) return { ok: false, checks: [signed], provenance: undefined };
  const { predicate: provenance, subject } = signed;
  const plan = readPlan(textOf(files.get("plan.json")) ?? "");
  const checks = [
    good(PROVENANCE_FILE, "signed by the coordinator's key"),
    ...checkFiles(files, subject),
    ...checkChain(provenance),
    ...pinnedKeys(provenance, pinned.sites ?? {}),
    ...checkEvidence(files, plan, provenance),
    ...checkModel(files, plan, provenance),
  ];
  return { ok: checks.every(({ ok }) => ok), checks, provenance };
}

type PlanRead = ReturnType<typeof readPlan>;

/** O1: the coordinator's signature. */
function openStatement(files: ReleaseFiles, key: PublicKey): ProvenanceStatement | Check {
  const text = textOf(files.get(PROVENANCE_FILE));
  if (text === undefined) return bad(PROVENANCE_FILE, "It is missing, or no text: nothing says where these files come from.");
  const opened = openDsse(text, key);
  if (isRefusal(opened)) return bad(PROVENANCE_FILE, opened.text);
  try {
    const statement = ProvenanceStatement.parse(JSON.parse(textOf(opened.payload) ?? ""));
    return statement.predicate.coordinator === key
      ? statement
      : bad(PROVENANCE_FILE, "It speaks of another coordinator than the one that signed it.");
  } catch {
    return bad(PROVENANCE_FILE, "It is signed, but this version cannot read it. Use a newer one.");
  }
}

/** O2: every file is one of the signed ones, byte for byte, and none is missing. */
function checkFiles(files: ReleaseFiles, subject: ProvenanceStatement["subject"]): readonly Check[] {
  const strangers = [...files.keys()].filter((name) => name !== PROVENANCE_FILE && !subject.some((one) => one.name === name));
  return [
    ...subject.map(({ name, digest }): Check => {
      const bytes = files.get(name);
      if (bytes === undefined) return bad(name, "It is missing. Download the release again.");
      return sha256(bytes) === digest.sha256
        ? good(name, `SHA-256 ${digest.sha256.slice(0, 16)}…`)
        : bad(name, "It was changed after it was released.");
    }),
    ...strangers.map((name) => bad(name, "The coordinator signed no such file.")),
  ];
}

/** O5: from the base's values each round starts where the one before it ended, and the last one gave the model. */
function checkChain({ rounds, start, checkpoint, release }: Provenance): readonly Check[] {
  let at: Digest = start;
  for (const round of rounds) {
    if (round.from !== at) return [bad("the chain of checkpoints", `Round ${round.round} does not start where the one before it ended.`)];
    at = round.checkpoint ?? at;
  }
  const newest = rounds.findLast((one) => one.checkpoint !== null)?.round;
  if (release.round !== undefined && release.round !== newest)
    return [bad("the chain of checkpoints", `It ends with round ${newest ?? 0}, and the release says round ${release.round}.`)];
  return at === checkpoint
    ? [good("the chain of checkpoints", `${rounds.length} sums, from the base to the model`)]
    : [bad("the chain of checkpoints", "The rounds do not end at the released checkpoint.")];
}

function pinnedKeys({ sites }: Provenance, pinned: Readonly<Record<string, PublicKey>>): readonly Check[] {
  return sites.flatMap(({ site, key }) => {
    const own = Object.hasOwn(pinned, site) ? pinned[site] : undefined;
    if (own === undefined) return [];
    return [own === key ? good(`the key of ${site}`, "is the pinned one") : bad(`the key of ${site}`, "It is not the pinned one.")];
  });
}

/** O3 and O4, for files whose digests may be wrong: then each statement says by itself what is wrong with it. */
function checkEvidence(files: ReleaseFiles, plan: PlanRead, provenance: Provenance): readonly Check[] {
  if (isRefusal(plan)) return [bad("plan.json", "It cannot be read.")];
  if (plan.digest !== provenance.plan) return [bad("plan.json", "It is another plan than the sites approved.")];
  const lines = readEvidence(textOf(files.get(EVIDENCE_FILE)) ?? "");
  const unread = lines.flatMap((line, index) =>
    line === undefined ? [bad(`${EVIDENCE_FILE}, line ${index + 1}`, "It is no statement.")] : [],
  );
  const evidence = lines.filter((line): line is Evidence => line !== undefined);
  return [...unread, ...checkSites({ provenance, plan: plan.plan, evidence })];
}

/** O6: the values that were trained are in the model. */
function checkModel(files: ReleaseFiles, plan: PlanRead, { checkpoint }: Provenance): readonly Check[] {
  const what = "model.safetensors, its trained values";
  const model = files.get("model.safetensors");
  const manifest = Manifest.safeParse(json(files.get("manifest.json")));
  if (model === undefined || !manifest.success || isRefusal(plan))
    return [bad(what, "model.safetensors, manifest.json or plan.json cannot be read.")];
  const bytes = trainedBytes(model, manifest.data, plan.plan);
  if (bytes === undefined) return [bad(what, "The file is damaged, or not the model that the manifest describes.")];
  const along = plan.plan.strategy?.name === "scaffold" ? files.get(VARIATE_FILE) : new Uint8Array();
  if (along === undefined)
    return [bad(VARIATE_FILE, "It is missing: without it the model cannot be held against the last round's checkpoint.")];
  return [
    sha256(concat([bytes, along])) === checkpoint
      ? good(what, "are those of the last round's checkpoint")
      : bad(what, "They are not those of the last round's checkpoint."),
  ];
}

function trainedBytes(file: Uint8Array, { tensors }: Manifest, plan: Plan): Uint8Array | undefined {
  let read: { readonly tensors: ReadonlyMap<string, Float32Array>; readonly header: SafetensorsHeader };
  try {
    read = readSafetensors(file);
  } catch {
    return undefined;
  }
  const values = trainableTensors(tensors, plan.training.trainable).map(({ name }) => read.tensors.get(name));
  return values.every((one) => one !== undefined) ? concat(values.map(float32Bytes)) : undefined;
}

function json(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(textOf(bytes) ?? "");
  } catch {
    return undefined;
  }
}
