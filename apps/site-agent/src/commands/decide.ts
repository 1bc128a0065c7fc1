/** `approve` and `refuse`: the steward's decision, signed with the site's key over the plan's digest. */
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { mappingDigest } from "@engraft/engine/data/mapping";
import type { Trial } from "@engraft/engine/native/trial";
import { MESSAGES, type Approval } from "@engraft/core/protocol/messages";
import { listData, resolveData } from "../data/registry.ts";
import { looksAlive, readState } from "../state.ts";
import { saveDecision, type KeptAtSite } from "../vault/decisions.ts";
import { requireMembership, type Membership } from "../vault/federation.ts";
import { findCompared } from "../vault/directories.ts";
import { ownDirectory } from "../vault/own-directory.ts";
import { resolvePlan, type OfferedPlan } from "../vault/plans.ts";
import { limitsRefuse, policyRefuses } from "../rules/allowed.ts";
import { limitsInWords, type Limits } from "../rules/limits.ts";
import { policyOf } from "../vault/policy.ts";
import { probeFor } from "../vault/probes.ts";
import type { AddCommand, CommandContext } from "./command.ts";
import { limitsFrom, withLimitFlags, type LimitFlags } from "./limit-flags.ts";
import { dataSummary, type DataSummary } from "./data.ts";

export interface Decided {
  readonly plan: string;
  readonly name: string;
  readonly version: number;
  readonly decision: Approval["decision"];
  readonly data: string | null;
  /** For people: what was decided and what happens next. */
  readonly text: string;
}

interface DecisionOptions {
  readonly home: string;
  readonly membership: Membership;
  /** The digest, or its start. */
  readonly plan: string;
  readonly steward: string;
  readonly at: number;
}

/** Whether the plan can be trained here, and on which engine; a plan that cannot is not approved. */
export type TryPlan = (offered: OfferedPlan, summary: DataSummary | null) => Promise<Trial>;

/** `every`: a step on each engine that can do one, also where there is nothing to choose. */
export const tryHere = async ({ manifest, plan }: OfferedPlan, summary: DataSummary | null, every = false): Promise<Trial> => {
  // Loaded late: most commands train nothing.
  const { tryPlan } = await import("@engraft/engine/native/trial");
  const report = summary?.report ?? null;
  return tryPlan(manifest, plan, report === null ? null : { train: report.parts.train.rows, all: report.usable }, { every });
};

/** P5: signs an approval of exactly this digest. Throws `plan-unknown`, `plan-withdrawn`, `data-missing`, `training-failed` or `bad-input`. */
export async function approve(
  options: DecisionOptions & {
    readonly data: string | undefined;
    readonly siteMetrics?: boolean;
    readonly limits?: Limits;
    readonly tryPlan: TryPlan;
  },
): Promise<Decided> {
  const { home, data, siteMetrics = false, limits = {} } = options;
  const offered = await resolvePlan(home, options.plan);
  if (offered.withdrawn)
    throw new EngraftError(
      "plan-withdrawn",
      `Plan ${offered.plan.name} ${offered.plan.version} was withdrawn by its authors, so there is nothing to approve.`,
    );
  await mustBeAllowed(home, offered, limits, siteMetrics);
  await mustBeCompared(home, options.membership, offered);
  const registered = data === undefined && (await listData(home)).length === 0 ? null : await resolveData(home, data);
  const table = registered?.name ?? null;
  const summary = registered === null ? null : await dataSummary(home, registered, offered);
  const trial = await options.tryPlan(offered, summary);
  if (!trial.can)
    throw new EngraftError(
      "training-failed",
      `Plan ${offered.plan.name} ${offered.plan.version} cannot be trained on this machine: ${trial.reason}. Nothing was signed; "engraft-site engine status" shows the engines.`,
    );
  const mapping = registered === null ? null : await mappingDigest(registered.table);
  const next =
    table === null
      ? 'No table is registered yet, so the site will decline until "engraft-site data add" was run and the plan is approved again.'
      : `It may use table "${table}".${mappingWords(registered?.table.patient === null, mapping)}`;
  const figures = !offered.plan.metrics.perSite
    ? ""
    : siteMetrics
      ? " Figures of this site's own patients may leave."
      : " Figures of this site's own patients stay here (--site-metrics lets them out).";
  const limited = limitsInWords(limits);
  const said = {
    decision: "approved" as const,
    // The admin reads them beside the approval; what counts is what lies here.
    reason: limited.length === 0 ? null : `With limits: ${limited.join("; ")}.`,
    siteMetrics,
    ...(await probeFor(home, offered, siteMetrics)),
    ...(mapping === null ? {} : { mapping }),
    ...(registered?.table.patient === null ? { rowsAsPatients: true as const } : {}),
  };
  const within = limited.length === 0 ? "" : ` Within limits: ${limited.join("; ")}.`;
  return decide(options, offered, said, next + figures + within + misfitWords(summary), { data: table, limits, engine: trial.backend });
}

/** The steward learns now, not from a declined round, that the table does not fit. */
function misfitWords(summary: DataSummary | null): string {
  if (summary === null || summary.report?.ok === true) return "";
  return `\nWarning: the table does not fit the plan, so every ask will be declined until it does. "engraft-site data check ${summary.name}" says why.`;
}

/** What the steward signs beside the plan, where the table is not taken as it stands. */
function mappingWords(rowsAsPatients: boolean, mapping: Digest | null): string {
  if (mapping === null) return "";
  const rows = rowsAsPatients ? " It has no patient ids, so each row counts as a patient." : "";
  return `${rows} What the site says of its units, codes and patients is approved as it is now (${mapping.slice(0, 12)}); a change needs a new approval.`;
}

/** Y3: what breaks the standing policy is not approved, whoever asks for it; nor is what no limit could ever let run. */
async function mustBeAllowed(home: string, { plan }: OfferedPlan, limits: Limits, siteMetrics: boolean): Promise<void> {
  const policy = await policyOf(home);
  const refusal = policyRefuses(policy, plan) ?? limitsRefuse(limits, plan);
  if (refusal !== undefined) throw new EngraftError(refusal.code, refusal.text);
  if (siteMetrics && !policy.ownFigures)
    throw new EngraftError(
      "site-policy",
      "This site's standing policy keeps figures of its own patients here. Approve without them, or change the policy.",
    );
}

/** A directory that nobody compared could hold sites that the coordinator invented; then it would read every update. */
async function mustBeCompared(home: string, membership: Membership, offered: OfferedPlan): Promise<void> {
  if (offered.plan.aggregation.method !== "secure") return;
  const directory = ownDirectory(membership, offered.plan);
  if (isRefusal(directory)) throw new EngraftError(directory.code, directory.text);
  if ((await findCompared(home, directory.hash)) !== undefined) return;
  throw new EngraftError(
    "directory-not-compared",
    `Compare the plan's directory with the other stewards first: run "engraft-site directory ${offered.digest.slice(0, 12)}" and read its 16 words to each other.`,
  );
}

/** Signs a refusal, with its reason. */
export async function refusePlan(options: DecisionOptions & { readonly reason: string }): Promise<Decided> {
  return decide(
    options,
    await resolvePlan(options.home, options.plan),
    { decision: "refused", reason: options.reason.trim(), siteMetrics: false },
    "Nothing is trained under it here.",
    { data: null },
  );
}

async function decide(
  options: DecisionOptions,
  offered: OfferedPlan,
  said: Pick<Approval, "decision" | "reason" | "siteMetrics" | "mapping" | "rowsAsPatients" | "probe">,
  next: string,
  kept: KeptAtSite,
): Promise<Decided> {
  const { home, membership, steward, at } = options;
  const approval = MESSAGES.approval.schema.safeParse({ plan: offered.digest, ...said, steward: steward.trim(), at });
  if (!approval.success)
    throw new EngraftError(
      "bad-input",
      `The decision cannot be signed: ${approval.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}.`,
    );
  await saveDecision(home, membership, approval.data, kept);
  const { name, version } = offered.plan;
  return {
    plan: offered.digest,
    name,
    version,
    decision: said.decision,
    data: kept.data,
    text: `Plan ${name} ${version} is ${said.decision} by ${approval.data.steward}. ${next}`,
  };
}

export const addApprove: AddCommand = (program, run) => {
  const command = program
    .command("approve")
    .description("Approve a plan by its digest; the site then answers asks under it")
    .argument("<digest>", "the plan's digest, or the first 6 digits or more")
    .option("--steward <name>", "who approves; goes into the signed decision")
    .option("--data <name>", "the registered table that it may use")
    .option("--site-metrics", "let figures of this site's own patients leave, where the plan asks for them", false);
  withLimitFlags(command).action(
    run(async (context, plan: string, flags: { steward?: string; data?: string; siteMetrics: boolean } & LimitFlags) => {
      const membership = await requireMembership(context.config.home);
      const { steward, data, siteMetrics } = flags;
      const { home } = context.config;
      const decided = await approve({
        home,
        membership,
        plan,
        steward: named(steward),
        data,
        siteMetrics,
        limits: limitsFrom(flags),
        tryPlan: tryHere,
        at: context.now(),
      });
      await say(context, decided);
    }),
  );
};

export const addRefuse: AddCommand = (program, run) => {
  program
    .command("refuse")
    .description("Refuse a plan by its digest, with a reason that the admin will read")
    .argument("<digest>", "the plan's digest, or the first 6 digits or more")
    .option("--reason <text>", "why")
    .option("--steward <name>", "who refuses; goes into the signed decision")
    .action(
      run(async (context, plan: string, flags: { steward?: string; reason?: string }) => {
        const membership = await requireMembership(context.config.home);
        const { steward, reason } = flags;
        if (reason === undefined || reason.trim() === "")
          throw new EngraftError("bad-input", "Say why with --reason TEXT; the plan's authors will read it.");
        await say(
          context,
          await refusePlan({ home: context.config.home, membership, plan, steward: named(steward), reason, at: context.now() }),
        );
      }),
    );
};

export function named(steward: string | undefined): string {
  if (steward === undefined || steward.trim() === "")
    throw new EngraftError("bad-input", "Say who decides with --steward NAME; it goes into the signed decision.");
  return steward;
}

async function say({ config, print, now }: CommandContext, decided: Decided): Promise<void> {
  const state = await readState(config.home);
  const running = state !== undefined && looksAlive(state, now());
  print(
    { ...decided },
    `${decided.text}\n${running ? "The running agent sends the decision." : 'The decision is signed and kept; "engraft-site start" sends it.'}`,
  );
}
