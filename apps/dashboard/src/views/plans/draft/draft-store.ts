/** A plan that is being written, kept in this browser until it is proposed: over a reload, a sign-in that has expired, a closed tab. */
import type { BaseView } from "@engraft/coordinator/api/views";
import type { EnrolledSite } from "@engraft/core/models/plan-draft";
import { isObject } from "../form/merge.ts";
import { formFromBase, type PlanForm } from "../form/plan-form.ts";
import { wholeDraft, type Written } from "../form/written-plan.ts";

/** Rises with each change of what is kept: a draft of another one is let go. */
const VERSION = 1;

export interface Draft {
  readonly written: Written;
  /** The text, where it is written as JSON. */
  readonly json: string | undefined;
}

export interface KeptDraft extends Draft {
  /** When it was last changed. Milliseconds since 1970. */
  readonly at: number;
}

/** Of one account: who signs in after somebody else finds none of theirs. `from`: digest of the plan that it is the next version of. */
export const draftKey = (account: string, from: string | undefined): string => `engraft-plan-draft.${account}.${from ?? "new"}`;

type Keeps = Pick<Storage, "getItem" | "setItem" | "removeItem">;

/** False where the browser keeps nothing, or has no room. */
export function keepDraft(storage: Keeps, key: string, { written, json }: Draft, at: number): boolean {
  const { form, base, source, renewed } = written;
  try {
    storage.setItem(key, JSON.stringify({ version: VERSION, at, json, form, base: base.digest, source, renewed }));
    return true;
  } catch {
    return false;
  }
}

export function dropDraft(storage: Keeps, key: string): void {
  try {
    storage.removeItem(key);
  } catch {
    // A browser that keeps nothing has nothing to drop.
  }
}

/** Undefined where there is none, or none that this form can show: of an earlier form, or over a base that is gone. */
export function readDraft(
  storage: Keeps,
  key: string,
  bases: readonly BaseView[],
  enrolled: readonly EnrolledSite[],
): KeptDraft | undefined {
  try {
    const kept = JSON.parse(storage.getItem(key) ?? "null") as unknown;
    if (!isObject(kept) || kept["version"] !== VERSION || typeof kept["at"] !== "number") return undefined;
    const base = bases.find(({ digest }) => digest === kept["base"]);
    if (base === undefined) return undefined;
    const form = formIn(kept["form"], formFromBase(base, enrolled));
    if (form === undefined) return undefined;
    const source = isObject(kept["source"]) ? (kept["source"] as unknown as Written["source"]) : undefined;
    const renewed = Array.isArray(kept["renewed"]) ? (kept["renewed"] as readonly string[]) : [];
    const written = { form, base, source, renewed };
    // Throws where the form and what it began as do not go together.
    wholeDraft(written, 1, enrolled);
    return { at: kept["at"], json: typeof kept["json"] === "string" ? kept["json"] : undefined, written };
  } catch {
    return undefined;
  }
}

/** Every value of the kind that a form has there; what JSON leaves out is undefined there too. */
function formIn(kept: unknown, fresh: PlanForm): PlanForm | undefined {
  if (!isObject(kept)) return undefined;
  const fits = Object.entries(fresh).every(([key, value]) => value === undefined || kindOf(kept[key]) === kindOf(value));
  return fits ? { ...fresh, ...kept } : undefined;
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? "list" : typeof value);
