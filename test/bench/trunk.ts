/** `trunk`: inference of frozen networks, 32 samples at a time: ONNX Runtime as Engraft starts it, beside PyTorch on two threads. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GRAPH_INPUT, GRAPH_OUTPUT } from "@engraft/engine/trunk/lower";
import { referenceInput } from "@engraft/engine/trunk/reference";
import { startTrunk, usableOnnx, type RunningTrunk } from "@engraft/engine/trunk/trunk";
import type { BenchOptions } from "./main.ts";
import { median, row, type Row } from "./report.ts";
import type { LineProcess } from "./secagg/line-process.ts";
import { frozenPart, randomNetwork } from "./torch/own.ts";
import { ask, exportModels, loadNote, startTorch, timed, type Time } from "./torch/peer.ts";

const BATCH = 32;
const SIZE = 224;
const REPEATS = 15;
/** No repetition of a model begins after so many milliseconds. */
const CASE_MS = 30_000;

interface Case {
  /** Of PyTorch's side. */
  readonly model: string;
  /** Where Engraft has layers for it; the others are exported by PyTorch. */
  readonly own?: Parameters<typeof randomNetwork>[0];
  readonly title: string;
  readonly shape: readonly number[];
}

const PICTURE = [3, SIZE, SIZE];
const CASES: readonly Case[] = [
  { model: "lite0", own: "efficientnet_lite0", title: `EfficientNet-Lite0, ${SIZE} px`, shape: PICTURE },
  { model: "mobilenetv2", own: "mobilenet_v2", title: `MobileNetV2, ${SIZE} px`, shape: PICTURE },
  { model: "ecg-resnet", title: "1-D ResNet, ECG [12, 1000]", shape: [12, 1000] },
  { model: "vit", title: `ViT of 12 layers of 192, ${SIZE} px`, shape: PICTURE },
];

export async function benchTrunk(options: BenchOptions): Promise<readonly Row[]> {
  const torch = startTorch();
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-trunk-"));
  try {
    const version = torch === undefined ? undefined : await exportModels(torch, folder);
    // Without PyTorch nobody exports the others.
    const cases = CASES.filter(({ own }) => torch !== undefined || own !== undefined);
    const rows: Row[] = [];
    for (const each of cases) rows.push(...(await benchCase(each, folder, { torch, version, repeats: options.quick ? 3 : REPEATS })));
    return rows;
  } finally {
    await torch?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Peer {
  readonly torch: LineProcess | undefined;
  readonly version: string | undefined;
  readonly repeats: number;
}

async function benchCase({ model, own, title, shape }: Case, folder: string, { torch, version, repeats }: Peer): Promise<readonly Row[]> {
  process.stderr.write(`${title} ...\n`);
  const bytes = own !== undefined ? frozenPart(randomNetwork(own, SIZE)) : await readFile(join(folder, `${model}.onnx`));
  const asked = { input: { name: GRAPH_INPUT, layout: "nchw" }, output: { name: GRAPH_OUTPUT, pool: "none" } } as const;
  const trunk: RunningTrunk = await startTrunk(bytes, usableOnnx(bytes), asked, shape);
  const samples = referenceInput(BATCH * trunk.inputSize);
  const question = { model, batch: BATCH, size: SIZE };
  const sides: { readonly ours: Time[]; readonly theirs: Time[] } = { ours: [], theirs: [] };
  // Once for nothing; then in turns, so that a busy spell of the machine falls on both.
  await trunk.run(samples, BATCH);
  if (torch !== undefined) await ask(torch, question);
  const began = performance.now();
  for (let repeat = 0; repeat < repeats && (repeat === 0 || performance.now() - began < CASE_MS); repeat++) {
    sides.ours.push(await timed(() => trunk.run(samples, BATCH)));
    if (torch !== undefined) sides.theirs.push(await ask(torch, question));
  }
  await trunk.close();
  const note = `${sides.ours.length} repetitions, ${loadNote()}${torch === undefined ? "; no PyTorch here: ours alone" : ""}`;
  const line = (metric: string, take: (time: Time) => number, goal?: { readonly ratio: number }): Row => {
    const peer = torch === undefined ? undefined : { name: `PyTorch ${version ?? ""}`, value: median(sides.theirs.map(take)) };
    return row(title, metric, "ms", median(sides.ours.map(take)), peer, goal, note);
  };
  return [line(`inference of ${BATCH}, median`, ({ ms }) => ms, { ratio: 0.5 }), line("of this CPU", ({ cpuMs }) => cpuMs)];
}
