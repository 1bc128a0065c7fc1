/** An admin releases a run's model: its files get a signed provenance, and from then on never change. */
import { readFile } from "node:fs/promises";
import { utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import type { AuditEntry } from "@engraft/core/audit/chain";
import { makeBundle } from "@engraft/core/provenance/bundle";
import { MODEL_KEY_FILE, MODEL_SIGNATURE_FILE, modelSignature, publicPem } from "@engraft/core/provenance/model-signing";
import { criteriaOf } from "@engraft/core/provenance/criteria";
import { dsseText, signDsse } from "@engraft/core/provenance/dsse";
import { evidenceText } from "@engraft/core/provenance/evidence";
import { statementBytes, type Criterion } from "@engraft/core/provenance/statement";
import { BUNDLE_FILE, EVIDENCE_FILE, PROVENANCE_FILE } from "@engraft/core/provenance/verify";
import { acceptanceInWords } from "@engraft/core/models/plan-words";
import type { App } from "../app.ts";
import { modelSigningKey } from "../auth/secrets.ts";
import { ReleaseFiles } from "../http/releases.ts";
import { readManifest } from "../plans/bases.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { ReleaseFile } from "../rounds/release.ts";
import { isTaken } from "../store/faults.ts";
import { chosenCheckpoint } from "./chosen.ts";
import { formatsOf } from "./formats.ts";
import { keysOf } from "../sites/membership.ts";
import type { Store } from "../store/store.ts";
import { evidenceOf, provenanceOf, type Finished, type KeyOfSite } from "./provenance.ts";

/** A larger one would not fit a zip of this kind; its files are there one by one. */
const MOST_BUNDLED = 1024 * 1024 * 1024;

export interface Wanted {
  readonly run: RunId;
  readonly name: string;
  readonly version: string;
  readonly notes: string;
  /** Why it is released although it misses a criterion of its plan. */
  readonly despite: string | null;
  /** Whose checkpoint; the run's last where it is not given. */
  readonly round?: number | undefined;
  readonly by: string;
}

/** Throws `not-found`, `blob-missing` where the wanted checkpoint was let go, and `conflict` where it was released before, the name is taken, or a criterion is missed and nothing said why. */
export async function release(app: App, wanted: Wanted): Promise<void> {
  const { store } = app;
  const { run, name, version } = wanted;
  const row = await store.prisma.release.findUnique({ where: { runId: run } });
  if (row === null) throw new EngraftError("not-found", "There is no model of such a run: a run has one once it has finished.");
  if (row.name !== null)
    throw new EngraftError("conflict", `It was released before, as ${row.name} ${row.version}. A release never changes.`);
  if ((await store.prisma.release.count({ where: { name, version } })) > 0) throw taken(wanted);
  const whole = await finishedRun(app, run);
  const chosen = await chosenCheckpoint(app, whole, wanted.round);
  const { finished, view } = chosen;
  const criteria = criteriaOf(finished.plan, view);
  mustBeMet(criteria, wanted.despite);
  const at = app.now();
  const { notes, despite, by } = wanted;
  const of = chosen.round === undefined ? {} : { round: chosen.round };
  const provenance = await provenanceOf(finished, { name, version, notes, by, at, criteria: [...criteria], despite, ...of });
  const evidence = await put(app, EVIDENCE_FILE, utf8(evidenceText(evidenceOf(finished, provenance))));
  const candidate = chosen.files ?? ReleaseFiles.parse(row.files);
  const { plan, manifest, created, coordinator } = finished;
  const base = { manifest, digest: created.manifest.digest };
  const described = {
    name,
    version,
    notes,
    madeAt: at,
    coordinator,
    plan,
    planDigest: created.plan,
    base,
    view,
    ...(chosen.round !== undefined && { chosen: { round: chosen.round, rounds: chosen.rounds } }),
  };
  const formats = await formatsOf(app.blobs, candidate, described);
  const covered = await withModelSignature(app, `${name}-${version}`, [...candidate, ...formats, evidence]);
  const signed = dsseText(signDsse(app.identity, statementBytes(covered, provenance)));
  const proof = await put(app, PROVENANCE_FILE, utf8(signed));
  const all = [...covered, proof];
  const files = [...all, ...(await bundled(app, all))];
  const entry: AuditEntry = {
    at,
    actor: by,
    action: "release.released",
    subject: run,
    detail: { name, version, provenance: proof.sha256, ...of },
  };
  await store
    .write(async (tx) => {
      // Two admins at once: the second one finds it released.
      const { count } = await tx.release.updateMany({
        where: { runId: run, name: null },
        data: {
          name,
          version,
          notes,
          releasedBy: by,
          releasedAt: new Date(at),
          round: chosen.round ?? null,
          files: files.map((file) => ({ ...file })),
        },
      });
      return { value: undefined, audit: count === 0 ? [] : [entry] };
    })
    .catch((error: unknown) => {
      throw isTaken(error) ? taken(wanted) : error;
    });
  app.feed.publish({ kind: "changed", what: "releases" });
}

const taken = ({ name, version }: Wanted): EngraftError =>
  new EngraftError("conflict", `There is a release ${name} ${version} already. Give this one another version.`);

function mustBeMet(criteria: readonly Criterion[], despite: string | null): void {
  const missed = criteria.filter(({ met }) => !met);
  if (missed.length === 0 || despite !== null) return;
  const what = missed.map((one) => `${acceptanceInWords(one)} (${one.value === null ? "not measured" : `it is ${one.value.toFixed(3)}`})`);
  throw new EngraftError(
    "conflict",
    `The model misses what its plan demands: ${what.join("; ")}. Train on, or say why it is released all the same (despite); that is signed with it.`,
  );
}

async function put({ blobs }: Pick<App, "blobs">, name: string, bytes: Uint8Array): Promise<ReleaseFile> {
  const { digest, bytes: size } = await blobs.put(bytes);
  return { name, sha256: digest, bytes: size };
}

/** For a folder with all files of the release: what is made after this signature, or holds it, is not under it. */
async function withModelSignature(app: App, model: string, files: readonly ReleaseFile[]): Promise<readonly ReleaseFile[]> {
  const key = await modelSigningKey(app.data);
  const signed = [...files, await put(app, MODEL_KEY_FILE, utf8(publicPem(key)))];
  const signature = modelSignature(key, model, signed, [PROVENANCE_FILE, BUNDLE_FILE]);
  return [...signed, await put(app, MODEL_SIGNATURE_FILE, utf8(signature))];
}

async function bundled(app: App, files: readonly ReleaseFile[]): Promise<readonly ReleaseFile[]> {
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_BUNDLED) return [];
  const read = await Promise.all(
    files.map(async ({ name, sha256 }) => [name, new Uint8Array(await readFile(app.blobs.path(sha256)))] as const),
  );
  return [await put(app, BUNDLE_FILE, makeBundle(new Map(read)))];
}

async function finishedRun({ store, identity }: App, run: RunId): Promise<Finished> {
  const row = await store.prisma.run.findUniqueOrThrow({ where: { id: run }, include: { plan: { include: { base: true } } } });
  const events = (await store.events(run)).map(({ event }) => event);
  const [created] = events;
  if (created?.type !== "run.created") throw new Error("Bug: a run that does not begin with its making");
  const digests = [
    ...created.approvals.map(({ statement }) => statement),
    ...events.flatMap((event) => (event.type === "update.accepted" || event.type === "evaluation.accepted" ? [event.statement] : [])),
  ];
  const [statements, sites] = await Promise.all([
    store.prisma.statement.findMany({ where: { digest: { in: digests } } }),
    store.prisma.site.findMany({ where: { name: { in: [...created.sites] } }, select: { name: true, version: true } }),
  ]);
  const keys = await Promise.all(sites.map(({ name }) => rotationsOf(store, name)));
  return {
    events,
    created,
    plan: storedPlan(row.plan.text),
    manifest: readManifest(row.plan.base.text),
    coordinator: identity.publicKey,
    sites: new Map(sites.map(({ name, version }, index) => [name, { keys: keys[index] ?? [], version }])),
    statements: new Map(statements.map(({ digest, text }) => [digest, text])),
  };
}

async function rotationsOf(store: Store, site: string): Promise<readonly KeyOfSite[]> {
  const keys = await keysOf(store, site);
  const digests = keys.flatMap(({ statement }) => statement ?? []);
  const texts = new Map(
    (await store.prisma.statement.findMany({ where: { digest: { in: digests } } })).map(({ digest, text }) => [digest, text]),
  );
  return keys.map(({ key, statement }) => ({ key, rotation: texts.get(statement ?? "") ?? null }));
}

/** Says so to all who fetch it from now on; nothing is deleted. Throws `not-found` and `conflict`. */
export async function withdraw(
  app: App,
  { run, why, by }: { readonly run: RunId; readonly why: string; readonly by: string },
): Promise<void> {
  const row = await app.store.prisma.release.findUnique({ where: { runId: run } });
  if (row === null || row.name === null) throw new EngraftError("not-found", "There is no such release.");
  if (row.withdrawnAt !== null) throw new EngraftError("conflict", "It was withdrawn before.");
  const at = app.now();
  await app.store.write(async (tx) => {
    const { count } = await tx.release.updateMany({
      where: { runId: run, withdrawnAt: null },
      data: { withdrawnBy: by, withdrawnAt: new Date(at), withdrawn: why },
    });
    const detail = { name: row.name, version: row.version, why };
    return { value: undefined, audit: count === 0 ? [] : [{ at, actor: by, action: "release.withdrawn", subject: run, detail }] };
  });
  app.feed.publish({ kind: "changed", what: "releases" });
}
