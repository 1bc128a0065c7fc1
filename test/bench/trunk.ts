/** `trunk`: inference of frozen networks, 32 samples at a time: ONNX Runtime as Engraft starts it, beside PyTorch on two threads. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceInput } from "@engraft/engine/trunk/reference";
import { startTrunk, usableOnnx, type RunningTrunk } from "@engraft/engine/trunk/trunk";
import type { BenchOptions } from "./main.ts";
import { median, row, type Row } from "./report.ts";
import type { LineProcess } from "./secagg/line-process.ts";
import { lite0 } from "./torch/lite0.ts";
import { ask, exportModels, loadNote, startTorch, timed, type Time } from "./torch/peer.ts";

const BATCH = 32;
const SIZE = 224;
const REPEATS = 15;
/** No repetition of a model begins after so many milliseconds. */
const CASE_MS = 30_000;

interface Case {
  readonly model: string;
  readonly title: string;
  readonly shape: { readonly channels: 1 | 3; readonly height: number; readonly width: number };
}

const PICTURE = { channels: 3, height: SIZE, width: SIZE } as const;
const CASES: readonly Case[] = [
  { model: "lite0", title: `EfficientNet-Lite0, ${SIZE} px`, shape: PICTURE },
  { model: "mobilenetv2", title: `MobileNetV2, ${SIZE} px`, shape: PICTURE },
  { model: "ecg-resnet", title: "1-D ResNet, ECG [12, 1000]", shape: { channels: 1, height: 12, width: 1000 } },
  { model: "vit", title: `ViT of 12 layers of 192, ${SIZE} px`, shape: PICTURE },
];

export async function benchTrunk(options: BenchOptions): Promise<readonly Row[]> {
  const torch = startTorch();
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-trunk-"));
  try {
    const version = torch === undefined ? undefined : await exportModels(torch, folder);
    // Without PyTorch nobody exports the others.
    const cases = torch === undefined ? CASES.slice(0, 1) : CASES;
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

async function benchCase({ model, title, shape }: Case, folder: string, { torch, version, repeats }: Peer): Promise<readonly Row[]> {
  process.stderr.write(`${title} ...\n`);
  const bytes = model === "lite0" ? lite0(SIZE).onnx : await readFile(join(folder, `${model}.onnx`));
  const asked = { input: { name: "pixels", layout: "nchw" }, output: { name: "features", pool: "none" } } as const;
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
