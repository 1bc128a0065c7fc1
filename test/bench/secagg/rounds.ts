/** Whole secure rounds of real processes on this machine, with agents that add a constant instead of training. */
import { median, row, type Goal, type Row } from "../report.ts";
import type { BenchOptions } from "../main.ts";
import { peaks } from "../memory.ts";
import { roundSeconds, runConstant, SECURE } from "../constant.ts";

interface Case {
  readonly values: number;
  readonly agents: number;
  readonly rounds: number;
}

const CASES: readonly Case[] = [
  { values: 100_000, agents: 4, rounds: 12 },
  { values: 1_000_000, agents: 4, rounds: 8 },
  { values: 1_000_000, agents: 8, rounds: 6 },
  { values: 10_000_000, agents: 4, rounds: 5 },
  { values: 10_000_000, agents: 8, rounds: 4 },
];
const QUICK: readonly Case[] = [{ values: 100_000, agents: 4, rounds: 4 }];

/** Flower's SecAgg+ over its deployment engine, 4 clients on loopback, seconds a round; measured once, see the design's figures. */
const FLOWER_SECONDS: Readonly<Record<number, number>> = { 100_000: 25.2, 1_000_000: 26.4 };
const FLOWER_DROPOUT_SECONDS = 40.6;
const FLOWER = "Flower SecAgg+, an earlier run";

/** How long the others are waited for once enough are in; the plan's own choice. */
const GRACE_SECONDS = 3;

export async function benchSecureRounds(options: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const memory = new Map<number, number>();
  for (const each of options.quick ? QUICK : CASES) rows.push(...(await benchCase(each, memory)));
  rows.push(await benchDropout(options.quick ? 100_000 : 1_000_000));
  return rows;
}

const nameOf = ({ values, agents }: Omit<Case, "rounds">): string =>
  `whole rounds, ${values.toLocaleString("en-GB")} values, ${agents} agents`;

async function benchCase(each: Case, memory: Map<number, number>): Promise<readonly Row[]> {
  const { values, agents, rounds } = each;
  const name = nameOf(each);
  process.stderr.write(`${name} ...\n`);
  const { view, bytes, cpu, seen } = await runConstant({ values, agents, rounds, aggregation: SECURE }, peaks);
  const flower = agents === 4 ? FLOWER_SECONDS[values] : undefined;
  const peer = flower === undefined ? undefined : { name: FLOWER, value: flower };
  const goal: Goal | undefined = values === 1_000_000 && agents === 4 ? { value: 1 } : undefined;
  // The same model at a smaller federation, where it was measured: memory must not grow with the sites.
  const fewer = memory.get(values);
  memory.set(values, fewer ?? seen.coordinatorMiB);
  const smaller = fewer === undefined ? undefined : { name: "4 agents", value: fewer };
  return [
    row(name, "round, median", "s", median(roundSeconds(view)), peer, goal),
    row(name, "bytes per site and round", "B", bytes, { name: "float32 up and down", value: 8 * values }),
    row(name, "coordinator, CPU a round", "s", cpu.coordinator),
    row(name, "agent, CPU a round", "s", cpu.agent),
    row(name, "coordinator, peak memory", "MiB", seen.coordinatorMiB, smaller, smaller && { ratio: 1.1 }),
    row(name, "agent, peak memory", "MiB", seen.agentMiB),
  ];
}

/** One of four agents is killed in the second round, when the masks are agreed and before its vector leaves. */
async function benchDropout(values: number): Promise<Row> {
  const name = `${nameOf({ values, agents: 4 })}, one killed in round 2`;
  process.stderr.write(`${name} ...\n`);
  const { view } = await runConstant(
    {
      values,
      agents: 4,
      rounds: 3,
      aggregation: SECURE,
      cohort: { minSites: 3, graceSeconds: GRACE_SECONDS, gatherSeconds: 1 },
      firstAgentEnv: { ENGRAFT_CRASH_AT: "send.masked:2" },
    },
    async () => undefined,
  );
  const kept = view.rounds[1]?.sum?.sites.length;
  if (kept !== 3) throw new Error(`the round with a killed agent should have a sum of 3 sites and has one of ${kept ?? "none"}`);
  const goal: Goal = { value: GRACE_SECONDS + 1 };
  const peer = values === 1_000_000 ? { name: FLOWER, value: FLOWER_DROPOUT_SECONDS } : undefined;
  return row(name, `that round, of which ${GRACE_SECONDS} s of grace`, "s", roundSeconds(view)[0] ?? Number.NaN, peer, goal);
}
