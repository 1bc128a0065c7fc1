/**
 * Pictures through the real binaries: weights of a published architecture are brought in, its last block is fine-tuned under masks,
 * normalisation and head stay at each site, and what comes out is the base of the next plan.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@engraft/core/models/safetensors";
import type { Manifest } from "@engraft/core/models/manifest";
import { runView } from "@engraft/core/rounds/view";
import { mobilenetV2 } from "@engraft/engine/architectures/mobilenet-v2";
import { randomFrom } from "@engraft/engine/base/random";
import { parametersOf } from "@engraft/engine/ir/parameters";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Federation } from "../tools/federation/federation.ts";

const SITES = ["north", "east", "south"];
const SIZE = 32;

let dir = "";
let federation: Federation;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-tuning-"));
  federation = await Federation.start({ dir: join(dir, "federation") });
  await writeFile(join(dir, "mobilenet.safetensors"), publishedWeights());
  await Promise.all(SITES.map(hospital));
});
afterAll(async () => {
  await federation.stop();
  await rm(dir, { recursive: true, force: true });
});

/** MobileNetV2 with torchvision's names and a classifier of ten, untrained. */
function publishedWeights(): Uint8Array {
  const form = mobilenetV2.forms[0];
  if (form === undefined) throw new Error("no form");
  const { architecture, sources } = form.build([3, SIZE, SIZE], 10);
  const random = randomFrom(["published"]);
  const named = architecture.layers.flatMap((layer) =>
    parametersOf(layer).map(({ name, shape }) => {
      const part = name.slice(layer.name.length + 1);
      const called = { kernel: "weight", bias: "bias", gamma: "weight", beta: "bias", mean: "running_mean", variance: "running_var" }[part];
      const size = shape.reduce((product, length) => product * length, 1);
      const scale = Math.sqrt(6 / (size / (shape[0] ?? 1)));
      const fixed = { gamma: 1, beta: 0, mean: 0, variance: 1, bias: 0 }[part];
      const values = Float32Array.from({ length: size }, () => fixed ?? scale * (2 * random.uniform() - 1));
      const turned = layer.kind === "dense" && part === "kernel" ? shape.toReversed() : shape;
      return { name: `${sources.get(layer.name)}.${called}`, shape: turned, depth: 0, values };
    }),
  );
  return writeSafetensors(
    named.map(({ name, shape, depth }) => ({ name, shape, depth })),
    new Map(named.map(({ name, values }) => [name, values])),
  );
}

/** A folder of pictures, of which the ill are redder, with a table; enrolled and online. */
async function hospital(site: string): Promise<void> {
  const folder = join(dir, site);
  await mkdir(folder);
  const random = randomFrom([site]);
  const rows = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const ill = index % 3 === 0 ? 1 : 0;
      const background = { r: 60 + 120 * ill + random.below(40), g: random.below(200), b: random.below(200) };
      await sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toFile(join(folder, `${index}.png`));
      return `${site}-${index},${index}.png,${ill}`;
    }),
  );
  const table = join(folder, "table.csv");
  await writeFile(table, ["patient,file,ill", ...rows, ""].join("\n"));
  const flags = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "ill", "--files", folder];
  await federation.enrol(site, { file: table, flags });
  await federation.startAgent(site);
}

type Imported = Readonly<Record<"name" | "version" | "digest" | "weights" | "fields", string>>;

const planOf = (base: Imported, name: string, training: object, rounds: number) => ({
  format: "engraft.plan/1",
  name,
  version: 1,
  purpose: "A test of fine-tuning.",
  base: { name: base.name, version: base.version, manifest: base.digest, weights: base.weights },
  data: {
    fields: base.fields,
    label: { name: "ill", title: "Ill", positive: ["1"], negative: ["0"] },
    split: { salt: "t", train: 0.6, validation: 0.2 },
  },
  training: {
    amount: { unit: "updates", count: 3 },
    batch: 4,
    optimizer: { name: "adam", learningRate: 0.01 },
    weightDecay: 0,
    clip: 10,
    seed: 1,
    ...training,
  },
  rounds: { count: rounds, stop: null },
  cohort: { minSites: 3, fraction: 1, gatherSeconds: 30, deadlineSeconds: 300, graceSeconds: 5 },
  metrics: { names: ["auroc", "loss"], perSite: true, minCount: 1, compareAlone: false },
  aggregation: { method: "secure" },
});

async function finishedRun(plan: object, file: string) {
  const path = join(dir, file);
  await writeFile(path, JSON.stringify(plan));
  const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
  await federation.compareAll(digest, SITES);
  await Promise.all(SITES.map((site) => federation.approve(site, digest, "--data", "main", "--site-metrics")));
  const api = await federation.api();
  const { run } = await api.runs.start.mutate({ plan: digest });
  for (;;) {
    const { events, release } = await api.runs.get.query({ run });
    const view = runView(events.map(({ event }) => event));
    if (view?.phase === "finished" && release !== null) return { run, view, release };
    if (view?.end !== null && view?.end !== undefined && view.phase !== "finished")
      throw new Error(`the run ended: ${view.phase}: ${view.end.text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const blob = (digest: string): Promise<Buffer> => readFile(join(federation.coordinatorDir, "blobs", "blobs", digest.slice(0, 2), digest));

it("[B10] [B11] the last block of a published network is fine-tuned under masks; what is frozen keeps every bit, what is personal never leaves", async () => {
  const about = {
    name: "mobilenet",
    title: "MobileNetV2",
    licence: "BSD-3-Clause",
    origin: "A test",
    field: "file",
    label: "ill",
    "label-title": "Ill",
  };
  const flags = Object.entries(about).flatMap(([flag, value]) => [`--${flag}`, value]);
  const architecture = ["--architecture", "mobilenet_v2", "--size", String(SIZE)];
  const out = join(dir, "base");
  const nameless = await federation.coordinatorCommand("base", "add", join(dir, "mobilenet.safetensors"), ...flags, "--out", out);
  expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining("name it with --architecture (efficientnet_lite0") });
  const base = await federation.coordinatorCommandOk(
    "base",
    "add",
    join(dir, "mobilenet.safetensors"),
    ...architecture,
    ...flags,
    "--out",
    out,
  );

  const trainable = { part: "last-blocks", blocks: 1, norm: "local", personal: "head" };
  const { run, view, release } = await finishedRun(planOf(base as unknown as Imported, "tuned", { trainable }, 2), "tuned.json");
  expect(view.rounds.map((round) => round.sum?.sites)).toEqual([[...SITES].toSorted(), [...SITES].toSorted()]);

  const fileOf = (name: string): string => release.files.find((file) => file.name === name)?.sha256 ?? "";
  const manifestBytes = await blob(fileOf("manifest.json"));
  const manifest = JSON.parse(manifestBytes.toString("utf8")) as Manifest;
  const before = readSafetensors(await readFile(join(out, "weights.safetensors"))).tensors;
  const modelBytes = await blob(fileOf("model.safetensors"));
  const after = readSafetensors(modelBytes).tensors;
  const changed = manifest.tensors.filter(({ name }) => Buffer.compare(bytesOf(before.get(name)), bytesOf(after.get(name))) !== 0);
  expect(
    changed.map(({ name, shape }) => [name.split("/")[1], shape.join("x"), manifest.tensors.find((spec) => spec.name === name)?.depth]),
  ).toEqual([["kernel", "1280x320x1x1", 1]]);

  // Each site has a head and normalisation of its own after each round, and they differ.
  const personal = await Promise.all(
    SITES.map(async (site) => {
      const folder = join(federation.siteDir(site), "personal", run);
      expect((await readdir(folder)).toSorted()).toEqual(["1", "2"]);
      return readFile(join(folder, "2"));
    }),
  );
  expect(new Set(personal.map((bytes) => bytes.toString("hex"))).size).toBe(SITES.length);
  expect(personal[0]?.byteLength).toBe(4 * (4 * 1280 + 1280 + 1));
  expect(manifest.origin).toContain("What each site trained for itself is not in it");

  // What came out is a base: the sites find that it computes what its manifest says, and train its head.
  const next = join(dir, "next");
  await mkdir(next);
  await writeFile(join(next, "manifest.json"), manifestBytes);
  await writeFile(join(next, "weights.safetensors"), modelBytes);
  const second = await federation.coordinatorCommandOk("base", "import", next);
  const head = await finishedRun(
    planOf(second as unknown as Imported, "head", { trainable: { part: "head" }, classWeights: "balanced" }, 1),
    "head.json",
  );
  expect(head.view.rounds).toHaveLength(1);
});

const bytesOf = (values: Float32Array | undefined): Buffer =>
  Buffer.from(values?.buffer ?? new ArrayBuffer(0), values?.byteOffset, values?.byteLength);
