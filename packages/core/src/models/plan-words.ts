/** A plan in plain words, and what changed between two plans: what a steward reads before saying yes. */
import type { SecureAggregation } from "./aggregation.ts";
import { vectorSizeOf } from "./analytic.ts";
import { analyticInWords, analyticLeaves } from "./analytic-words.ts";
import { augmentationInWords } from "./augmentation-words.ts";
import { numbersOf } from "./directory-numbers.ts";
import { filesInWords } from "./field-words.ts";
import { countedOf, labelInWords } from "./label-words.ts";
import type { Manifest } from "./manifest.ts";
import type { AcceptanceRule, EarlierModel, Plan } from "./plan.ts";
import { strategyInWords } from "./strategy-words.ts";
import { shiftInWords, summaryLeaves } from "./summary/words.ts";
import { personalTensors, totalSize, trainableTensors } from "./tensors.ts";

export interface PlanLine {
  readonly topic: string;
  readonly words: string;
  /** True where a reader must be warned. */
  readonly warn?: boolean;
}

export const PLAIN_AGGREGATION_WARNING = "Plain aggregation: the coordinator can read each update.";

/** The plan, topic by topic. */
export function planInWords(plan: Plan, manifest: Manifest): readonly PlanLine[] {
  if (plan.summary !== undefined) return summaryInWords(plan);
  const trained = totalSize(trainableTensors(manifest.tensors, plan.training.trainable));
  const total = totalSize(manifest.tensors);
  const part =
    plan.training.trainable.part === "all"
      ? "All layers"
      : plan.training.trainable.part === "head"
        ? "The head"
        : `The head and the last ${plan.training.trainable.blocks} block(s)`;
  const { amount, optimizer, gradientClip } = plan.training;
  const gradients = gradientClip === undefined ? "" : `, gradients longer than ${gradientClip} scaled down`;
  return [
    { topic: "Purpose", words: plan.purpose },
    {
      topic: "Trains",
      words: `${part} of ${manifest.title} ${manifest.version}: ${trained.toLocaleString("en-GB")} of ${total.toLocaleString("en-GB")} values.`,
    },
    ...dataInWords(plan),
    {
      topic: "How",
      words: `${plan.rounds.count} rounds, ${amount.count} ${amount.unit === "epochs" ? "passes over the data" : "updates"} in each, batches of ${plan.training.batch}, ${optimizer.name} at rate ${optimizer.learningRate}${gradients}. A round counts from ${plan.cohort.minSites} sites and closes after ${duration(plan.cohort.deadlineSeconds)} at the latest.`,
    },
    ...(plan.rounds.stop === null
      ? []
      : [
          {
            topic: "Stops early",
            words: `When mean ${plan.rounds.stop.metric} has not improved by ${plan.rounds.stop.minDelta} for ${plan.rounds.stop.patience} rounds.`,
          },
        ]),
    ...(plan.strategy === undefined ? [] : [{ topic: "Strategy", words: strategyInWords(plan.strategy) }]),
    ...fineTuning(plan, manifest),
    ...protection(plan),
    { topic: "Leaves the site", words: whatLeaves(plan, vectorSizeOf(plan, manifest).vectorLength) },
    ...(plan.acceptance === undefined
      ? []
      : [{ topic: "Released if", words: `On test patients: ${plan.acceptance.map(acceptanceInWords).join("; ")}.` }]),
    ...(plan.metrics.compareAlone
      ? [
          {
            topic: "Trained alone",
            words: `At the end this site also trains a model on its own patients, as long as the federation did. That model stays here.${plan.metrics.compareMix === true ? " So does one between it and the federated model, with a share of its own that is chosen on validation patients; that share is shown with its figures." : ""}${plan.metrics.compareGain === true ? " How much better the federated model is on the same test patients is told with an interval." : ""}`,
          },
        ]
      : []),
    ...(plan.metrics.compareIntercept === true
      ? [
          {
            topic: "Own intercept",
            words:
              "At the end this site fits an intercept of its own, and nothing else, for the federated model on its training patients. It stays here; figures of the model with it, on test patients, are shown beside those without.",
          },
        ]
      : []),
    ...(plan.metrics.compareRelease === undefined ? [] : [{ topic: "Also judged", words: earlierInWords(plan.metrics.compareRelease) }]),
    ...(plan.metrics.shift === undefined ? [] : [{ topic: "Domain shift", words: shiftInWords(plan.metrics.shift) }]),
  ];
}

const earlierInWords = ({ run, checkpoint }: EarlierModel): string =>
  `At the end the earlier model of the run ${run} (checkpoint ${checkpoint.slice(0, 12)}) is fetched and judged on this site's test patients. Its figures, and how much better the new model is, leave as those of the federated model do. Nothing is trained for it.`;

function dataInWords(plan: Plan): readonly PlanLine[] {
  const { fields, label, split } = plan.data;
  return [
    { topic: "On", words: `${fields.length} declared fields: ${fields.map((field) => field.title).join(", ")}.` },
    ...filesInWords(fields),
    { topic: plan.summary === undefined ? "To predict" : "Label", words: labelInWords(label) },
    {
      topic: "Patients",
      words: `${percent(split.train)} train, ${percent(split.validation)} validation, ${percent(1 - split.train - split.validation)} test, split by patient${split.keyed === true ? " under a key of each site's own" : ""}. Test patients are never trained on.${minimumWords(plan)}`,
    },
  ];
}

/** A plan that trains nothing. */
function summaryInWords(plan: Plan): readonly PlanLine[] {
  const { summary, metrics } = plan;
  const leaves = summary === undefined ? "" : summaryLeaves(summary, metrics.minCount);
  return [
    { topic: "Purpose", words: plan.purpose },
    { topic: "Counts", words: "How the patients of all sites together are spread, for whoever writes a plan. Nothing is trained." },
    ...dataInWords(plan),
    ...protection(plan),
    { topic: "Leaves the site", words: `${leaves} Beside it keys, sealed shares and signed confirmations; engine and seconds.` },
  ];
}

const OVER = { pooled: "over all sites' patients together", mean: "as the sites' mean", "each-site": "at every site" } as const;

/** "auroc at least 0.8 as the sites' mean". */
export const acceptanceInWords = ({ metric, on, limit }: AcceptanceRule): string =>
  `${metric} ${"atLeast" in limit ? `at least ${limit.atLeast}` : `at most ${limit.atMost}`} ${OVER[on]}`;

/** Whatever differs from plain training of the chosen part. */
function fineTuning({ data, training, rounds }: Plan, { tensors }: Manifest): readonly PlanLine[] {
  const { trainable, depthRates, unfreezeEvery, classWeights, augmentation, analytic } = training;
  const lines: PlanLine[] = [];
  if (analytic !== undefined) lines.push(analyticInWords(analytic, rounds.count, data.label));
  const personal = totalSize(personalTensors(tensors, trainable));
  if (personal > 0) {
    const what = [...(trainable.personal === "head" ? ["the head"] : []), ...(trainable.norm === "local" ? ["normalisation"] : [])].join(
      " and ",
    );
    const words = `${personal.toLocaleString("en-GB")} values are trained here and never leave: ${what}. Every site has its own.`;
    lines.push({ topic: "Stays at the site", words });
  }
  if (trainable.norm === "shared" && trainableTensors(tensors, trainable).some(({ role }) => role === "statistic")) {
    const words = "Trained and averaged with the rest. Its running means and variances of this site's patients are part of the update.";
    lines.push({ topic: "Normalisation", words });
  }
  if (unfreezeEvery !== undefined)
    lines.push({
      topic: "Unfreezing",
      words: `Rounds 1 to ${unfreezeEvery} train the head only; one block more after every ${unfreezeEvery} rounds.`,
    });
  if (depthRates !== undefined)
    lines.push({
      topic: "Rate by depth",
      words: `From the head on: ${depthRates.map((rate) => `${rate} x`).join(", ")}; the last for all blocks below.`,
    });
  if (augmentation !== undefined) lines.push({ topic: "Copies", words: augmentationInWords(augmentation) });
  if (classWeights === "balanced")
    lines.push({ topic: "Classes", words: "All count alike in training, however many patients each has here." });
  return lines;
}

function protection(plan: Plan): readonly PlanLine[] {
  const clip = plan.summary === undefined ? ` Each update is scaled down to a norm of at most ${plan.training.clip}.` : "";
  const { aggregation } = plan;
  if (aggregation.method === "plain") return [{ topic: "Protection", words: `${PLAIN_AGGREGATION_WARNING}${clip}`, warn: true }];
  const { sites, liars, minCohort } = numbersOf(aggregation.directory.length, plan.cohort.minSites);
  const names = aggregation.directory.map(({ site, operator, withCoordinator }) => {
    const also = withCoordinator ? ", also runs the coordinator" : "";
    return operator === site && !withCoordinator ? site : `${site} (${operator}${also})`;
  });
  return [
    {
      topic: "Protection",
      words: `Secure aggregation: the coordinator sees only the sum of at least ${minCohort} sites' ${plan.summary === undefined ? "updates" : "counts"}, while at most ${liars} of the ${sites} sites work with it against the rest. ${sites - minCohort} may be missing in a round.${clip}`,
    },
    ...(aggregation.encoding === "compact" ? [rounding(aggregation)] : []),
    { topic: "Directory", words: `${names.join(", ")}. Compare its code with the other stewards before you approve.` },
  ];
}

function rounding({ weights, weightCap }: SecureAggregation): PlanLine {
  const coarse =
    weights === "equal"
      ? ""
      : ` The further a site's weight lies below ${weightCap.toLocaleString("en-GB")} samples, the more coarsely its values are rounded.`;
  const words = `Compact: the values of an update are mixed by a rotation that all sites share and rounded to 20 bits each, so that five eighths of the bytes are sent. Weights and counts stay exact.${coarse}`;
  return { topic: "Rounding", words };
}

/** Everything that leaves, for the steward who says yes to it. */
function whatLeaves(plan: Plan, travelling: number): string {
  const { aggregation, metrics } = plan;
  const own = metrics.perSite
    ? ` Only where this site's steward says so (approve --site-metrics): each round ${measured(plan, "validation")}; at the end ${measured(plan, "test")}, of the base, ${metrics.compareAlone ? "of a model trained here alone and " : "and "}of the federated model.`
    : "";
  if (aggregation.method === "plain") {
    return `Each round: the update (${travelling.toLocaleString("en-GB")} numbers), the number of training patients, engine and seconds.${own}`;
  }
  const solving = plan.training.analytic === undefined ? "" : ` ${analyticLeaves(plan.data.label)}`;
  const weight = { equal: "nothing", bucketed: "its order of magnitude", exact: "the exact number" }[aggregation.weights];
  return `Each round: one masked vector of the update (${travelling.toLocaleString("en-GB")} numbers), this site's weight (of its number of training patients: ${weight}, inside the sum) and counts of predictions on its patients; keys, sealed shares and signed confirmations; engine and seconds. At the end the same with counts only.${solving}${own}`;
}

const measured = (plan: Plan, part: string): string =>
  `${plan.metrics.names.join(", ")} on ${part} patients${horizonWords(plan)} with 95 % intervals and ${countedOf(plan.data.label)}, from at least ${plan.metrics.minCount} patients`;

const horizonWords = ({ metrics: { horizon }, data: { label } }: Plan): string =>
  horizon === undefined || label.kind !== "survival" ? "" : ` (risks up to ${horizon} ${label.time.unit})`;

/** What a site must have, where the plan demands it. */
function minimumWords({ data: { minimum, label } }: Plan): string {
  if (minimum === undefined) return "";
  const each =
    { regression: "", survival: `, and ${minimum.perClass} with an event` }[label.kind as string] ??
    `, and ${minimum.perClass} of each outcome`;
  return ` A site needs at least ${minimum.train} of them to train on, ${minimum.test} to test on${each}.`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

const duration = (seconds: number): string => (seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`);

export interface PlanChange {
  readonly kind: "added" | "removed" | "changed";
  /** Path in the plan, for example `training.batch`. */
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

/**
 * P4: every value that differs, each once. Lists of objects are compared by name or code, and their order as one more
 * value, because it belongs to the digest too.
 */
export function planChanges(before: Plan, after: Plan): readonly PlanChange[] {
  const old = leaves(before);
  const now = leaves(after);
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  return paths.flatMap((path): PlanChange[] => {
    const was = old.get(path);
    const is = now.get(path);
    if (was === is) return [];
    if (was === undefined) return [{ kind: "added", path, before: "", after: is ?? "" }];
    if (is === undefined) return [{ kind: "removed", path, before: was, after: "" }];
    return [{ kind: "changed", path, before: was, after: is }];
  });
}

/** Every value of a plan by its path, as text. */
export const planValues = (plan: Plan): ReadonlyMap<string, string> => leaves(plan);

function leaves(value: unknown, path = "", into = new Map<string, string>()): ReadonlyMap<string, string> {
  if (Array.isArray(value)) {
    into.set(path, value.map((item, index) => inList(keyOf(item) ?? (typeof item === "object" ? String(index) : String(item)))).join(", "));
    for (const [index, item] of value.entries()) if (typeof item === "object") leaves(item, `${path}.${keyOf(item) ?? index}`, into);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) leaves(inner, path === "" ? key : `${path}.${key}`, into);
  } else {
    into.set(path, String(value));
  }
  return into;
}

/** Quoted where it could be taken for two items. */
const inList = (item: string): string => (/[",]/.test(item) ? JSON.stringify(item) : item);

function keyOf(item: unknown): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  if ("name" in item && typeof item.name === "string") return item.name;
  if ("site" in item && typeof item.site === "string") return item.site;
  if ("code" in item && typeof item.code === "string") return item.code;
  return undefined;
}
