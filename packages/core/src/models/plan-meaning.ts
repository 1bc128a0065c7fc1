/** What a changed value of a plan means for a site: words beside a diff, for whoever approves. Pure. */
import { vectorSizeOf } from "./analytic.ts";
import type { Manifest } from "./manifest.ts";
import type { Plan } from "./plan.ts";
import type { PlanChange } from "./plan-words.ts";

interface Compared {
  readonly before: Plan;
  readonly after: Plan;
  /** Of the later plan's base. */
  readonly manifest: Manifest;
}

type Words = (change: PlanChange, of: Compared) => string | undefined;

/** "more" or "less", where both are numbers. */
function moved({ before, after }: PlanChange, more: string, less: string): string | undefined {
  const [old, now] = [Number(before), Number(after)];
  if (before === "" || after === "" || Number.isNaN(old) || Number.isNaN(now)) return undefined;
  return now > old ? more : less;
}

const rounds: Words = ({ before, after }) => {
  const [old, now] = [Number(before), Number(after)];
  const part = `${Math.round(Math.abs(now / old - 1) * 100).toLocaleString("en-GB")} %`;
  return now > old ? `${part} more rounds: as much more time and traffic.` : `${part} fewer rounds: as much less time and traffic.`;
};

const travels: Words = (_, { before, after, manifest }) => {
  const [old, now] = [vectorSizeOf(before, manifest).vectorLength, vectorSizeOf(after, manifest).vectorLength];
  if (old === now) return "The update keeps its size.";
  return `The update ${now > old ? "grows" : "shrinks"} from ${old.toLocaleString("en-GB")} to ${now.toLocaleString("en-GB")} numbers.`;
};

const field: Words = ({ kind, path }, { before, after }) => {
  const name = path.split(".")[2] ?? "";
  const title = (plan: Plan): string => plan.data.fields.find((one) => one.name === name)?.title ?? name;
  if (kind === "added") return `Now read: ${title(after)}.`;
  return kind === "removed" ? `No longer read: ${title(before)}.` : `${title(after)} is read in another way.`;
};

const onePerson: Words = ({ kind }) =>
  kind === "added"
    ? "Joins the directory: compare its code again with the other stewards."
    : kind === "removed"
      ? "Leaves the directory: fewer sites to hide among. Compare the code again."
      : "The directory changes: compare its code again with the other stewards.";

const method: Words = ({ after }) =>
  after === "plain"
    ? "The coordinator can read each single update of this site."
    : "The coordinator sees only the sum of the sites’ updates.";

/** The first pattern that fits a path has its words. */
const MEANINGS: readonly (readonly [RegExp, string | Words])[] = [
  [/^version$/, "A new version needs new approvals."],
  [/^name$/, "Another plan; runs of both stand apart."],
  [/^purpose$/, "Read it: data may be used for this and nothing else."],
  [/^base\./, "Training starts from another model."],
  [/^data\.fields\./, field],
  [/^data\.fields$/, "The list of columns that are read, or its order, is another."],
  [/^data\.label/, "Another outcome is learned, or it is read in another way."],
  [/^data\.split/, "Patients fall into training, validation and test anew."],
  [/^data\.minimum/, "A site with fewer patients cannot take part."],
  [/^training\.trainable/, travels],
  [/^training\.amount\.count$/, (change) => moved(change, "Each round takes longer at this site.", "Each round is shorter at this site.")],
  [/^training\.amount/, "A round’s work is counted in another way."],
  [/^training\.batch$/, (change) => moved(change, "More memory in training.", "Less memory in training.")],
  [/^training\.optimizer\.learningRate$/, (change) => moved(change, "Larger steps; no other data.", "Smaller steps; no other data.")],
  [/^training\.gradientClip$/, "Bounds single steps at this site; no other data."],
  [/^training\.clip$/, (change) => moved(change, "A single site’s update may weigh more.", "A single site’s update may weigh less.")],
  [/^training\./, "Trains in another way; what leaves stays of one kind."],
  [/^rounds\.count$/, rounds],
  [/^rounds\.stop/, "Decides whether a run ends early."],
  [/^cohort\.minSites$/, (change) => moved(change, "A round needs more sites.", "A round counts with fewer sites.")],
  [/^cohort\.fraction$/, (change) => moved(change, "This site is asked more often.", "This site is asked less often.")],
  [
    /^cohort\.(?:gather|deadline|grace)Seconds$/,
    (change) => moved(change, "More time before a round goes on without this site.", "Less time before a round goes on without this site."),
  ],
  [/^aggregation\.method$/, method],
  [/^aggregation\.directory/, onePerson],
  [/^aggregation\.weights$/, "How much of its number of patients goes into the sum."],
  [/^aggregation\.weightCap$/, "Larger sites count alike from another number of samples on."],
  [/^aggregation\.encoding$/, ({ after }) => (after === "compact" ? "Five eighths of the bytes, rounded." : "All the bytes, not rounded.")],
  [/^aggregation\./, "The sum is made in another way; single updates stay unread."],
  [/^strategy/, "Updates are put together in another way; what leaves may grow with it."],
  [
    /^metrics\.perSite$/,
    ({ after }) =>
      after === "true"
        ? "Asks for figures of this site’s own patients; its steward says whether they leave."
        : "No figures of this site’s own patients leave.",
  ],
  [
    /^metrics\.minCount$/,
    (change) => moved(change, "Figures leave only of more patients.", "Figures leave of fewer patients: they can point at one."),
  ],
  [/^metrics\.compareAlone$/, "Trains a model of its own at the end, or no longer. It stays at the site."],
  [/^metrics\.shift/, "Whether the site says how far its patients are from a summary."],
  [/^metrics/, "Other figures are measured."],
  [/^acceptance/, "Decides whether the model may be released; nothing else leaves."],
  [/^summary/, "Counts of patients leave, inside a sum."],
];

/** Undefined where there is nothing to add to the values themselves. */
export function changeMeaning(change: PlanChange, of: Compared): string | undefined {
  const words = MEANINGS.find(([path]) => path.test(change.path))?.[1];
  return typeof words === "function" ? words(change, of) : words;
}
