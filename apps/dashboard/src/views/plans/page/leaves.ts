/** Everything that leaves a site under a plan, and who can read it. */
import { analyticOf, type RoundOf, type VectorSize } from "@engraft/core/models/analytic";
import type { Plan } from "@engraft/core/models/plan";
import { maskedVectorBytes } from "@engraft/core/rounds/cost/plan-cost";
import { bytesText, METRIC_TITLES } from "../../../parts/figures.ts";
import { planWords, type PlanWords } from "../words.ts";

type Words = PlanWords["leaves"];

export interface Leaving {
  readonly what: string;
  readonly how: string;
  readonly when: string;
  readonly size: string;
  readonly reader: string;
  /** Nobody reads it of a single site. */
  readonly hidden: boolean;
}

export function leaving(plan: Plan, size: VectorSize, words: Words = planWords.en.leaves): readonly Leaving[] {
  const rounds = plan.aggregation.method === "secure" ? masked(plan, size, words) : plain(size.vectorLength, words);
  return [...rounds, { ...open(words, words.engine, words.eachRound, words.line) }, ...ownFigures(plan, words)];
}

const open = (words: Words, what: string, when: string, size: string, how = words.plain): Leaving => ({
  what,
  how,
  when,
  size,
  reader: words.coordinator,
  hidden: false,
});

const plain = (values: number, words: Words): readonly Leaving[] => [
  open(words, words.update, words.eachRound, bytesText(4 * values), words.plainSigned),
  open(words, words.patients, words.eachRound, words.oneNumber, words.plainSigned),
];

function masked(plan: Plan, size: VectorSize, words: Words): readonly Leaving[] {
  const { analytic } = plan.training;
  const vector = (what: string, when: string, of: RoundOf): Leaving => ({
    what,
    how: words.maskedSigned,
    when,
    size: bytesText(maskedVectorBytes(plan, size, of)),
    reader: words.nobody,
    hidden: true,
  });
  const training = { purpose: "train", round: plan.rounds.count } as const;
  if (plan.summary !== undefined)
    return [
      vector(words.summaryCounts, words.once, { purpose: "evaluate", round: 1 }),
      open(words, words.keys, words.once, words.fewKb, words.signed),
    ];
  return [
    ...(analytic === undefined ? [] : [vector(words.sums, words.eachAnalyticRound, { purpose: "train", round: 1 })]),
    ...(analyticOf(plan, training) === undefined
      ? [vector(words.updateAndCounts, analytic === undefined ? words.eachRound : words.eachOtherRound, training)]
      : []),
    vector(words.lastCounts, words.onceAtTheEnd, { purpose: "evaluate", round: plan.rounds.count + 1 }),
    open(words, words.keys, words.eachRound, words.fewKb, words.signed),
  ];
}

/** Figures of the site's own patients: with the plan's word for it, and its steward's. */
function ownFigures({ metrics }: Plan, words: Words): readonly Leaving[] {
  if (!metrics.perSite) return [];
  const names = metrics.names.map((name) => METRIC_TITLES[name]).join(", ");
  const how = words.from(metrics.minCount);
  const models = metrics.compareAlone ? words.sameThree : words.sameTwo;
  const count = 3 * metrics.names.length;
  return [
    open(words, words.ownFigures(names), words.eachRound, words.numbers(count), how),
    open(words, models, words.onceAtTheEnd, words.numbers(count * (metrics.compareAlone ? 3 : 2)), how),
    ...(metrics.compareIntercept === true ? [open(words, words.intercept, words.onceAtTheEnd, words.numbers(count), how)] : []),
    ...(metrics.compareGain === true ? [open(words, words.gain, words.onceAtTheEnd, words.numbers(count), how)] : []),
    ...(metrics.compareRelease === undefined
      ? []
      : [open(words, words.earlier(metrics.compareRelease.run), words.onceAtTheEnd, words.numbers(2 * count), how)]),
    ...(metrics.shift === undefined
      ? []
      : [open(words, words.shift, words.onceAtTheEnd, words.numbers(2 * metrics.shift.fields.length), how)]),
    open(words, words.probe, words.withApproval, words.numbers(13), how),
  ];
}
