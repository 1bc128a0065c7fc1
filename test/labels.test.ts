/** Labels that are no yes/no through the real binaries: time to death in six regions under masks, and ordered grades at four hospitals. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Field } from "@engraft/core/models/fields";
import type { Label } from "@engraft/core/models/labels";
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { runView } from "@engraft/core/rounds/view";
import { samplesOf, type Samples } from "@engraft/engine/data/samples";
import { readTable } from "@engraft/engine/data/table";
import { baselineOf, horizonMeasure } from "@engraft/engine/evaluate/horizon";
import type { Predicted } from "@engraft/engine/evaluate/site-metrics";
import { byTime } from "@engraft/engine/evaluate/by-time";
import { pairsOf } from "@engraft/engine/evaluate/survival";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FIELDS } from "../examples/heart-disease/definition.ts";
import { siteTable } from "../examples/heart-disease/files.ts";
import { Federation } from "../tools/federation/federation.ts";
import { findPython, findShared, requireOrSkip } from "./support/require.ts";

/**
 * The partial likelihood with a baseline in each region (Breslow), written out over all pairs, and a general optimiser: nothing of Newton's steps
 * or of sums. The penalty is on weights of standardised inputs; an input that never changes has none.
 */
const OPTIMISER = `
import json, sys, numpy as np
from scipy.optimize import minimize
given = json.load(sys.stdin)
x = np.array(given["x"]).reshape(-1, given["width"])
time, event = np.array(given["y"]).reshape(-1, 2).T
site = np.array(given["site"])
sd = x.std(axis=0)
seen = sd > 1e-9
z = (x[:, seen] - x[:, seen].mean(axis=0)) / sd[seen]
risk = (site[:, None] == site[None, :]) & (time[None, :] >= time[:, None])
risk = risk[event == 1]
def loss(w):
    eta = z @ w
    hazard = np.exp(eta)
    whole = risk @ hazard
    value = np.log(whole).sum() - eta[event == 1].sum() + given["penalty"] / 2 * w @ w
    slope = z.T @ (hazard * (risk / whole[:, None]).sum(axis=0)) - z[event == 1].sum(axis=0) + given["penalty"] * w
    return value, slope
found = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 10000})
weights = np.zeros(x.shape[1])
weights[seen] = found.x / sd[seen]
print(json.dumps(weights.tolist()))`;

const CHECK = fileURLToPath(new URL("../tools/check-record/check_record.py", import.meta.url));
const REGIONS = ["northeast", "south", "west", "midwest", "europe", "canada"];
const HOSPITALS = { northeast: "cleveland", south: "hungary", west: "switzerland", midwest: "va" } as const;
const SPLIT = { salt: "labels", train: 0.6, validation: 0.2 };

const SURVIVAL: Label = {
  kind: "survival",
  name: "death",
  title: "Time to death",
  time: { name: "days", unit: "d", max: 20_000 },
  event: { name: "dead", occurred: ["1"], censored: ["0"] },
};
const GRADE: Label = {
  kind: "ordinal",
  name: "num",
  title: "Vessels narrowed",
  classes: ["none", "one", "two", "three or four"].map((name, index) => ({ name, codes: index === 3 ? ["3", "4"] : [String(index)] })),
};

let dir = "";
let federation: Federation;

/** Saves a run's records; says of each what the script that rebuilds it says, and how it ends. */
async function rebuilt(run: string, python: string) {
  const saved = (await federation.coordinatorCommandOk("run", "record", run, "--out", join(dir, run))) as { rounds?: { folder: string }[] };
  return (saved.rounds ?? []).map(({ folder }) => spawnSync(python, [CHECK, folder], { encoding: "utf8" }));
}

async function finished(plan: object, name: string, sites: readonly string[], ...flags: readonly string[]) {
  const path = join(dir, `${name}.json`);
  await writeFile(path, JSON.stringify(plan));
  const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
  if ("aggregation" in plan && (plan.aggregation as { method: string }).method === "secure") await federation.compareAll(digest, sites);
  await Promise.all(sites.map((site) => federation.approve(site, digest, ...flags)));
  const api = await federation.api();
  const { run } = await api.runs.start.mutate({ plan: digest });
  for (;;) {
    const { events, release } = await api.runs.get.query({ run });
    const view = runView(events.map(({ event }) => event));
    if (view?.phase === "finished" && release !== null) return { run, view, release };
    if (view?.end !== null && view?.end !== undefined && view.phase !== "finished") throw new Error(`${view.phase}: ${view.end.text}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Trains a base at the first site and brings it in. */
async function baseOf(name: string, architecture: string, fields: readonly Field[], label: Label, data: string) {
  const recipe = {
    format: "engraft.recipe/1",
    name,
    version: "1.0",
    title: name,
    description: "",
    licence: "CC0",
    origin: "A test",
    fields,
    label,
    split: SPLIT,
    architecture,
    training: { epochs: 2, batch: 64, optimizer: { name: "adam", learningRate: 0.01 }, weightDecay: 0.001, seed: 1 },
  };
  const file = join(dir, `${name}-recipe.json`);
  await writeFile(file, JSON.stringify(recipe));
  const out = join(dir, name);
  await federation.siteCommandOk("northeast", "base", "train", file, "--data", data, "--out", out);
  return federation.coordinatorCommandOk("base", "import", out);
}

const planOf = (base: Readonly<Record<string, unknown>>, fields: readonly Field[], label: Label, metrics: object, method: string) => ({
  format: "engraft.plan/1",
  name: `${String(base["name"])}-plan`,
  version: 1,
  purpose: "A test of labels.",
  base: { name: base["name"], version: base["version"], manifest: base["digest"], weights: base["weights"] },
  data: { fields, label, split: SPLIT },
  training: {
    trainable: { part: "head" },
    amount: { unit: "epochs", count: 2 },
    batch: 64,
    optimizer: { name: "adam", learningRate: 0.02 },
    weightDecay: 0.001,
    clip: 100,
    seed: 1,
  },
  rounds: { count: 2, stop: null },
  cohort: { minSites: 4, fraction: 1, gatherSeconds: 30, deadlineSeconds: 300, graceSeconds: 60 },
  aggregation: { method },
  metrics: { perSite: true, minCount: 5, compareAlone: false, ...metrics },
});

requireOrSkip("the TCGA-BRCA table", findShared("data/tcga-brca/brca.csv")).describe("labels of other kinds", (brca) => {
  let features: readonly Field[] = [];
  const table = (region: string): string => join(dir, `${region}.csv`);
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "engraft-labels-"));
    features = await regionTables(brca, table);
    federation = await Federation.start({ dir: join(dir, "federation") });
    const flags = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "pid"];
    const columns = ["--label", "E", "--map", "dead=E", "--map", "days=T"];
    await Promise.all(
      REGIONS.map(async (region) => {
        await federation.enrol(region, { file: table(region), flags: [...flags, ...columns] });
        await federation.startAgent(region);
      }),
    );
    const own = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "num"];
    await Promise.all(
      Object.entries(HOSPITALS).map(([region, hospital]) =>
        federation.siteCommandOk(region, "data", "add", "heart", "--file", siteTable(hospital).path, ...own),
      ),
    );
  });
  afterAll(async () => {
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("a Cox model of six regions is trained under masks; its pooled figures are those of the released model on each region's test patients", async () => {
    const base = await baseOf("brca", "cox", features, SURVIVAL, "main");
    const horizon = 1825;
    const names = ["c-index", "loss", "integrated-brier", "observed-expected"];
    const plan = planOf(base, features, SURVIVAL, { names, perSite: false, horizon }, "secure");
    const { view, release } = await finished(plan, "survival", REGIONS, "--data", "main");
    const pooled = view.evaluationRound?.sum?.pooled?.federated;

    const { manifest, kernel } = await released(release);
    let [patients, events, comparable, won] = [0, 0, 0, 0];
    const until = { rows: 0, brier: 0, observed: 0, expected: 0 };
    const judged = async (region: string, part: "train" | "test"): Promise<Predicted> => {
      const { x, y, rows, width, patients } = await samplesIn(table(region), plan.data as never, manifest, part);
      const risks = Array.from({ length: rows }, (_, row) => kernel.reduce((sum, w, at) => sum + w * (x[row * width + at] ?? 0), 0));
      return { label: SURVIVAL, predictions: risks.map(Math.fround), y, patients };
    };
    for (const region of REGIONS) {
      const test = await judged(region, "test");
      const { predictions, y } = test;
      const rows = predictions.length;
      const sums = horizonMeasure(test, baselineOf(await judged(region, "train"), horizon))(() => 1);
      for (const name of ["rows", "brier", "observed", "expected"] as const) until[name] += sums?.[name] ?? 0;
      const pairs = pairsOf(byTime(predictions, y), () => 1);
      patients += rows;
      events += Array.from(y).filter((value, at) => at % 2 === 1 && value === 1).length;
      comparable += pairs.comparable;
      won += pairs.concordant + pairs.tied / 2;
    }
    expect(pooled).toMatchObject({ n: patients, positives: events });
    expect(pooled?.values["c-index"]?.value).toBeCloseTo(won / comparable, 2);
    expect(pooled?.values["c-index"]?.value).toBeGreaterThan(0.65);
    expect(until.rows).toBeGreaterThan(50);
    expect(pooled?.values["integrated-brier"]?.value).toBeCloseTo(until.brier / until.rows, 4);
    expect(pooled?.values["observed-expected"]?.value).toBeCloseTo(until.observed / until.expected, 3);
    expect(view.evaluationRound?.sum?.sites).toHaveLength(6);
  });

  requireOrSkip("Python with scipy and cryptography", findPython("scipy", "cryptography")).describe(
    "hazards that are solved for",
    (python) => {
      it("[Q1] under masks, a baseline in each region, are those that an optimiser finds with all training patients in one place", async () => {
        const base = await baseOf("brca-solved", "cox", features, SURVIVAL, "main");
        const drafted = planOf(base, features, SURVIVAL, { names: ["c-index"], perSite: false, compareAlone: true }, "secure");
        const analytic = { method: "newton", rounds: 6, penalty: 10, bound: 16 };
        const plan = { ...drafted, training: { ...drafted.training, analytic }, rounds: { count: 6, stop: null } };
        const { run, view, release } = await finished(plan, "solved", REGIONS, "--data", "main");
        const { manifest, kernel } = await released(release);
        const reference = await optimum(python, plan, manifest, REGIONS);
        expect(furthest(reference, kernel)).toBeLessThan(1e-3);
        expect(Math.max(...reference.map(Math.abs))).toBeGreaterThan(0.1);
        const { federated, alone } = view.evaluationRound?.sum?.pooled ?? {};
        expect(federated?.values["c-index"]?.value).toBeGreaterThan(0.7);
        expect(alone?.values["c-index"]?.value).toBeGreaterThan(0.5);

        const checks = await rebuilt(run, python);
        expect(checks).toHaveLength(analytic.rounds + 1);
        for (const { status, stdout } of checks) expect([status, stdout]).toEqual([0, expect.stringContaining("rebuilt, bit for bit")]);
      });

      it("[Q1] without a region that is killed behind the masks and stays away, are those of the other regions' patients", async () => {
        const base = await baseOf("brca-without", "cox", features, SURVIVAL, "main");
        const drafted = planOf(base, features, SURVIVAL, { names: ["c-index"], perSite: false }, "secure");
        const analytic = { method: "newton", rounds: 6, penalty: 10, bound: 16 };
        const plan = {
          ...drafted,
          training: { ...drafted.training, analytic },
          rounds: { count: 6, stop: null },
          cohort: { ...drafted.cohort, gatherSeconds: 2, graceSeconds: 2 },
        };
        await federation.agents.get("canada")?.stop();
        const killed = await federation.startAgent("canada", { ENGRAFT_CRASH_AT: "send.masked:1" });
        const { view, release } = await finished(plan, "without", REGIONS, "--data", "main");
        await killed.exited;
        await federation.startAgent("canada");
        const left = REGIONS.filter((region) => region !== "canada");
        expect(view.rounds.map(({ sum }) => sum?.sites.toSorted())).toEqual(view.rounds.map(() => left.toSorted()));
        // Its vector had come in, behind masks that the others took off again.
        expect(view.rounds[0]?.attempts.flatMap(({ sites }) => sites.map(({ site }) => site as string))).toContain("canada");

        const { manifest, kernel } = await released(release);
        expect(furthest(await optimum(python, plan, manifest, left), kernel)).toBeLessThan(1e-3);
        expect(furthest(await optimum(python, plan, manifest, REGIONS), kernel)).toBeGreaterThan(1e-3);
      });
    },
  );

  it("ordered grades of four hospitals: figures of each site, and rows by grade where there are enough patients", async () => {
    const base = await baseOf("grades", "logistic", FIELDS, GRADE, "heart");
    const names = ["weighted-kappa", "balanced-accuracy", "macro-f1", "auroc", "accuracy", "loss"];
    const plan = planOf(base, FIELDS, GRADE, { names, minCount: 2 }, "plain");
    const { view } = await finished(plan, "grades", Object.keys(HOSPITALS), "--data", "heart", "--site-metrics");
    expect(view.comparisons.map(({ site }) => site as string).toSorted()).toEqual(Object.keys(HOSPITALS).toSorted());
    for (const { federated } of view.comparisons) {
      expect(federated?.positives).toBeNull();
      expect(Object.keys(federated?.values ?? {}).toSorted()).toEqual(names.toSorted());
      const rows = federated?.confusion?.flat().reduce((sum, count) => sum + count, 0);
      if (rows !== undefined) expect(rows).toBe(federated?.n);
    }
    const cleveland = view.comparisons.find(({ site }) => site === "northeast");
    expect(cleveland?.federated?.values["weighted-kappa"]?.value).toBeGreaterThan(0.2);
  });
});

/** What the optimiser finds with these regions' training patients. */
async function optimum(python: string, plan: object, manifest: Manifest, regions: readonly string[]): Promise<readonly number[]> {
  const { data, training } = plan as unknown as { data: Plan["data"]; training: { analytic: { penalty: number } } };
  const samples = await Promise.all(regions.map((region) => samplesIn(join(dir, `${region}.csv`), data, manifest, "train")));
  const given = {
    penalty: training.analytic.penalty,
    width: manifest.tensors.find(({ name }) => name === "head/kernel")?.shape[0],
    x: samples.flatMap(({ x }) => [...x]),
    y: samples.flatMap(({ y }) => [...y]),
    site: samples.flatMap(({ rows }, at) => Array.from({ length: rows }, () => at)),
  };
  const { stdout, stderr } = spawnSync(python, ["-c", OPTIMISER], { input: JSON.stringify(given), encoding: "utf8", maxBuffer: 1 << 26 });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as number[];
}

const furthest = (reference: readonly number[], kernel: Float32Array): number =>
  Math.max(...reference.map((weight, at) => Math.abs(weight - (kernel[at] as number))));

/** A regression's manifest and weights. */
async function released({ files }: { readonly files: readonly { readonly name: string; readonly sha256: string }[] }) {
  const blob = (name: string): Promise<Buffer> => {
    const { sha256 = "" } = files.find((file) => file.name === name) ?? {};
    return readFile(join(federation.coordinatorDir, "blobs", "blobs", sha256.slice(0, 2), sha256));
  };
  const manifest = JSON.parse((await blob("manifest.json")).toString("utf8")) as Manifest;
  const { tensors } = readSafetensors(await blob("model.safetensors"));
  return { manifest, kernel: tensors.get("head/kernel") ?? new Float32Array() };
}

/** What the engine reads of a region's table. */
async function samplesIn(path: string, data: Plan["data"], manifest: Manifest, part: "train" | "test"): Promise<Samples> {
  const common = { encoding: "utf-8", delimiter: ",", decimal: ".", missing: [] as string[] } as const;
  const declared = { ...common, path, columns: { dead: "E", days: "T" }, label: "E", patient: "pid" };
  const { table } = await readTable(declared, data);
  return samplesOf(table, data, manifest, part);
}

/** One table for each region, its columns named x1, x2, ...; the fields that they hold. */
async function regionTables(brca: string, table: (region: string) => string): Promise<readonly Field[]> {
  const lines = async (path: string): Promise<readonly string[]> => (await readFile(path, "utf8")).trimEnd().split(/\r?\n/);
  // One name holds a comma, in quotation marks; only the header has any.
  const [header = "", ...rows] = await lines(brca);
  const names = header.match(/"[^"]*"|[^,]+/g) ?? [];
  const columns = names.map((name, at) => (at === 0 ? "pid" : at >= names.length - 2 ? name : `x${at}`));
  const centers = new Map(
    (await lines(join(brca, "../centers.csv"))).slice(1).map((line) => [line.slice(0, 2), line.split(",").at(-1)?.toLowerCase()]),
  );
  for (const region of REGIONS) {
    const own = rows.filter((row) => centers.get(row.slice(5, 7)) === region);
    await writeFile(table(region), [columns.join(","), ...own, ""].join("\n"));
  }
  return columns.slice(1, -2).map((name, at) => {
    const range = at === 0 ? { unit: "a", min: 0, max: 120 } : { unit: "1", min: 0, max: 1 };
    return { kind: "number", name, title: names[at + 1]?.replaceAll('"', "") ?? name, ...range };
  });
}
