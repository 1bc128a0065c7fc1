/** A run's fixed part from its plan. */
import { isRefusal, type Refusal } from "../base/errors.ts";
import type { Digest, PublicKey } from "../base/ids.ts";
import type { VectorSize } from "../models/analytic.ts";
import type { Plan } from "../models/plan.ts";
import { directoryOfPlan, secureOf } from "../secagg/of-plan.ts";
import type { RunParams } from "./state.ts";

/** `directory-wrong` where a secure plan's directory is not sound; a plan that was proposed has a sound one. */
export function runParams(plan: Plan, planDigest: Digest, size: VectorSize, coordinator: PublicKey): RunParams | Refusal {
  const aggregation = secureOf(plan);
  if (aggregation === undefined) return { plan, planDigest, ...size, secure: null };
  const directory = directoryOfPlan(plan);
  return isRefusal(directory) ? directory : { plan, planDigest, ...size, secure: { aggregation, directory, coordinator } };
}
