/** `review [digest]`: the plans that wait for the steward, in plain words, with what changed since the last one approved. */
import { isRefusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { directoryWords } from "@engraft/core/secagg/directory";
import { digestWords } from "@engraft/core/base/words";
import { planChanges, planInWords, type PlanChange, type PlanLine } from "@engraft/core/models/plan-words";
import type { Trial } from "@engraft/engine/native/trial";
import { listData } from "../data/registry.ts";
import { reviewText } from "../terminal/review.ts";
import { findDecision, listDecisions, type Decision } from "../vault/decisions.ts";
import { findCompared } from "../vault/directories.ts";
import { requireMembership, type Membership } from "../vault/federation.ts";
import { ownDirectory } from "../vault/own-directory.ts";
import { listPlans, resolvePlan, type OfferedPlan } from "../vault/plans.ts";
import { dataSummary, type DataSummary } from "./data.ts";
import { isInteractive, type AddCommand, type CommandContext } from "./command.ts";
import { approve, refusePlan, tryHere, type TryPlan } from "./decide.ts";

/** The trial of an approval, with a step on every engine that can do one. */
const tryEvery: TryPlan = (offered, summary) => tryHere(offered, summary, true);

export type Standing = "waiting" | "approved" | "refused" | "withdrawn";

export interface Review {
  readonly digest: Digest;
  /** Of the digest, to be compared by phone with what other sites see. */
  readonly words: readonly string[];
  readonly name: string;
  readonly version: number;
  readonly standing: Standing;
  readonly lines: readonly PlanLine[];
  /** Against the last approved plan of the same name; null where there is none. */
  readonly changes: { readonly since: number; readonly list: readonly PlanChange[] } | null;
  /** How the registered table fits; null where none is registered, or several are and none is chosen. */
  readonly data: DataSummary | null;
  /** Whether this machine can train it, and how long that takes; null where nothing is to be decided. */
  readonly training: Trial | null;
  /** Whether the plan asks for figures of this site's own patients. */
  readonly asksSiteMetrics: boolean;
  /** Null under plain aggregation; else whether the directory was compared with the other stewards. */
  readonly directory: { readonly words: readonly string[]; readonly compared: boolean } | { readonly problem: string } | null;
}

/** What is known of a plan without reading its table or training a step. */
export type PlanReading = Omit<Review, "data" | "training">;

/** Everything that a steward reads before deciding. */
export async function reviewPlan(home: string, membership: Membership, offered: OfferedPlan, tryPlan: TryPlan): Promise<Review> {
  const reading = await readPlanHere(home, membership, offered);
  return { ...reading, ...(await tryAndCheck(home, membership, offered, tryPlan)) };
}

/** The slow part: how the plan's table fits, and, where a decision is due, whether this machine can train it. */
export async function tryAndCheck(
  home: string,
  membership: Membership,
  offered: OfferedPlan,
  tryPlan: TryPlan,
): Promise<Pick<Review, "data" | "training">> {
  const [decision, tables] = await Promise.all([findDecision(home, membership, offered.digest), listData(home)]);
  const table =
    decision?.data !== undefined && decision.data !== null
      ? tables.find((data) => data.name === decision.data)
      : tables.length === 1
        ? tables[0]
        : undefined;
  const data = table === undefined ? null : await dataSummary(home, table, offered);
  return { data, training: standingOf(offered, decision) === "waiting" ? await tryPlan(offered, data) : null };
}

export async function readPlanHere(home: string, membership: Membership, offered: OfferedPlan): Promise<PlanReading> {
  const [plans, decisions] = await Promise.all([listPlans(home), listDecisions(home, membership)]);
  const decision = decisions.find(({ approval }) => approval.plan === offered.digest);
  const before = lastApproved(offered, plans, decisions);
  return {
    digest: offered.digest,
    words: digestWords(offered.digest),
    name: offered.plan.name,
    version: offered.plan.version,
    standing: standingOf(offered, decision),
    lines: planInWords(offered.plan, offered.manifest),
    changes: before === undefined ? null : { since: before.plan.version, list: planChanges(before.plan, offered.plan) },
    asksSiteMetrics: offered.plan.metrics.perSite,
    directory: await directoryOf(home, membership, offered),
  };
}

async function directoryOf(home: string, membership: Membership, { plan }: OfferedPlan): Promise<Review["directory"]> {
  if (plan.aggregation.method !== "secure") return null;
  const directory = ownDirectory(membership, plan);
  if (isRefusal(directory)) return { problem: directory.text };
  return { words: directoryWords(directory), compared: (await findCompared(home, directory.hash)) !== undefined };
}

export const standingOf = (offered: OfferedPlan, decision: Decision | undefined): Standing =>
  offered.withdrawn ? "withdrawn" : (decision?.approval.decision ?? "waiting");

/** The newest plan of the same name that the steward has approved, other than this one. */
export function lastApproved(offered: OfferedPlan, plans: readonly OfferedPlan[], decisions: readonly Decision[]): OfferedPlan | undefined {
  const approved = new Map(
    decisions.filter(({ approval }) => approval.decision === "approved").map(({ approval }) => [approval.plan, approval.at]),
  );
  return plans
    .filter((plan) => plan.digest !== offered.digest && plan.plan.name === offered.plan.name && approved.has(plan.digest))
    .sort((a, b) => (approved.get(b.digest) ?? 0) - (approved.get(a.digest) ?? 0))[0];
}

export const addReview: AddCommand = (program, run) => {
  program
    .command("review")
    .description("Read the plans that were offered: what would be trained, what leaves, what changed")
    .argument("[digest]", "one plan, by the start of its digest; without it those that wait for a decision")
    .action(run((context, digest: string | undefined) => reviewCommand(context, digest)));
};

async function reviewCommand(context: CommandContext, digest: string | undefined): Promise<void> {
  const { config, json, print } = context;
  const membership = await requireMembership(config.home);
  const all = digest === undefined ? await listPlans(config.home) : [await resolvePlan(config.home, digest)];
  const reviews: Review[] = [];
  // One after the other: each tries a training step.
  for (const offered of all) reviews.push(await reviewPlan(config.home, membership, offered, tryEvery));
  const shown = digest === undefined && !json ? reviews.filter(({ standing }) => standing === "waiting") : reviews;
  const others = reviews.filter((review) => !shown.includes(review));
  print({ plans: reviews }, listText(shown, others));
  if (!isInteractive(json)) return;
  for (const review of shown) if (review.standing === "waiting") await askSteward(context, membership, review);
}

function listText(shown: readonly Review[], others: readonly Review[]): string {
  const rest = others.map(({ name, version, digest, standing }) => `  ${digest.slice(0, 12)}  ${name} ${version}  ${standing}`);
  return [
    ...(shown.length === 0 ? ['No plan waits for a decision. Plans arrive while "engraft-site start" runs.'] : shown.map(reviewText)),
    ...(rest.length === 0 ? [] : ["", "Other plans:", ...rest]),
  ].join("\n");
}

/** In a terminal the steward can decide at once. */
async function askSteward({ config, print, now }: CommandContext, membership: Membership, review: Review): Promise<void> {
  const { confirm, input, select } = await import("@inquirer/prompts");
  const choice = await select({
    message: `Plan ${review.name} ${review.version} (${review.words.slice(0, 3).join(" ")} ...)`,
    choices: [
      { name: "Decide later", value: "later" },
      ...(review.training?.can === false ? [] : [{ name: "Approve plan", value: "approve" }]),
      { name: "Refuse plan", value: "refuse" },
    ],
  });
  if (choice === "later") return;
  const steward = await input({ message: "Your name, as it goes into the signed decision:", validate: (text) => text.trim() !== "" });
  const tables = await listData(config.home);
  const data =
    choice === "approve" && tables.length > 1
      ? await select({ message: "Which table may it use?", choices: tables.map(({ name }) => ({ name, value: name })) })
      : undefined;
  const decided =
    choice === "approve"
      ? await approve({
          home: config.home,
          membership,
          plan: review.digest,
          steward,
          data,
          tryPlan: tryHere,
          at: now(),
          siteMetrics:
            review.asksSiteMetrics && (await confirm({ message: "May figures of this site's own patients leave?", default: false })),
        })
      : await refusePlan({
          home: config.home,
          membership,
          plan: review.digest,
          steward,
          reason: await input({ message: "Why, in a sentence that the admin will read:", validate: (text) => text.trim() !== "" }),
          at: now(),
        });
  print({ ...decided }, decided.text);
}
