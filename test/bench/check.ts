/** `check`: `engraft-site data check` over a table of 2 GB and over 100,000 files, as the real program; `--quick` takes a twentieth. */
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "@engraft/core/models/plan";
import sharp from "sharp";
import { Program } from "../../tools/federation/program.ts";
import { heartPlan } from "../support/heart.ts";
import type { BenchOptions } from "./main.ts";
import { peakMiB } from "./memory.ts";
import { row, type Row } from "./report.ts";

const TABLE_BYTES = 2e9;
const FILES = 100_000;
const QUICK = 1 / 20;
/** Of each process. */
const MOST_MIB = 500;
/** Who come again and again: more than a hospital has. */
const PATIENTS = 1_000_000;
const PICTURE = 32;
/** Pictures of one folder. */
const OF_FOLDER = 1000;
const LOOK_MS = 100;

export async function benchCheck({ quick }: BenchOptions): Promise<readonly Row[]> {
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-check-"));
  const part = quick ? QUICK : 1;
  try {
    const table = await measured(dir, "table", await writeTable(dir, TABLE_BYTES * part));
    const files = await measured(dir, "files", await writePictures(dir, FILES * part));
    return [...rowsOf("CSV", table), ...rowsOf("pictures", files)];
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Case {
  /** What is read, for whoever reads the figures. */
  readonly what: string;
  readonly plan: string;
  /** Of `data add`. */
  readonly flags: readonly string[];
  readonly rows: number;
}

interface Measured extends Case {
  readonly mib: number;
  readonly seconds: number;
}

const rowsOf = (name: string, { what, mib, seconds, rows }: Measured): readonly Row[] => [
  row(name, "peak memory", "MiB", mib, undefined, { value: MOST_MIB }, what),
  row(name, "rows read", "1/s", rows / seconds, undefined, undefined, what),
];

async function measured(dir: string, name: string, one: Case): Promise<Measured> {
  const home = join(dir, `${name}-home`);
  const command = (...args: string[]): Program =>
    Program.start("engraft-site", ["--home", home, "--json", ...args], { name, log: join(dir, `${name}.log`) });
  const added = command("data", "add", "main", ...one.flags);
  if ((await added.exited) !== 0) throw new Error(added.stderr);
  const began = performance.now();
  const check = command("data", "check", "main", "--plan", one.plan);
  let mib = 0;
  while (check.alive) {
    const now = await peakMiB(check.pid);
    if (now > mib) mib = now;
    await Promise.race([check.exited, new Promise((resolve) => setTimeout(resolve, LOOK_MS))]);
  }
  if ((await check.exited) !== 0) throw new Error(`${check.stderr}\n${JSON.stringify(check.lines).slice(0, 2000)}`);
  return { ...one, mib, seconds: (performance.now() - began) / 1000 };
}

const COMMON = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", "label"];

/** Visits of a million patients, in the heart plan's fields. */
async function writeTable(dir: string, bytes: number): Promise<Case> {
  const file = join(dir, "table.csv");
  const plan = await heartPlan();
  const { fields, label } = plan.data;
  const out = createWriteStream(file);
  out.write(`patient,${fields.map((field) => field.name).join(",")},label\n`);
  let rows = 0;
  for (let written = 0; written < bytes;) {
    const lines: string[] = [];
    for (let index = 0; index < 2000; index++) lines.push(lineOf(rows++, plan));
    const text = `${lines.join("\n")}\n`;
    written += text.length;
    if (!out.write(text)) await once(out, "drain");
  }
  out.end();
  await once(out, "close");
  const planFile = join(dir, "table-plan.json");
  await writeFile(planFile, JSON.stringify({ ...plan, data: { ...plan.data, label: { ...label, name: "label" } } }));
  const gb = ((await stat(file)).size / 1e9).toFixed(2);
  return {
    what: `${gb} GB, ${rows} visits of ${Math.min(rows, PATIENTS)} patients`,
    plan: planFile,
    rows,
    flags: ["--file", file, ...COMMON],
  };
}

function lineOf(at: number, { data: { fields } }: Plan): string {
  const cells = fields.map((field, index) => {
    const step = (at * (index + 7)) % 101;
    if (field.kind === "number") return (field.min + ((field.max - field.min) * (20 + (step % 60))) / 100).toFixed(1);
    return field.kind === "category" ? field.values[step % field.values.length]?.code : "";
  });
  return `p${at % PATIENTS},${cells.join(",")},${(at >> 3) & 1}`;
}

async function writePictures(dir: string, count: number): Promise<Case> {
  const lines = ["patient,file,label"];
  const bytes = await Promise.all(
    Array.from({ length: 64 }, (_, shade) =>
      sharp(Buffer.from(Array.from({ length: PICTURE ** 2 }, (_value, at) => (shade * 3 + at * 7) % 256)), {
        raw: { width: PICTURE, height: PICTURE, channels: 1 },
      })
        .png()
        .toBuffer(),
    ),
  );
  for (let from = 0; from < count; from += OF_FOLDER) {
    const folder = `pictures/${from / OF_FOLDER}`;
    await mkdir(join(dir, folder), { recursive: true });
    const names = Array.from({ length: Math.min(OF_FOLDER, count - from) }, (_, index) => `${folder}/${from + index}.png`);
    await Promise.all(names.map((name, index) => writeFile(join(dir, name), bytes[(from + index) % bytes.length] as Buffer)));
    lines.push(...names.map((name, index) => `p${from + index},${name},${((from + index) >> 3) & 1}`));
  }
  const file = join(dir, "pictures.csv");
  await writeFile(file, `${lines.join("\n")}\n`);
  const heart = await heartPlan();
  const label = { name: "label", title: "Label", positive: ["1"], negative: ["0"] };
  const planFile = join(dir, "pictures-plan.json");
  const fields = [{ kind: "image", name: "file", title: "Picture" }];
  await writeFile(planFile, JSON.stringify({ ...heart, data: { ...heart.data, fields, label } }));
  return { what: `${count} PNG of ${PICTURE} px`, plan: planFile, rows: count, flags: ["--file", file, ...COMMON] };
}
