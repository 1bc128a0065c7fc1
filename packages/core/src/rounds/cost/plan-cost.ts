/** What a plan costs a site: values that are trained, bytes each round. Free of node's modules. */
import { packedLength, rotatedLength } from "../../secagg/blocks.ts";
import { analyticOf, statisticsLength, vectorSizeOf, type RoundOf, type VectorSize } from "../../models/analytic.ts";
import type { Manifest } from "../../models/manifest.ts";
import type { Plan } from "../../models/plan.ts";
import { summaryLength } from "../../models/summary/settings.ts";
import { totalsLength } from "../../models/tally.ts";
import { totalSize, trainedTensors } from "../../models/tensors.ts";
import type { TrainablePart } from "../../models/tensor-schemas.ts";
import { exchangeBytes } from "./exchange.ts";

export interface Travel {
  /** Vector of the update, bytes. */
  readonly vector: number;
  /** Signed statements of the secure protocol, bytes of text; 0 in plain. */
  readonly exchange: number;
}

export interface PlanCost {
  /** Of the base's values, those that this plan trains at a site. */
  readonly trained: number;
  readonly total: number;
  /** The same for each depth that a plan can choose. */
  readonly depths: readonly { readonly part: TrainablePart["part"]; readonly values: number }[];
  /** Of a round of training (of a summary: its one round), for one site. */
  readonly up: Travel;
  readonly down: Travel;
  /** Rounds of that size in the whole run. */
  readonly rounds: number;
  /** What the other method would send up in a round, all in all. Null where the plan allows only its own. */
  readonly otherUp: number | null;
}

/** Exact bytes of one site's masked vector: weight, update, and two words for each count; or each sum, where the head is solved for. */
export function maskedVectorBytes(plan: Plan, size: VectorSize, of: RoundOf): number {
  const solves = analyticOf(plan, of) !== undefined;
  const counts = totalsLength(plan, of.purpose) + (solves ? statisticsLength(size.headInputs) : 0) + summaryLength(plan);
  const values = of.purpose === "train" && !solves ? size.vectorLength : 0;
  const compact = plan.aggregation.method === "secure" && plan.aggregation.encoding === "compact";
  return 4 * (1 + (compact ? packedLength(rotatedLength(values)) : values) + 2 * counts);
}

const roundOf = ({ summary, rounds }: Plan): RoundOf =>
  summary === undefined ? { purpose: "train", round: rounds.count } : { purpose: "evaluate", round: 1 };

/** Under secure aggregation all sites of the directory; in plain as many as a round needs, whose names have this many characters. */
const TYPICAL_NAME = 10;

export function planCost(plan: Plan, manifest: Manifest): PlanCost {
  const { aggregation, training, cohort, rounds, summary } = plan;
  const size = vectorSizeOf(plan, manifest);
  const masked = maskedVectorBytes(plan, size, roundOf(plan));
  const directory = aggregation.method === "secure" ? aggregation.directory : [];
  const names = directory.map(({ site }) => site.length);
  const exchange = exchangeBytes(directory.length || Math.max(3, cohort.minSites), Math.max(0, ...names) || TYPICAL_NAME);
  const model = summary === undefined ? 4 * size.vectorLength : 0;
  const plain = 4 * size.vectorLength;
  const secure = aggregation.method === "secure";
  return {
    trained: totalSize(trainedTensors(manifest.tensors, training.trainable)),
    total: totalSize(manifest.tensors),
    depths: depthsOf(plan, manifest),
    up: secure ? { vector: masked, exchange: exchange.up } : { vector: plain, exchange: 0 },
    down: { vector: model, exchange: secure ? exchange.down : 0 },
    rounds: summary === undefined ? rounds.count : 1,
    otherUp: summary !== undefined ? null : secure ? plain : masked + exchange.up,
  };
}

function depthsOf({ training: { trainable } }: Plan, { tensors }: Manifest): PlanCost["depths"] {
  const deepest = Math.max(...tensors.map(({ depth }) => depth));
  const blocks = "blocks" in trainable ? trainable.blocks : 1;
  const choices: readonly TrainablePart[] = [
    { ...trainable, part: "head" },
    ...(deepest > 1 || trainable.part === "last-blocks" ? [{ ...trainable, part: "last-blocks", blocks } as const] : []),
    { ...trainable, part: "all" },
  ];
  return choices.map((choice) => ({ part: choice.part, values: totalSize(trainedTensors(tensors, choice)) }));
}
