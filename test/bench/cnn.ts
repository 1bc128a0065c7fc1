/**
 * `cnn`: a convolutional network of 329 thousand parameters over twelve-lead recordings, four sites of some 200 each, five rounds of one epoch:
 * from the coordinator's start to the last checkpoint, with invitations, tables, review and approval on the way. The recordings are noise, as
 * Flower's are; ours are WFDB files on the sites' disks. Each site trains on one thread, as Flower's script does.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Label } from "@engraft/core/models/labels";
import { totalSize } from "@engraft/core/models/tensors";
import type { RunView } from "@engraft/core/rounds/view";
import { Net } from "@engraft/engine/architectures/net";
import { initialTensors } from "@engraft/engine/architectures/untrained";
import { randomFrom } from "@engraft/engine/base/random";
import { baseFromLayers } from "@engraft/engine/import/from-layers";
import { Federation } from "../../tools/federation/federation.ts";
import { finished } from "./constant.ts";
import type { BenchOptions } from "./main.ts";
import { runFlower } from "./peers.ts";
import { row, type Row } from "./report.ts";
import { loadNote } from "./torch/peer.ts";

const LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"] as const;
const POINTS = 1000;
const RATE = 100;
const SITES = ["one", "two", "three", "four"] as const;
const ROUNDS = 5;
/** Of which four fifths train: about 200. */
const RECORDS = 250;
const GOAL = { value: 20 } as const;

const FINDINGS = ["a", "b", "c", "d", "e"];
const LABEL: Label = {
  kind: "multilabel",
  name: "findings",
  title: "Findings",
  labels: FINDINGS.map((name) => ({ name, title: `Finding ${name}`, positive: ["1"], negative: ["0"] })),
};

/** The network of Flower's script in ../shared/bench/peers. */
function network() {
  const net = new Net([LEADS.length, POINTS]);
  const block = (name: string, out: number, kernel: number, stride: number): void => {
    net.block(name);
    net.conv(`${name}.conv`, { out, kernel: [kernel], stride, padding: "centred", bias: true });
    net.norm(`${name}.norm`, 1e-5);
    net.activation("relu");
  };
  block("block1", 32, 15, 2);
  block("block2", 64, 9, 2);
  block("block3", 128, 9, 2);
  block("block4", 128, 9, 2);
  block("block5", 128, 5, 1);
  net.globalPool();
  return net.head("head", FINDINGS.length).architecture;
}

/** The base's folder, and what a plan says of it. */
async function writeBase(folder: string) {
  const architecture = network();
  const { manifest, weights } = await baseFromLayers(
    { architecture, tensors: initialTensors(architecture, 1) },
    {
      name: "cnn-329k",
      version: "1.0",
      title: "Convolutions over twelve leads",
      description: "",
      licence: "CC0-1.0",
      origin: "random numbers",
      label: LABEL,
      split: null,
      field: { name: "ecg", title: "Recording" },
      signal: { leads: LEADS, rate: RATE, unit: "mV" },
    },
  );
  const text = JSON.stringify(manifest);
  await writeFile(join(folder, "manifest.json"), text);
  await writeFile(join(folder, "weights.safetensors"), weights);
  return { manifest, digest: sha256(text) };
}

/** Recordings in WFDB's format 16, and the table that names them. */
async function writeSite(folder: string, site: string): Promise<string> {
  const random = randomFrom(["cnn", site]);
  await mkdir(folder, { recursive: true });
  const rows = [`patient,ecg,${FINDINGS.join(",")}`];
  for (let record = 0; record < RECORDS; record++) {
    const name = `r${record}`;
    const samples = Int16Array.from({ length: POINTS * LEADS.length }, () => Math.round(2000 * (random.uniform() - 0.5)));
    const header = LEADS.map((lead, at) => {
      let sum = 0;
      for (let point = 0; point < POINTS; point++) sum += samples[point * LEADS.length + at] as number;
      return `${name}.dat 16 1000/mV 16 0 ${samples[at]} ${(sum << 16) >> 16} 0 ${lead}`;
    });
    await writeFile(join(folder, `${name}.hea`), `${[`${name} ${LEADS.length} ${RATE} ${POINTS}`, ...header].join("\n")}\n`);
    await writeFile(join(folder, `${name}.dat`), new Uint8Array(samples.buffer));
    rows.push(`p${record},${name}.hea,${FINDINGS.map(() => (random.uniform() < 0.2 ? 1 : 0)).join(",")}`);
  }
  const table = join(folder, "table.csv");
  await writeFile(table, `${rows.join("\n")}\n`);
  return table;
}

type Base = Awaited<ReturnType<typeof writeBase>>;

const planOf = ({ manifest, digest }: Base, method: "plain" | "secure"): object => ({
  format: "engraft.plan/1",
  name: "cnn",
  version: 1,
  purpose: "A benchmark.",
  base: { name: manifest.name, version: manifest.version, manifest: digest, weights: manifest.weights.digest },
  data: { fields: manifest.fields, label: LABEL, split: { salt: "cnn", train: 0.8, validation: 0.1 } },
  training: {
    trainable: { part: "all", norm: "shared" },
    amount: { unit: "epochs", count: 1 },
    batch: 32,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0,
    clip: 100,
    seed: 1,
  },
  rounds: { count: ROUNDS, stop: null },
  cohort: { minSites: 4, fraction: 1, gatherSeconds: 60, deadlineSeconds: 600, graceSeconds: 60 },
  aggregation: method === "plain" ? { method } : { method, weightCap: 1000 },
  metrics: { names: ["auroc"], perSite: false, minCount: 3, compareAlone: false },
});

async function federate(
  method: "plain" | "secure",
): Promise<{ readonly view: RunView; readonly seconds: number; readonly parameters: number }> {
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-cnn-"));
  try {
    const base = await writeBase(dir);
    const tables = new Map<string, string>();
    for (const site of SITES) tables.set(site, await writeSite(join(dir, "hospital", site), site));
    const started = performance.now();
    const federation = await Federation.start({ dir });
    try {
      await federation.coordinatorCommandOk("base", "import", dir);
      await Promise.all([...tables].map(([site, file]) => enrol(federation, site, file)));
      const path = join(dir, "plan.json");
      await writeFile(path, JSON.stringify(planOf(base, method)));
      const { digest } = (await federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string };
      if (method === "secure") await federation.compareAll(digest, SITES);
      await Promise.all(SITES.map((site) => federation.approve(site, digest, "--data", "main", "--threads", "1")));
      const { run } = await (await federation.api()).runs.start.mutate({ plan: digest });
      const view = await finished(federation, run, 200);
      return { view, seconds: (performance.now() - started) / 1000, parameters: totalSize(base.manifest.tensors) };
    } finally {
      await federation.stop();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const FLAGS = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", FINDINGS[0] as string];

async function enrol(federation: Federation, site: string, file: string): Promise<void> {
  await federation.enrol(site, { file, flags: FLAGS });
  await federation.startAgent(site);
}

export async function benchCnn(options: BenchOptions): Promise<readonly Row[]> {
  const flower = options.quick ? [] : await runFlower(options.peerPython, ["--clients", "4", "--mode", "cnn", "--rounds", String(ROUNDS)]);
  const total = flower[0]?.["command_to_done_s"];
  const peer = typeof total === "number" ? { name: "Flower with PyTorch", value: total } : undefined;
  const rows: Row[] = [];
  for (const method of ["plain", "secure"] as const) {
    process.stderr.write(`${method} ...\n`);
    const { view, seconds, parameters } = await federate(method);
    const title = `${parameters.toLocaleString("en-GB")} parameters, ${SITES.length} sites, ${ROUNDS} rounds, ${method}`;
    const training = view.rounds.flatMap(({ answers }) => Math.max(0, ...answers.map((answer) => answer.seconds.train)));
    rows.push(
      row(title, "command to last checkpoint", "s", seconds, peer, GOAL, loadNote()),
      row(
        title,
        "training, slowest site of each round",
        "s",
        training.reduce((sum, one) => sum + one, 0),
      ),
    );
  }
  return rows;
}
