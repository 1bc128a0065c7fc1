/** A federation whose agents add a constant instead of training; keys, signatures, sockets, disks and the database are real. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Plan } from "@engraft/core/models/plan";
import type { Manifest } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { runView, type RunView } from "@engraft/core/rounds/view";
import { approve } from "@engraft/site-agent/commands/decide";
import { requireMembership } from "@engraft/site-agent/vault/federation";
import { cpuUsed, type CpuUsed } from "./memory.ts";
import { Federation } from "../../tools/federation/federation.ts";

const AGENT = fileURLToPath(new URL("./constant-agent.mjs", import.meta.url));

/** What a plan file leaves out of secure aggregation is filled in when it is proposed. */
type Aggregation =
  | { readonly method: "plain" }
  | { readonly method: "secure"; readonly weightCap: number; readonly coordinateClip: number };

/** Fine enough for the agents' constants: with the steps of a wide clip they would all be rounded to nothing. */
export const SECURE: Aggregation = { method: "secure", weightCap: 1000, coordinateClip: 0.01 };

export interface ConstantRun {
  readonly values: number;
  readonly agents: number;
  readonly rounds: number;
  readonly aggregation: Aggregation;
  readonly cohort?: Partial<Plan["cohort"]>;
  readonly metrics?: Partial<Plan["metrics"]>;
  /** Environment of the first agent. */
  readonly firstAgentEnv?: Readonly<Record<string, string>>;
}

export interface RanConstant<T> {
  readonly started: number;
  readonly view: RunView;
  /** Of each site and round, up and down. */
  readonly bytes: number;
  /** CPU seconds a round, with the evaluation at the end shared among the rounds. */
  readonly cpu: CpuUsed;
  /** What was looked at before everything was stopped. */
  readonly seen: T;
}

/** One run from nothing to its end. */
export async function runConstant<T>(wanted: ConstantRun, look: (federation: Federation) => Promise<T>): Promise<RanConstant<T>> {
  const started = Date.now();
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-"));
  const federation = await Federation.start({ dir });
  try {
    const table = await emptyTable(federation.dir);
    const names = Array.from({ length: wanted.agents }, (_, index) => `site-${index + 1}`);
    await Promise.all(names.map((site) => federation.enrol(site, table)));
    const digest = await propose(federation, wanted);
    await Promise.all(names.map((site, at) => federation.startAgentScript(site, AGENT, at === 0 ? wanted.firstAgentEnv : undefined)));
    if (wanted.aggregation.method === "secure") await federation.compareAll(digest, names);
    await Promise.all(names.map((site) => approveConstant(federation, site, digest)));
    const api = await federation.api();
    const [bytesBefore, cpuBefore] = [await wireBytes(federation), await cpuUsed(federation)];
    const { run } = await api.runs.start.mutate({ plan: digest });
    const view = await finished(federation, run);
    const bytes = ((await wireBytes(federation)) - bytesBefore) / wanted.agents;
    const cpuAfter = await cpuUsed(federation);
    const cpu = {
      coordinator: (cpuAfter.coordinator - cpuBefore.coordinator) / wanted.rounds,
      agent: (cpuAfter.agent - cpuBefore.agent) / wanted.rounds,
    };
    return { started, view, bytes: bytesPerRound(bytes, wanted), cpu, seen: await look(federation) };
  } finally {
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Without what travels once a run: the base model at the start, the last checkpoint for the evaluation. */
const bytesPerRound = (bytes: number, { values, rounds }: ConstantRun): number => (bytes - 2 * 4 * values) / rounds;

/** When each round's checkpoint was written. */
export const checkpointTimes = (view: RunView): readonly number[] => view.rounds.map((round) => round.checkpoint?.at ?? Number.NaN);

/** Seconds from each checkpoint to the next; the first round also brings the base model to each site and is left out. */
export const roundSeconds = (view: RunView): readonly number[] => {
  const ends = checkpointTimes(view);
  return ends.slice(1).map((end, index) => (end - (ends[index] ?? Number.NaN)) / 1000);
};

/** An agent works only with a registered table; the constant model does not look into it. */
export async function emptyTable(dir: string) {
  const file = join(dir, "table.csv");
  await writeFile(file, "patient,y\n");
  return { file, flags: ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "y"] };
}

/** The view of a run once it has finished; asked for every so often, because asking costs the coordinator something too. */
export async function finished(federation: Federation, run: string, everyMs = 500) {
  const api = await federation.api();
  for (;;) {
    // A coordinator that is busy may drop an idle connection just as it is used again, or let a question wait; one that has ended is an error.
    const asked = await api.runs.get.query({ run }).catch((error: unknown) => {
      if (!federation.coordinator.alive) throw error;
      return undefined;
    });
    const view = runView((asked?.events ?? []).map(({ event }) => event));
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

/** By hand, since no engine of ours could train what these agents only pretend to train. */
export async function approveConstant(federation: Federation, site: string, plan: string, siteMetrics = false): Promise<void> {
  const agent = federation.agents.get(site);
  await agent?.line((line) => line.event === "plan.offered" && line["plan"] === plan);
  const home = federation.siteDir(site);
  const trained = {
    can: true,
    backend: "cpu",
    engine: "constant",
    stepMs: 0,
    others: [],
    steps: 1,
    minutes: 0,
    late: false,
    memoryBytes: 0,
  } as const;
  const tryPlan = () => Promise.resolve(trained);
  const before = agent?.lines.length ?? 0;
  await approve({
    home,
    membership: await requireMembership(home),
    plan,
    steward: "Bench",
    data: undefined,
    siteMetrics,
    tryPlan,
    at: Date.now(),
  });
  await agent?.line((line) => line.event === "approval.recorded" && line["plan"] === plan, before);
}

/** A base of zeros and a plan for it, proposed. */
export async function propose(
  federation: Federation,
  { values, agents, rounds, aggregation, cohort, metrics }: ConstantRun,
): Promise<string> {
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
  const plan: Omit<Plan, "aggregation"> & { readonly aggregation: Aggregation } = {
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
    cohort: { minSites: agents, fraction: 1, gatherSeconds: 60, deadlineSeconds: 600, graceSeconds: 600, ...cohort },
    aggregation,
    metrics: { names: ["loss"], perSite: false, minCount: 1, compareAlone: false, ...metrics },
  };
  const path = join(federation.dir, "plan.json");
  await writeFile(path, JSON.stringify(plan));
  await federation.coordinatorCommandOk("base", "import", base);
  const { digest } = await federation.coordinatorCommandOk("plan", "propose", path);
  return String(digest);
}
