/**
 * What a round's arithmetic and cryptography cost one site and the coordinator, by the product's own functions, beside Flower's
 * SecAgg+ by its own: CPU time of a process, which a busy machine stretches less than the time on the clock.
 */
import { fileURLToPath } from "node:url";
import { numbersOf } from "@engraft/core/models/directory-numbers";
import { compileIn } from "../compiled.ts";
import type { BenchOptions } from "../main.ts";
import { median, row, type Goal, type Row } from "../report.ts";
import type { Measured, Size } from "./federation.ts";
import { LineProcess } from "./line-process.ts";

/** Compiled by the configuration beside it. */
const OURS = fileURLToPath(new URL("../dist/secagg/ours.js", new URL("./ours.ts", import.meta.url)));
const FLOWER = fileURLToPath(new URL("./flower_secagg.py", import.meta.url));

/** Up to this many repetitions of a case, of which the median counts, */
const REPEATS = 5;
/** and none that would begin after so many milliseconds. */
const CASE_MS = 12_000;

const dropped = (sites: number): number => Math.max(1, Math.floor(0.3 * sites));

export function sizes(quick: boolean): readonly Size[] {
  const values = quick ? [10_000] : [10_000, 1_000_000, 10_000_000];
  const federations = quick ? [4, 10] : [4, 10, 50];
  return values.flatMap((count) =>
    federations.flatMap((sites) => [0, dropped(sites)].map((lost) => ({ values: count, sites, dropped: lost }))),
  );
}

export async function benchComputing(options: BenchOptions): Promise<readonly Row[]> {
  await compileIn(new URL(".", import.meta.url));
  const ours = new LineProcess("Our side", process.execPath, [OURS]);
  const flower = await startFlower(options.peerPython);
  try {
    const rows: Row[] = [];
    for (const size of sizes(options.quick)) rows.push(...rowsOf(size, await measureCase(size, ours, flower)));
    return rows;
  } finally {
    await Promise.all([ours.stop(), flower?.stop()]);
  }
}

/** Undefined, and said on stderr, where Flower cannot run here. */
async function startFlower(python: string | undefined): Promise<LineProcess | undefined> {
  if (python === undefined) {
    process.stderr.write("Flower is skipped: no Python was given (--peer-python, or ENGRAFT_PEER_PYTHON).\n");
    return undefined;
  }
  const flower = new LineProcess("Flower", python, [FLOWER]);
  try {
    await flower.ask({ values: 1, sites: 3, dropped: 0, threshold: 2 });
    return flower;
  } catch (error) {
    process.stderr.write(`Flower is skipped: ${error instanceof Error ? (error.message.split("\n").at(-1) ?? "") : String(error)}\n`);
    await flower.stop();
    return undefined;
  }
}

interface Sides {
  readonly ours: readonly Measured[];
  readonly flower: readonly Measured[];
}

/** The two sides take turns, so that a busy spell of the machine falls on both. */
async function measureCase(size: Size, ours: LineProcess, flower: LineProcess | undefined): Promise<Sides> {
  process.stderr.write(`${nameOf(size)} ...\n`);
  const { threshold } = numbersOf(size.sites);
  const began = performance.now();
  const sides: { ours: Measured[]; flower: Measured[] } = { ours: [], flower: [] };
  for (let repeat = 0; repeat < REPEATS && (repeat === 0 || performance.now() - began < CASE_MS); repeat++) {
    sides.ours.push(await ours.ask<Measured>(size));
    if (flower !== undefined) sides.flower.push(await flower.ask<Measured>({ ...size, threshold }));
  }
  return sides;
}

const nameOf = ({ values, sites, dropped }: Size): string =>
  `${values.toLocaleString("en-GB")} values, ${sites} sites, ${dropped === 0 ? "none" : String(dropped)} dropped`;

/** What is aimed at, as a ratio to Flower. */
function goalsOf({ values, sites }: Size): { readonly site: Goal; readonly coordinator: Goal | undefined } {
  const small = values <= 1_000_000;
  return {
    site: { ratio: values >= 10_000_000 ? 0.5 : 0.9 },
    coordinator: sites === 4 ? { ratio: 1 } : sites === 50 && small ? { ratio: 0.2 } : undefined,
  };
}

/** Of keys, shares and statements, for each site of the federation. */
const BYTES_PER_SITE = 1_300;

function rowsOf(size: Size, { ours, flower }: Sides): readonly Row[] {
  const name = nameOf(size);
  const goals = goalsOf(size);
  const of = (sides: readonly Measured[], take: (one: Measured) => number): number => median(sides.map(take));
  const line = (metric: string, unit: string, take: (one: Measured) => number, goal?: Goal): Row => {
    const peer = flower.length === 0 ? undefined : { name: "Flower SecAgg+", value: of(flower, take) };
    return row(name, metric, unit, of(ours, take), peer, goal, noteOf(ours, flower));
  };
  const all = ({ bytes }: Measured): number => bytes.vector + bytes.rest;
  const plain = 4 * size.values;
  return [
    line("site, CPU", "ms", ({ siteMs }) => siteMs, goals.site),
    line("coordinator, CPU", "ms", ({ coordinatorMs }) => coordinatorMs, goals.coordinator),
    line("bytes of a site", "B", all, plain >= 1_000_000 ? { ratio: 0.51 } : undefined),
    line("of these beside the vector", "B", ({ bytes }) => bytes.rest, { value: BYTES_PER_SITE * size.sites }),
    row(
      name,
      "vector",
      "B",
      of(ours, ({ bytes }) => bytes.vector),
      { name: "float32", value: plain },
      { ratio: 1.01 },
    ),
  ];
}

function noteOf(ours: readonly Measured[], flower: readonly Measured[]): string | null {
  const derived = [...(ours.some((one) => one.derived) ? ["ours"] : []), ...(flower.some((one) => one.derived) ? ["Flower's"] : [])];
  return derived.length === 0 ? null : `derived: ${derived.join(" and ")}`;
}
