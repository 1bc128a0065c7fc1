/**
 * What the database says about runs, sites and needed blobs. The running coordinator answers with it (api/doctor.ts); where none
 * runs, doctor opens the database and asks the same.
 */
import { isRefusal } from "@engraft/core/base/errors";
import type { Digest, PublicKey, SiteName } from "@engraft/core/base/ids";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import { RunEvent, type BlobRef } from "@engraft/core/rounds/events";
import { ABSENT, evolve } from "@engraft/core/rounds/evolve";
import { runParams } from "@engraft/core/rounds/params";
import type { RunState } from "@engraft/core/rounds/state";
import { ok, problem, warning, type Finding } from "@engraft/runtime/doctor";
import { ReleaseFiles } from "../http/releases.ts";
import { readManifest } from "../plans/bases.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { PrismaClient } from "../store/generated/client.ts";
import { waitingFinding } from "./waiting.ts";

/** A blob that must be there. */
export interface NeededBlob extends BlobRef {
  /** For people: what it is. */
  readonly what: string;
}

export interface Inside {
  /** Of runs that have not ended. */
  readonly runs: readonly Finding[];
  /** Newest first, each once. */
  readonly blobs: readonly NeededBlob[];
  /** Alerts that could not be sent, and why. */
  readonly alerts: readonly Finding[];
  /** Site's clock minus the coordinator's, of sites that were seen within a day. */
  readonly skews: readonly { readonly site: string; readonly skewMs: number }[];
}

export interface LookingInside {
  readonly prisma: PrismaClient;
  /** Null where no coordinator runs. */
  readonly online: readonly SiteName[] | null;
  readonly now: number;
}

const DAY_MS = 86_400_000;
/** More than this many blobs, the oldest are not listed. */
const MAX_BLOBS = 20_000;

export async function lookInside(looking: LookingInside): Promise<Inside> {
  const { prisma, now } = looking;
  const seen = await prisma.site.findMany({ where: { lastSeen: { gte: new Date(now - DAY_MS) }, skewMs: { not: null } } });
  return {
    runs: await runFindings(looking),
    blobs: await neededBlobs(prisma),
    alerts: await alertFindings(prisma),
    skews: seen.map(({ name, skewMs }) => ({ site: name, skewMs: skewMs ?? 0 })),
  };
}

/** What was given up, and what has failed and is tried again. */
async function alertFindings(prisma: PrismaClient): Promise<readonly Finding[]> {
  const unsent = await prisma.message.findMany({
    where: { sentAt: null, error: { not: null }, attempts: { gt: 0 } },
    orderBy: { createdAt: "desc" },
    take: 1,
  });
  const [last] = unsent;
  if (last === undefined) return [ok("no alert waits")];
  const count = await prisma.message.count({ where: { sentAt: null, error: { not: null }, attempts: { gt: 0 } } });
  return [
    warning(
      "alerts-unsent",
      `${count === 1 ? "1 alert was" : `${count} alerts were`} not sent. The last one: ${last.error}`,
      'Look under Alerts in the dashboard, put the channel right and send a test message. The mail server is set by "smtp-url".',
    ),
  ];
}

async function runFindings({ prisma, online, now }: LookingInside): Promise<readonly Finding[]> {
  const [rows, owner] = await Promise.all([
    prisma.run.findMany({
      where: { OR: [{ endedAt: null }, { endPhase: "finished", release: { is: null } }] },
      include: { plan: { include: { base: true } }, release: true },
      orderBy: { createdAt: "asc" },
    }),
    prisma.federation.findUnique({ where: { id: 1 } }),
  ]);
  const found: Finding[] = [];
  for (const { id, plan: row, release } of rows) {
    const manifest = readManifest(row.base.text);
    const plan = storedPlan(row.text);
    const params = runParams(plan, row.digest as Digest, vectorSizeOf(plan, manifest), (owner?.key ?? "") as PublicKey);
    const events = await eventsOf(prisma, id);
    const since = events.at(-1)?.at;
    if (isRefusal(params) || since === undefined) {
      const why = isRefusal(params) ? params.text : "its log is empty";
      found.push(problem("run-unreadable", `${id} cannot be read: ${why}.`, "Restore the database from a backup, or report this."));
      continue;
    }
    const state = events.reduce<RunState>(evolve(params), ABSENT);
    const approved = await approvedSites(prisma, row.digest);
    found.push(waitingFinding({ run: id, params, state, since, online, approved, released: release !== null, now }));
  }
  return found;
}

const eventsOf = async (prisma: PrismaClient, run: string): Promise<readonly RunEvent[]> =>
  (await prisma.event.findMany({ where: { run }, orderBy: { version: "asc" } })).map(({ body }) => RunEvent.parse(body));

async function approvedSites(prisma: PrismaClient, planDigest: string): Promise<readonly SiteName[]> {
  const decisions = await prisma.approval.findMany({ where: { planDigest }, orderBy: { seq: "asc" } });
  const last = new Map(decisions.map(({ siteName, decision }) => [siteName, decision]));
  return [...last].filter(([, decision]) => decision === "approved").map(([site]) => site as SiteName);
}

/** Blobs that outlive their round: releases, checkpoints, records of sums, bases. */
async function neededBlobs(prisma: PrismaClient): Promise<readonly NeededBlob[]> {
  const [releases, events, bases] = await Promise.all([
    prisma.release.findMany({ orderBy: { createdAt: "desc" } }),
    prisma.$queryRaw<{ run: string; body: unknown }[]>`
      SELECT "run", "body" FROM "event" WHERE "body"->>'type' IN ('checkpoint.written', 'run.created', 'sum.opened') ORDER BY "seq" DESC LIMIT ${MAX_BLOBS}`,
    prisma.base.findMany({ orderBy: { importedAt: "desc" } }),
  ]);
  const needed = [
    ...releases.flatMap(({ id, files }) =>
      ReleaseFiles.parse(files).map(({ name, sha256, bytes }) => ({
        digest: sha256 as Digest,
        bytes,
        what: `${name} of the release ${id}`,
      })),
    ),
    ...bases.flatMap(({ name, version, manifest, text, weights }) => [
      { digest: manifest as Digest, bytes: Buffer.byteLength(text), what: `manifest of the base ${name} ${version}` },
      { digest: weights as Digest, bytes: readManifest(text).weights.bytes, what: `weights of the base ${name} ${version}` },
    ]),
    ...events.flatMap(({ run, body }) => blobsOf(run, RunEvent.parse(body))),
  ];
  const once = new Map(needed.toReversed().map((blob) => [blob.digest, blob]));
  return [...once.values()].toReversed().slice(0, MAX_BLOBS);
}

function blobsOf(run: string, event: RunEvent): readonly NeededBlob[] {
  switch (event.type) {
    case "run.created":
      return [{ ...event.start, what: `first checkpoint of ${run}` }];
    case "checkpoint.written":
      return [{ ...event.checkpoint, what: `checkpoint of ${run}, round ${event.round}` }];
    case "sum.opened":
      return [{ ...event.record, what: `record of ${run}, round ${event.round}` }];
    default:
      return [];
  }
}
