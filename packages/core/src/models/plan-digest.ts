/** A plan's digest: SHA-256 of its canonical JSON. It is what sites approve: one changed value is another plan. */
import { canonicalJson } from "../base/canonical.ts";
import { refuse, type Refusal } from "../base/errors.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { Plan } from "./plan.ts";

/** The exact text that is digested, sent and approved. */
export const planText = (plan: Plan): string => canonicalJson(plan);

export const planDigest = (plan: Plan): Digest => sha256(planText(plan));

/** Reads a plan from JSON text. The refusal names every problem, by path. */
export function readPlan(text: string): { readonly ok: true; readonly plan: Plan; readonly digest: Digest } | Refusal {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse("plan-invalid", "The plan is not JSON.");
  }
  const parsed = Plan.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, 20)
      .map((issue) => `${issue.path.join(".").slice(0, 120) || "plan"}: ${issue.message.slice(0, 300)}`);
    return refuse("plan-invalid", `The plan has ${parsed.error.issues.length} problem(s): ${problems.join("; ")}`);
  }
  return { ok: true, plan: parsed.data, digest: planDigest(parsed.data) };
}
