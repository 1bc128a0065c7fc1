/** Everything that leaves a site under a plan, and who can read it. */
import { analyticOf, statisticsLength, type RoundOf, type VectorSize } from "@engraft/core/models/analytic";
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

export function leaving(plan: Plan, size: VectorSize): readonly Leaving[] {
  const rounds = plan.aggregation.method === "secure" ? masked(plan, size) : plain(size.vectorLength);
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

/** Bytes of one site's masked vector: a weight, the update, and two words for each count; or each sum, where the head is solved for. */
export function maskedBytes(plan: Plan, { vectorLength, headInputs }: VectorSize, of: RoundOf): number {
  const solves = analyticOf(plan, of) !== undefined;
  const totals = totalsLength(plan, of.purpose) + (solves ? statisticsLength(headInputs) : 0);
  return 4 * (1 + (of.purpose === "train" && !solves ? vectorLength : 0) + 2 * totals);
}

function masked(plan: Plan, size: VectorSize): readonly Leaving[] {
  const { analytic } = plan.training;
  const vector = (what: string, when: string, of: RoundOf): Leaving => ({
    what,
    how: "masked, signed",
    when,
    size: bytesText(maskedBytes(plan, size, of)),
    reader: "nobody; all see the sum",
    hidden: true,
  });
  const training = { purpose: "train", round: plan.rounds.count } as const;
  const sums = "Sums over training samples (inputs of the head, their products, errors), weight, counts of predictions";
  return [
    ...(analytic === undefined ? [] : [vector(sums, "each analytic round", { purpose: "train", round: 1 })]),
    ...(analyticOf(plan, training) === undefined
      ? [
          vector(
            "Update of the trained part, weight, counts of predictions",
            analytic === undefined ? "each round" : "each other round",
            training,
          ),
        ]
      : []),
    vector("Counts of predictions of base, own and shared model", "once, at the end", {
      purpose: "evaluate",
      round: plan.rounds.count + 1,
    }),
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
