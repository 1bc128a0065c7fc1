/** `policy`: what this site's people let it take part in at all. Shown without flags; each flag sets one point, `--clear` all of them. */
import { EngraftError } from "@engraft/core/base/errors";
import { Policy, OPEN_POLICY, policyInWords } from "../rules/limits.ts";
import { requireMembership } from "../vault/federation.ts";
import { findPolicy, savePolicy } from "../vault/policy.ts";
import type { AddCommand, CommandContext } from "./command.ts";
import { limitsFrom, withLimitFlags, type LimitFlags } from "./limit-flags.ts";

interface PolicyFlags extends LimitFlags {
  readonly headOnly?: boolean;
  readonly secureOnly?: boolean;
  /** False with --no-own-figures. */
  readonly ownFigures: boolean;
  readonly clear?: boolean;
  readonly steward?: string;
}

export const addPolicy: AddCommand = (program, run) => {
  const command = program
    .command("policy")
    .description("Show or set the standing policy: plans that break it cannot be approved, asks that break it are refused")
    .option("--head-only", "only plans that train the head")
    .option("--secure-only", "only plans with secure aggregation")
    .option("--no-own-figures", "figures of this site's own patients never leave")
    .option("--clear", "begin from no policy; other flags are set on top")
    .option("--steward <name>", "who sets it; goes into the audit log");
  withLimitFlags(command).action(run((context, flags: PolicyFlags) => policyCommand(context, flags)));
};

async function policyCommand({ config, print, now }: CommandContext, flags: PolicyFlags): Promise<void> {
  const { home } = config;
  await requireMembership(home);
  const known = await findPolicy(home);
  const limits = limitsFrom(flags);
  const before = flags.clear === true ? OPEN_POLICY : (known?.policy ?? OPEN_POLICY);
  const policy = Policy.parse({
    ...before,
    ...limits,
    headOnly: flags.headOnly ?? before.headOnly,
    secureOnly: flags.secureOnly ?? before.secureOnly,
    ownFigures: flags.ownFigures && before.ownFigures,
  });
  const changes =
    flags.clear === true || flags.headOnly === true || flags.secureOnly === true || !flags.ownFigures || Object.keys(limits).length > 0;
  if (changes && (flags.steward === undefined || flags.steward.trim() === ""))
    throw new EngraftError("bad-input", "Say who sets the policy with --steward NAME; it goes into the audit log.");
  const signed = changes ? await savePolicy(home, { policy, steward: flags.steward ?? "", at: now() }) : known;
  const words = signed === undefined ? [] : policyInWords(signed.policy);
  print(
    { policy: signed?.policy ?? OPEN_POLICY, steward: signed?.steward ?? null, at: signed?.at ?? null, words },
    words.length === 0
      ? "No standing policy: each plan is decided on its own."
      : [`Standing policy, set by ${signed?.steward}:`, ...words.map((line) => `  ${line}`)].join("\n"),
  );
}
