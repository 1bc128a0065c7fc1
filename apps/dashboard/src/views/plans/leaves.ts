/** Everything that leaves a site under a plan, and who can read it. */
import type { Plan } from "@engraft/core/models/plan";
import { totalsLength } from "@engraft/core/models/tally";
import { bytesText, METRIC_TITLES } from "../../parts/figures.ts";

export interface Leaving {
  readonly what: string;
  readonly how: string;
  readonly when: string;
  readonly size: string;
  readonly reader: string;
  /** Nobody reads it of a single site. */
  readonly hidden: boolean;
}

/** `values`: length of the trained vector. */
export function leaving(plan: Plan, values: number): readonly Leaving[] {
  const rounds = plan.aggregation.method === "secure" ? masked(plan, values) : plain(values);
  return [...rounds, { ...open("Engine, seconds, progress", "each round", "a line") }, ...ownFigures(plan)];
}

const open = (what: string, when: string, size: string, how = "plain"): Leaving => ({
  what,
  how,
  when,
  size,
  reader: "the coordinator",
  hidden: false,
});

const plain = (values: number): readonly Leaving[] => [
  open("Update of the trained part", "each round", bytesText(4 * values), "plain, signed"),
  open("Number of training patients", "each round", "one number", "plain, signed"),
];

/** Bytes of one site's masked vector: a weight, the update, and two words for each count. */
export const maskedBytes = (plan: Plan, values: number, purpose: "train" | "evaluate"): number =>
  4 * (1 + (purpose === "train" ? values : 0) + 2 * totalsLength(plan, purpose));

function masked(plan: Plan, values: number): readonly Leaving[] {
  const vector = (what: string, when: string, purpose: "train" | "evaluate"): Leaving => ({
    what,
    how: "masked, signed",
    when,
    size: bytesText(maskedBytes(plan, values, purpose)),
    reader: "nobody; all see the sum",
    hidden: true,
  });
  return [
    vector("Update of the trained part, weight, counts of predictions", "each round", "train"),
    vector("Counts of predictions of base, own and shared model", "once, at the end", "evaluate"),
    open("Keys, sealed shares, signed confirmations, released shares", "each round", "a few KB", "signed"),
  ];
}

/** Figures of the site's own patients: with the plan's word for it, and its steward's. */
function ownFigures({ metrics }: Plan): readonly Leaving[] {
  if (!metrics.perSite) return [];
  const names = metrics.names.map((name) => METRIC_TITLES[name]).join(", ");
  const how = `plain, from ${metrics.minCount} patients on, where the steward allows it`;
  const models = metrics.compareAlone ? "Same figures of base, own and shared model" : "Same figures of base and shared model";
  const count = 3 * metrics.names.length;
  return [
    open(`${names} of its own patients`, "each round", `${count} numbers`, how),
    open(models, "once, at the end", `${count * (metrics.compareAlone ? 3 : 2)} numbers`, how),
  ];
}
