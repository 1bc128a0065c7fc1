/** Plans that the coordinator has shown to this site, by digest, with the manifest of their base. */
import { join } from "node:path";
import * as z from "zod";
import { EngraftError, refuse, type Refusal } from "@engraft/core/base/errors";
import { Digest, Instant } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { checkPlanAgainstBase, type Plan } from "@engraft/core/models/plan";
import { planText, readPlan } from "@engraft/core/models/plan-digest";
import type { MessageOf } from "@engraft/core/protocol/messages";
import { jsonNames, readJson, writeJson } from "./json-file.ts";

const PlanFile = z.strictObject({
  format: z.literal("engraft.plan-offer/1"),
  plan: z.string(),
  manifest: z.string(),
  withdrawn: z.boolean(),
  offeredAt: Instant,
});

export interface OfferedPlan {
  readonly digest: Digest;
  readonly plan: Plan;
  readonly manifest: Manifest;
  /** The manifest's exact text: what its digest is of. */
  readonly manifestText: string;
  readonly withdrawn: boolean;
  readonly offeredAt: number;
}

const folder = (home: string): string => join(home, "plans");

type Understood = { readonly ok: true; readonly offered: Omit<OfferedPlan, "offeredAt"> } | Refusal;

/**
 * Reads an offer without trusting it: the plan must be its own canonical text (else its digest would name something else than
 * what was read), the manifest must be the one the plan names, and both must fit together.
 */
export function understandOffer(offer: MessageOf<"plan.offer">): Understood {
  const read = readPlan(offer.plan);
  if (!read.ok) return read;
  if (planText(read.plan) !== offer.plan)
    return refuse("plan-invalid", "The plan is not in its canonical form, so its digest would not be of what it says.");
  const manifest = readManifest(offer.manifest);
  if (manifest === undefined) return refuse("plan-invalid", "The manifest of the plan's base model cannot be read.");
  const fits = checkPlanAgainstBase(read.plan, sha256(offer.manifest), manifest);
  if (!fits.ok) return fits;
  return {
    ok: true,
    offered: { digest: read.digest, plan: read.plan, manifest, manifestText: offer.manifest, withdrawn: offer.withdrawn },
  };
}

function readManifest(text: string): Manifest | undefined {
  try {
    return Manifest.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Keeps an offer. `news` is false where it was known as it is. */
export async function savePlan(home: string, offered: Omit<OfferedPlan, "offeredAt">, at: number): Promise<{ readonly news: boolean }> {
  const known = await findPlan(home, offered.digest);
  if (known !== undefined && known.withdrawn === offered.withdrawn) return { news: false };
  await writeJson(join(folder(home), `${offered.digest}.json`), {
    format: "engraft.plan-offer/1",
    plan: planText(offered.plan),
    manifest: offered.manifestText,
    withdrawn: offered.withdrawn,
    offeredAt: known?.offeredAt ?? at,
  });
  return { news: true };
}

/** The plan with exactly this digest; undefined where it was never offered. The digest is checked on what is read. */
export async function findPlan(home: string, digest: string): Promise<OfferedPlan | undefined> {
  const file = await readJson(join(folder(home), `${digest}.json`), PlanFile);
  if (file === undefined) return undefined;
  const understood = understandOffer(file);
  if (!understood.ok || understood.offered.digest !== digest) {
    throw new EngraftError(
      "bad-config",
      `The stored plan ${digest.slice(0, 12)} is damaged. Remove it from ${folder(home)}; the coordinator offers it again.`,
    );
  }
  return { ...understood.offered, offeredAt: file.offeredAt };
}

/** All offered plans, oldest first. */
export async function listPlans(home: string): Promise<readonly OfferedPlan[]> {
  const plans = await Promise.all((await jsonNames(folder(home))).map((digest) => findPlan(home, digest)));
  return plans.filter((plan) => plan !== undefined).sort((a, b) => a.offeredAt - b.offeredAt || a.plan.version - b.plan.version);
}

/** The one plan whose digest starts with `start`. Throws `plan-unknown` or, where several do, `bad-input`. */
export async function resolvePlan(home: string, start: string): Promise<OfferedPlan> {
  const given = start.toLowerCase();
  if (!/^[0-9a-f]{6,64}$/.test(given)) throw new EngraftError("bad-input", "Name a plan by its digest, or by its first 6 digits or more.");
  const matching = (await jsonNames(folder(home))).filter((digest) => digest.startsWith(given));
  if (matching.length > 1)
    throw new EngraftError("bad-input", `${matching.length} plans start with ${given}. Give more digits of the digest.`);
  const plan = matching[0] === undefined ? undefined : await findPlan(home, matching[0]);
  if (plan === undefined)
    throw new EngraftError(
      "plan-unknown",
      `No plan ${given.slice(0, 12)} has been offered to this site. "engraft-site review" lists those that were; the agent must be running to receive new ones.`,
    );
  return plan;
}
