/** Plans: proposed once, never changed; withdrawn at most. */
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest, PublicKey, SiteName } from "@engraft/core/base/ids";
import { checkPlanAgainstBase, type Plan } from "@engraft/core/models/plan";
import { planText, readPlan } from "@engraft/core/models/plan-digest";
import { completeDraft } from "@engraft/core/models/plan-draft";
import { checkAggregation, secureOf } from "@engraft/core/secagg/of-plan";
import { isTaken } from "../store/faults.ts";
import type { Store } from "../store/store.ts";
import { readManifest } from "./bases.ts";
import { checkEarlier, withEarlier } from "./earlier.ts";

/** Proposing the same plan twice changes nothing. Throws `plan-invalid`, `plan-withdrawn`, `not-found` (the base) or `conflict` (name and version). */
export async function proposePlan(
  store: Store,
  options: { readonly text: string; readonly by: string; readonly now: number },
): Promise<Digest> {
  const { text, by, now } = options;
  const read = readPlan(await completed(store, text));
  if (isRefusal(read)) throw new EngraftError(read.code, read.text);
  const { plan, digest } = read;
  const same = await store.prisma.plan.findUnique({ where: { digest }, select: { withdrawnAt: true } });
  if (same !== null && same.withdrawnAt !== null)
    throw new EngraftError("plan-withdrawn", `${plan.name} v${plan.version} was withdrawn. Give it a new version and propose that.`);
  if (same !== null) return digest;
  const base = await store.prisma.base.findUnique({ where: { manifest: plan.base.manifest } });
  if (base === null)
    throw new EngraftError(
      "not-found",
      `The plan's base ${plan.base.name} ${plan.base.version} is not here. Import it first, with "engraft-coordinator base import".`,
    );
  const fits = checkPlanAgainstBase(plan, base.manifest as Digest, readManifest(base.text));
  if (isRefusal(fits)) throw new EngraftError(fits.code, fits.text);
  const comparable = await checkEarlier(store, plan);
  if (isRefusal(comparable)) throw new EngraftError(comparable.code, comparable.text);
  const sound = await checkDirectory(store, plan);
  if (isRefusal(sound)) throw new EngraftError(sound.code, sound.text);
  const newest = await store.prisma.plan.findFirst({ where: { name: plan.name }, orderBy: { version: "desc" } });
  if (newest !== null && newest.version >= plan.version)
    throw new EngraftError("conflict", `${plan.name} has version ${newest.version} already. Give this plan version ${newest.version + 1}.`);
  try {
    await store.write(async (tx) => {
      await tx.plan.create({
        data: {
          digest,
          name: plan.name,
          version: plan.version,
          text: planText(plan),
          baseManifest: base.manifest,
          by,
          proposedAt: new Date(now),
        },
      });
      return {
        value: undefined,
        audit: [{ at: now, actor: by, action: "plan.proposed", subject: digest, detail: { name: plan.name, version: plan.version } }],
      };
    });
  } catch (error) {
    if (isTaken(error)) throw new EngraftError("conflict", `${plan.name} ${plan.version} was proposed just now by somebody else.`);
    throw error;
  }
  return digest;
}

/** What the plan leaves out is filled in from the sites that are enrolled now, and from the run whose model it compares with. */
async function completed(store: Store, text: string): Promise<string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The reader says so, in its words.
    return text;
  }
  const sites = await store.prisma.site.findMany({ where: { goneAt: null }, select: { name: true, key: true }, orderBy: { name: "asc" } });
  const enrolled = sites.map(({ name, key }) => ({ site: name as SiteName, publicKey: key as PublicKey }));
  return JSON.stringify(await withEarlier(store, completeDraft(json, enrolled)));
}

/** Every site of a directory is enrolled here under that key; a site pins what it is shown, so nobody else must be in it. */
async function checkDirectory(store: Store, plan: Plan): Promise<{ readonly ok: true } | Refusal> {
  const sound = checkAggregation(plan);
  if (isRefusal(sound)) return sound;
  for (const { site, publicKey } of secureOf(plan)?.directory ?? []) {
    const row = await store.prisma.site.findUnique({ where: { name: site }, select: { key: true, goneAt: true } });
    if (row === null || row.goneAt !== null)
      return refuse("directory-wrong", `${site} is not enrolled. Invite it first, or leave it out of aggregation.directory.`);
    if (row.key !== publicKey)
      return refuse("directory-wrong", `${site} is enrolled under another key. Leave publicKey out to use the enrolled one.`);
  }
  return { ok: true };
}

/** Throws `plan-unknown`, or `conflict` while a run of it lives. */
export async function withdrawPlan(
  store: Store,
  options: { readonly digest: Digest; readonly by: string; readonly now: number },
): Promise<void> {
  const { digest, by, now } = options;
  await store.write(async (tx) => {
    const plan = await tx.plan.findUnique({ where: { digest }, include: { runs: { where: { endedAt: null } } } });
    if (plan === null) throw new EngraftError("plan-unknown", "There is no such plan.");
    if (plan.withdrawnAt !== null) return { value: undefined, audit: [] };
    const live = plan.runs[0];
    if (live !== undefined) throw new EngraftError("conflict", `The run ${live.id} of this plan is under way. Stop it first.`);
    await tx.plan.update({ where: { digest }, data: { withdrawnAt: new Date(now) } });
    return {
      value: undefined,
      audit: [{ at: now, actor: by, action: "plan.withdrawn", subject: digest, detail: { name: plan.name, version: plan.version } }],
    };
  });
}
