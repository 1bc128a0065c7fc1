/** Labels that are no yes/no through the real binaries: time to death in six regions under masks, and ordered grades at four hospitals. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Field } from "@engraft/core/models/fields";
import type { Label } from "@engraft/core/models/labels";
import type { Manifest } from "@engraft/core/models/manifest";
import { readSafetensors } from "@engraft/core/models/safetensors";
import { runView } from "@engraft/core/rounds/view";
import { samplesOf } from "@engraft/engine/data/samples";
import { readTable } from "@engraft/engine/data/table";
import { byTime, pairsOf } from "@engraft/engine/evaluate/survival";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FIELDS } from "../examples/heart-disease/definition.ts";
import { siteTable } from "../examples/heart-disease/files.ts";
import { Federation } from "../tools/federation/federation.ts";
import { findShared, requireOrSkip } from "./support/require.ts";

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
    if (view?.phase === "finished" && release !== null) return { view, release };
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

  it("a Cox model of six regions is trained under masks; its pooled C-index is that of the released model on each region's test patients", async () => {
    const base = await baseOf("brca", "cox", features, SURVIVAL, "main");
    const plan = planOf(base, features, SURVIVAL, { names: ["c-index", "loss"], perSite: false }, "secure");
    const { view, release } = await finished(plan, "survival", REGIONS, "--data", "main");
    const pooled = view.evaluationRound?.sum?.pooled?.federated;

    const blob = (name: string): Promise<Buffer> => {
      const { sha256 = "" } = release.files.find((file) => file.name === name) ?? {};
      return readFile(join(federation.coordinatorDir, "blobs", "blobs", sha256.slice(0, 2), sha256));
    };
    const manifest = JSON.parse((await blob("manifest.json")).toString("utf8")) as Manifest;
    const { tensors } = readSafetensors(await blob("model.safetensors"));
    const kernel = tensors.get("head/kernel") ?? new Float32Array();
    let [patients, events, comparable, won] = [0, 0, 0, 0];
    for (const region of REGIONS) {
      const common = { encoding: "utf-8", delimiter: ",", decimal: ".", missing: [] as string[] } as const;
      const declared = { ...common, path: table(region), columns: { dead: "E", days: "T" }, label: "E", patient: "pid" };
      const { table: read } = await readTable(declared, plan.data as never);
      const { x, y, rows, width } = samplesOf(read, plan.data as never, manifest, "test");
      const risks = Array.from({ length: rows }, (_, row) => kernel.reduce((sum, w, at) => sum + w * (x[row * width + at] ?? 0), 0));
      const pairs = pairsOf(byTime(risks.map(Math.fround), y), () => 1);
      patients += rows;
      events += y.filter((value, at) => at % 2 === 1 && value === 1).length;
      comparable += pairs.comparable;
      won += pairs.concordant + pairs.tied / 2;
    }
    expect(pooled).toMatchObject({ n: patients, positives: events });
    expect(pooled?.values["c-index"]?.value).toBeCloseTo(won / comparable, 2);
    expect(pooled?.values["c-index"]?.value).toBeGreaterThan(0.65);
    expect(view.evaluationRound?.sum?.sites).toHaveLength(6);
  });

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
