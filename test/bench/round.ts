/** `round`: what a round costs beyond training. Agents add a constant; keys, signatures, sockets, disks and the database are real. */
import { checkpointTimes, roundSeconds, runConstant } from "./constant.ts";
import type { BenchOptions } from "./main.ts";
import { peaks } from "./memory.ts";
import { runFlower } from "./peers.ts";
import { median, row, type Row } from "./report.ts";

interface Case {
  readonly values: number;
  readonly agents: number;
  readonly rounds: number;
}

const CASES: readonly Case[] = [
  { values: 1_000, agents: 4, rounds: 30 },
  { values: 100_000, agents: 4, rounds: 20 },
  { values: 1_000_000, agents: 4, rounds: 12 },
  { values: 10_000_000, agents: 4, rounds: 7 },
  { values: 1_000, agents: 8, rounds: 20 },
  { values: 1_000_000, agents: 8, rounds: 8 },
];

export async function benchRound(options: BenchOptions): Promise<readonly Row[]> {
  const cases = options.quick ? CASES.slice(0, 1).map((each) => ({ ...each, rounds: 8 })) : CASES;
  const rows: Row[] = [];
  for (const each of cases) rows.push(...(await benchCase(each, options)));
  return rows;
}

async function benchCase(each: Case, options: BenchOptions): Promise<readonly Row[]> {
  const name = `${each.values.toLocaleString("en-GB")} values, ${each.agents} agents`;
  process.stderr.write(`${name}, ${each.rounds} rounds ...\n`);
  const ours = await measure(each);
  const flower =
    each.agents === 4 && each.values !== 100_000 && !options.quick
      ? await runFlower(options.peerPython, ["--clients", "4", "--params", String(each.values), "--rounds", "5"])
      : [];
  const peer = (key: string) => {
    const value = flower[0]?.[key];
    return typeof value === "number" ? { name: "Flower", value } : undefined;
  };
  const plain = { name: "float32 up and down", value: 8 * each.values };
  return [
    row(name, "round, median", "s", ours.seconds, peer("round_s_median")),
    row(name, "bytes per site and round", "B", ours.bytes, plain),
    row(name, "coordinator, peak memory", "MiB", ours.coordinatorMiB, peer("server_rss_mib")),
    row(name, "agent, peak memory", "MiB", ours.agentMiB, peer("client_rss_mib")),
    row(name, "command to first finished round", "s", ours.firstRound, peer("command_to_first_round_end_s")),
  ];
}

async function measure({ values, agents, rounds }: Case) {
  const { started, view, bytes, seen } = await runConstant({ values, agents, rounds, aggregation: { method: "plain" } }, peaks);
  return { seconds: median(roundSeconds(view)), bytes, ...seen, firstRound: ((checkpointTimes(view)[0] ?? Number.NaN) - started) / 1000 };
}
