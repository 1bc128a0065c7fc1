/**
 * `train`: one step of training by each engine, in turns with PyTorch on the very same network, weights and batch. With the last block
 * alone trained, both get what crosses the cut; PyTorch's normalisations there are in eval mode, as ours.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EngraftError } from "@engraft/core/base/errors";
import { findTorch } from "../../support/real-weights.ts";
import { writeNetwork } from "../../support/torch-network.ts";
import { compileIn } from "../compiled.ts";
import type { BenchOptions } from "../main.ts";
import { peakMiB } from "../memory.ts";
import { median, row, type Goal, type Row } from "../report.ts";
import { LineProcess } from "../secagg/line-process.ts";
import { loadNote } from "../torch/peer.ts";
import { CASES, networkOf, type Case } from "./cases.ts";
import { ENGINES } from "./engines.ts";

/** Compiled by the configuration beside it. */
const OURS = fileURLToPath(new URL("../dist/bench/train/ours.js", import.meta.url));
const TORCH = fileURLToPath(new URL("../torch/train.py", import.meta.url));

/** Steps for nothing; their losses are compared. */
const WARM = 6;
const REPEATS = 15;
/** A repetition takes about so many milliseconds, or one step. */
const REPEAT_MS = 200;
/** Nothing of a case begins after so many milliseconds. */
const CASE_MS = 40_000;
const QUICK = { repeats: 3, ms: 10_000 } as const;
/** Peak memory, of PyTorch's. */
const MEMORY: Goal = { ratio: 1.2 };
const WASM = 5;

interface Steps {
  readonly ms: number;
  readonly cpuMs: number;
  readonly loss: number;
}

interface Side {
  readonly name: string;
  readonly process: LineProcess;
  readonly warm: Steps[];
  readonly timed: Steps[];
}

export async function benchTrain(options: BenchOptions): Promise<readonly Row[]> {
  const cases = CASES.filter(({ title }) => title.includes(options.only ?? ""));
  const engines = ENGINES.filter((name) => options.engine === undefined || name === options.engine);
  if (cases.length === 0 || engines.length === 0)
    throw new EngraftError(
      "bad-input",
      `No such case or engine. Engines: ${ENGINES.join(", ")}. Cases: ${CASES.map(({ title }) => title).join("; ")}.`,
    );
  await compileIn(new URL(".", import.meta.url));
  const python = findTorch();
  if ("missing" in python) process.stderr.write(`PyTorch is skipped: ${python.missing}.\n`);
  const rows: Row[] = [];
  for (const each of cases) rows.push(...(await benchCase(each, engines, "found" in python ? python.found : undefined, options.quick)));
  return rows;
}

async function benchCase(each: Case, engines: readonly string[], python: string | undefined, quick: boolean): Promise<readonly Row[]> {
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-train-"));
  try {
    await writeNetwork(folder, networkOf(each));
    const rows: Row[] = [];
    const seen = new Set<string>();
    for (const engine of engines) {
      process.stderr.write(`${each.title}, ${engine} ...\n`);
      const ours = await begin(engine, process.execPath, [OURS, folder, engine]);
      if (ours !== undefined && !seen.has(ours.name)) rows.push(...(await beside(each, ours, python, folder, quick)));
      if (ours !== undefined) seen.add(ours.name);
      await ours?.process.stop();
    }
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined, and said on stderr, where it cannot train this here. */
async function begin(what: string, command: string, args: readonly string[]): Promise<Side | undefined> {
  const child = new LineProcess(what, command, args);
  try {
    const { name } = await child.hear<{ readonly name: string }>();
    return { name, process: child, warm: [], timed: [] };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    await child.stop();
    return undefined;
  }
}

async function beside(each: Case, ours: Side, python: string | undefined, folder: string, quick: boolean): Promise<readonly Row[]> {
  const theirs = python === undefined ? undefined : await begin("PyTorch", python, [TORCH, folder]);
  try {
    const sides = [ours, ...(theirs === undefined ? [] : [theirs])];
    const limit = quick ? QUICK : { repeats: REPEATS, ms: CASE_MS };
    await measure(sides, limit);
    return await rowsOf(each, ours, theirs);
  } finally {
    await theirs?.process.stop();
  }
}

/** In turns, so that a busy spell of the machine falls on all. */
async function measure(sides: readonly Side[], { repeats, ms }: { readonly repeats: number; readonly ms: number }): Promise<void> {
  const began = performance.now();
  const goesOn = (): boolean => performance.now() - began < ms;
  for (let step = 0; step < WARM && (step < 2 || goesOn()); step++)
    for (const side of sides) side.warm.push(await side.process.ask<Steps>({ steps: 1 }));
  for (let repeat = 0; repeat < repeats && (repeat === 0 || goesOn()); repeat++) {
    for (const side of sides) {
      const steps = Math.max(1, Math.round(REPEAT_MS / (side.warm.at(-1) as Steps).ms));
      side.timed.push(await side.process.ask<Steps>({ steps }));
    }
  }
}

async function rowsOf(each: Case, ours: Side, theirs: Side | undefined): Promise<readonly Row[]> {
  const title = `${each.title}: ${ours.name}`;
  const note = noteOf(each, ours, theirs);
  const line = (metric: string, unit: string, mine: number, other: number | undefined, goal?: Goal): Row =>
    row(
      title,
      metric,
      unit,
      mine,
      theirs === undefined || other === undefined ? undefined : { name: theirs.name, value: other },
      goal,
      note,
    );
  const middle = (side: Side | undefined, take: (steps: Steps) => number): number => median((side?.timed ?? []).map(take));
  const both = (take: (steps: Steps) => number) => [middle(ours, take), middle(theirs, take)] as const;
  const goal = ours.name.includes("wasm") ? WASM : each.goal;
  return [
    line("step, median", "ms", ...both(({ ms }) => ms), goal === undefined ? undefined : { ratio: goal }),
    line("of this CPU", "ms", ...both(({ cpuMs }) => cpuMs)),
    line("peak memory", "MiB", await peakMiB(ours.process.pid), theirs && (await peakMiB(theirs.process.pid)), MEMORY),
  ];
}

function noteOf({ architecture }: Case, ours: Side, theirs: Side | undefined): string {
  const repeats = `${ours.timed.length} repetitions, ${loadNote()}`;
  if (theirs === undefined) return `${repeats}; no PyTorch here: ours alone`;
  const [mine, other] = [ours, theirs].map(({ warm }) => warm.at(-1)?.loss ?? Number.NaN) as [number, number];
  const dropout = architecture().layers.some(({ kind }) => kind === "dropout") ? ", each with dropout of its own" : "";
  return `${repeats}; losses after ${ours.warm.length - 1} steps ${Math.abs(mine / other - 1).toExponential(1)} apart${dropout}`;
}
