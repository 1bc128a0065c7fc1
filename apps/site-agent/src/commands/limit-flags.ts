/** Flags of limits, the same for `approve` and `policy`. */
import { availableParallelism } from "node:os";
import { EngraftError } from "@engraft/core/base/errors";
import type { Command } from "commander";
import { hoursIn } from "../rules/hours.ts";
import { Limits } from "../rules/limits.ts";

export interface LimitFlags {
  readonly hours?: string;
  readonly threads?: string;
  readonly maxRounds?: string;
  readonly minSites?: string;
}

export const withLimitFlags = (command: Command): Command =>
  command
    .option("--hours <from-to>", "train only in these hours of this machine's clock, for example 20:00-06:00")
    .option("--threads <count>", "let training use so many threads of the processor at most")
    .option("--max-rounds <count>", "take part up to this round of a run")
    .option("--min-sites <count>", "only with secure aggregation and at least so many sites in the sum");

/** Throws `bad-input` with every flag that cannot be read. Empty values count as not given. */
export function limitsFrom({ hours, threads, maxRounds, minSites }: LimitFlags): Limits {
  const given = (text: string | undefined): text is string => text !== undefined && text.trim() !== "";
  const problems: string[] = [];
  const count = (text: string | undefined, name: string, least: number, most: number): number | undefined => {
    if (!given(text)) return undefined;
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    problems.push(`${name}: enter a whole number from ${least} to ${most}`);
    return undefined;
  };
  const window = given(hours) ? hoursIn(hours) : undefined;
  if (given(hours) && window === undefined) problems.push("hours: enter two different times, for example 20:00-06:00");
  const counts = {
    threads: count(threads, "threads", 1, availableParallelism()),
    maxRounds: count(maxRounds, "rounds", 1, 10_000),
    minSites: count(minSites, "sites in the sum", 3, 100),
  };
  if (problems.length > 0) throw new EngraftError("bad-input", `The limits cannot be kept: ${problems.join("; ")}.`);
  const set = Object.entries({ hours: window, ...counts }).filter(([, value]) => value !== undefined);
  return Limits.parse(Object.fromEntries(set));
}
