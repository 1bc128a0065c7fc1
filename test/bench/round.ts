/** `round`: what a round costs beyond training. Agents add a constant; keys, signatures, sockets, disks and the database are real. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Plan } from "@engraft/core/models/plan";
import type { Manifest } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { runView } from "@engraft/core/rounds/view";
import { Federation } from "../../tools/federation/federation.ts";
import type { BenchOptions } from "./main.ts";
import { peakMiB } from "./memory.ts";
import { runFlower } from "./peers.ts";
import { median, row, type Row } from "./report.ts";

const AGENT = fileURLToPath(new URL("./constant-agent.mjs", import.meta.url));

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
  const started = Date.now();
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-"));
  const federation = await Federation.start({ dir });
  try {
    const digest = await propose(federation, values, agents, rounds);
    const table = await emptyTable(federation.dir);
    const names = Array.from({ length: agents }, (_, index) => `site-${index + 1}`);
    await Promise.all(
      names.map(async (site) => {
        await federation.enrol(site, table);
        await federation.startAgentScript(site, AGENT);
        await federation.approve(site, digest);
      }),
    );
    const api = await federation.api();
    const bytesBefore = await wireBytes(federation);
    const { run } = await api.runs.start.mutate({ plan: digest });
    const view = await finished(federation, run);
    const ends = view.rounds.map((round) => round.checkpoint?.at ?? Number.NaN);
    const bytes = (await wireBytes(federation)) - bytesBefore;
    const agentPeaks = await Promise.all([...federation.agents.values()].map((agent) => peakMiB(agent.pid)));
    return {
      // The first round also brings the base model to each site.
      seconds: median(ends.slice(1).map((end, index) => (end - (ends[index] ?? Number.NaN)) / 1000)),
      // Without what travels once a run: the base model at the start, the last checkpoint for the evaluation.
      bytes: (bytes - 2 * 4 * values * agents) / agents / rounds,
      coordinatorMiB: await peakMiB(federation.coordinator.pid),
      agentMiB: Math.max(...agentPeaks),
      firstRound: ((ends[0] ?? Number.NaN) - started) / 1000,
    };
  } finally {
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** An agent works only with a registered table; the constant model does not look into it. */
async function emptyTable(dir: string) {
  const file = join(dir, "table.csv");
  await writeFile(file, "patient,y\n");
  return { file, flags: ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "y"] };
}

/** The view of a run once it has finished; asked for every so often, because asking costs the coordinator something too. */
export async function finished(federation: Federation, run: string, everyMs = 500) {
  const api = await federation.api();
  for (;;) {
    // A coordinator that is busy may drop an idle connection just as it is used again.
    const events = (await api.runs.get.query({ run: run }).catch(() => undefined))?.events ?? [];
    const view = runView(events.map(({ event }) => event));
    if (view?.phase === "finished") return view;
    if (view?.end !== null && view?.end !== undefined) throw new Error(`the run ended: ${view.end.text}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Bytes in and out of the hub since the coordinator started, from its own metrics. */
async function wireBytes(federation: Federation): Promise<number> {
  const text = await (await fetch(`${federation.url}/metrics`)).text();
  return [...text.matchAll(/^engraft_link_bytes_total\{[^}]*\} (\d+(?:\.\d+)?(?:e\+\d+)?)$/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

/** A base of zeros and a plan for it, proposed. */
export async function propose(federation: Federation, values: number, agents: number, rounds: number): Promise<string> {
  const base = join(federation.dir, "base");
  await mkdir(base, { recursive: true });
  const tensors = [{ name: "w", shape: [values], depth: 0 }];
  const weights = writeSafetensors(tensors, new Map([["w", new Float32Array(values)]]));
  const label = { name: "y", title: "Outcome", positive: ["1"], negative: ["0"] };
  const manifest: Manifest = {
    format: "engraft.base/1",
    name: "constant",
    version: "1.0",
    title: "Constant",
    description: "",
    licence: "none",
    origin: "benchmark",
    fields: [],
    inputs: [],
    label,
    split: null,
    architecture: {},
    tensors,
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  };
  const text = JSON.stringify(manifest);
  await writeFile(join(base, "manifest.json"), text);
  await writeFile(join(base, "weights.safetensors"), weights);
  const plan: Plan = {
    format: "engraft.plan/1",
    name: "constant",
    version: 1,
    purpose: "benchmark",
    base: { name: "constant", version: "1.0", manifest: sha256(text), weights: manifest.weights.digest },
    data: { fields: [], label, split: { salt: "s", train: 0.5, validation: 0.2 } },
    training: {
      trainable: { part: "all" },
      amount: { unit: "updates", count: 1 },
      batch: 1,
      optimizer: { name: "sgd", learningRate: 0.1, momentum: 0 },
      weightDecay: 0,
      clip: 1e6,
      seed: 1,
    },
    rounds: { count: rounds, stop: null },
    cohort: { minSites: agents, fraction: 1, gatherSeconds: 60, deadlineSeconds: 600, graceSeconds: 600 },
    aggregation: { method: "plain" },
    metrics: { names: ["loss"], perSite: false, minCount: 1, compareAlone: false },
  };
  const path = join(federation.dir, "plan.json");
  await writeFile(path, JSON.stringify(plan));
  await federation.coordinatorCommandOk("base", "import", base);
  const { digest } = await federation.coordinatorCommandOk("plan", "propose", path);
  return String(digest);
}
