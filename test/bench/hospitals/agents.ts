/** A whole analytic run through real agents and masks, and rounds of training after it: coordinator and sites as processes, and what the last round wrote. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Analytic } from "@engraft/core/models/analytic";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import type { CsvTable } from "@engraft/engine/data/declaration";
import { Federation } from "../../../tools/federation/federation.ts";
import { finished } from "../constant.ts";
import { CAP } from "./solving.ts";

export interface AgentsRun {
  readonly manifest: Manifest;
  readonly weights: Uint8Array;
  readonly data: Plan["data"];
  readonly analytic: Analytic;
  readonly tables: ReadonlyMap<string, CsvTable>;
  /** Rounds of training after the analytic ones, and what of a plan's training they need otherwise than a head does. */
  readonly tuning?: { readonly rounds: number; readonly training: Partial<Plan["training"]> };
}

const FLAGS = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient"];

/** `vector`: what is trained, the head last. `bytes`: what a site sent masked in the last round. */
export async function throughAgents(run: AgentsRun): Promise<{ readonly vector: Float32Array; readonly bytes: number }> {
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-agents-"));
  const text = JSON.stringify(run.manifest);
  await writeFile(join(dir, "manifest.json"), text);
  await writeFile(join(dir, "weights.safetensors"), run.weights);
  const federation = await Federation.start({ dir });
  try {
    await federation.coordinatorCommandOk("base", "import", dir);
    const sites = [...run.tables.keys()];
    for (const [site, table] of run.tables) {
      await federation.enrol(site, { file: table.path, flags: [...FLAGS, "--label", table.label] });
      await federation.startAgent(site);
    }
    await writeFile(join(dir, "plan.json"), JSON.stringify(planOf(run, sha256(text))));
    const { digest } = (await federation.coordinatorCommandOk("plan", "propose", join(dir, "plan.json"))) as { digest: string };
    await federation.compareAll(digest, sites);
    for (const site of sites) await federation.approve(site, digest, "--data", "main");
    const { run: id } = await (await federation.api()).runs.start.mutate({ plan: digest });
    const view = await finished(federation, id, 200);
    const round = view.rounds.at(-1);
    const checkpoint = round?.checkpoint?.digest ?? "";
    const bytes = await readFile(join(federation.coordinatorDir, "blobs", "blobs", checkpoint.slice(0, 2), checkpoint));
    return { vector: new Float32Array(Uint8Array.from(bytes).buffer), bytes: round?.answers[0]?.bytes ?? 0 };
  } finally {
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

const planOf = ({ manifest, data, analytic, tuning }: AgentsRun, digest: Plan["base"]["manifest"]): object => ({
  format: "engraft.plan/1",
  name: "bench-analytic",
  version: 1,
  purpose: "A benchmark.",
  base: { name: manifest.name, version: manifest.version, manifest: digest, weights: manifest.weights.digest },
  data,
  training: {
    trainable: { part: "head" },
    amount: { unit: "updates", count: 1 },
    batch: 8,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0,
    clip: 5,
    ...tuning?.training,
    analytic,
    seed: 1,
  },
  rounds: { count: analytic.rounds + (tuning?.rounds ?? 0), stop: null },
  cohort: { minSites: 3, fraction: 1, gatherSeconds: 60, deadlineSeconds: 600, graceSeconds: 60 },
  aggregation: {
    method: "secure",
    weights: "bucketed",
    weightCap: CAP,
    coordinateClip: 5,
    encoding: "full",
    attempts: 3,
    phaseSeconds: 300,
  },
  metrics: { names: ["auroc"], perSite: false, minCount: 3, compareAlone: false },
});
