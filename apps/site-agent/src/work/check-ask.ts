/** Whether an ask may be answered. Pure; nothing is fetched or trained before it has said yes. */
import { isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { vectorSizeOf, type VectorSize } from "@engraft/core/models/analytic";
import type { Ask } from "@engraft/core/protocol/messages";
import type { RegisteredData } from "../data/registry.ts";
import { askRefused } from "../rules/allowed.ts";
import { threadsOf } from "../rules/limits.ts";
import type { Decision } from "../vault/decisions.ts";
import type { OfferedPlan } from "../vault/plans.ts";
import type { PlanStanding } from "./standing.ts";

/** What the vault says about an ask. */
export interface Standing extends PlanStanding {
  readonly data: RegisteredData | undefined;
  /** Of the table as it is declared now (`mappingDigest`). */
  readonly mapping: Digest | null;
}

/** An ask that this site's steward has agreed to, with everything that is needed to answer it. */
export interface Agreed {
  readonly ok: true;
  readonly ask: Ask;
  readonly offered: OfferedPlan;
  readonly data: RegisteredData;
  readonly decision: Decision;
  /** What the steward approved of the table's mapping; it is what stands now. */
  readonly mapping: Digest | null;
  /** Whether figures of this site's own patients may leave: the plan asks for them, and the steward lets them. */
  readonly siteMetrics: boolean;
  /** Of the processor, that training may use; undefined where nobody here limits them. */
  readonly threads: number | undefined;
  /** Of checkpoints and updates. */
  readonly size: VectorSize;
}

/** P5: an ask is answered only under a plan that the steward has approved by this very digest, and only as that plan and the site's own people say (Y1, Y3). */
export function checkAsk(ask: Ask, standing: Standing): Agreed | Refusal {
  const wanted = stillWanted(ask, standing);
  if (isRefusal(wanted)) return wanted;
  const { offered, decision } = wanted;
  return asPlanned(ask, offered) ?? withData(ask, offered, decision, standing);
}

/** What the site's own people say of the ask at this moment, whatever has become of their table. */
export function stillWanted(
  ask: Ask,
  { offered, decision, paused, rules }: PlanStanding,
): { readonly ok: true; readonly offered: OfferedPlan; readonly decision: Decision } | Refusal {
  const short = ask.plan.slice(0, 12);
  if (paused) return refuse("paused", "This site is paused by its own people. Only they can resume it.");
  if (offered === undefined) return refuse("plan-unknown", `Plan ${short} was never offered to this site, so nobody here could read it.`);
  if (decision === undefined)
    return refuse("plan-not-approved", `Plan ${short} waits for this site's steward. Nothing was fetched or trained.`);
  if (decision.approval.decision === "refused") return refuse("plan-refused", `This site's steward has refused plan ${short}.`);
  if (offered.withdrawn) return refuse("plan-withdrawn", `Plan ${short} was withdrawn.`);
  return askRefused(ask, offered.plan, rules) ?? { ok: true, offered, decision };
}

function asPlanned(ask: Ask, offered: OfferedPlan): Refusal | undefined {
  const { plan, manifest, manifestText } = offered;
  const other = (what: string): Refusal =>
    refuse("wrong-plan", `The ask does not follow the approved plan: ${what}. Nothing was fetched or trained.`);
  if (ask.manifest.digest !== plan.base.manifest) return other("it names another manifest");
  if (ask.weights.digest !== plan.base.weights) return other("it names other weights");
  if (!ask.run.startsWith(`${plan.name}.`)) return other("the run belongs to another plan's name");
  if ((ask.attempt !== null) !== (plan.aggregation.method === "secure")) return other("it adds updates up in another way");
  // One sum in one round: F3 rests on it.
  if (plan.summary !== undefined && (ask.kind !== "evaluate" || ask.round !== 1)) return other("it is no summary");
  // A secure evaluation is a round of its own.
  const last = plan.rounds.count + (ask.attempt !== null && ask.kind === "evaluate" ? 1 : 0);
  if (ask.round > last || (ask.kind === "train" && ask.round < 1)) return other(`round ${ask.round} of ${plan.rounds.count}`);
  if ((ask.counted !== undefined) !== (plan.strategy?.name === "scaffold")) return other("it corrects drift in another way");
  if (ask.manifest.bytes !== Buffer.byteLength(manifestText)) return other("the manifest has another length");
  if (ask.weights.bytes !== manifest.weights.bytes) return other("the weights have another length");
  return undefined;
}

function withData(ask: Ask, offered: OfferedPlan, decision: Decision, { data, mapping, rules }: Standing): Agreed | Refusal {
  const { plan, manifest } = offered;
  const size = vectorSizeOf(plan, manifest);
  const { vectorLength } = size;
  for (const vector of [ask.checkpoint, ask.start]) {
    if (vector.bytes !== 4 * vectorLength)
      return refuse(
        "wrong-shape",
        `Checkpoints of the plan have ${vectorLength} values; the ask names a vector of ${vector.bytes} bytes instead of ${4 * vectorLength}.`,
      );
  }
  if (data === undefined)
    return refuse(
      "data-missing",
      'The plan is approved, but no table is registered for it at this site. Its people must run "engraft-site data add".',
    );
  if ((decision.approval.mapping ?? null) !== mapping) return refuse("plan-not-approved", mappingChanged(ask.plan));
  const { limits, policy } = rules;
  const siteMetrics = plan.metrics.perSite && decision.approval.siteMetrics && policy.ownFigures;
  return { ok: true, ask, offered, data, decision, mapping, siteMetrics, threads: threadsOf(limits, policy), size };
}

/** D11 */
export const mappingChanged = (plan: string): string =>
  `What this site says of its table (units, codes, patients) is not what its steward approved with plan ${plan.slice(0, 12)}. Nothing was trained; its people must look at it and approve again.`;
