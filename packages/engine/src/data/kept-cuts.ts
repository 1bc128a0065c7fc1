/**
 * The cuts of a keyed split at a site with few patients: chosen once, class by class, and kept from then on. So parts are balanced
 * when training begins, and a patient keeps the part however the table grows. What is given up: new patients are divided by the
 * same cuts, not balanced again; a patient whose class changes can change the part; and another site, or this one without the
 * file, would cut elsewhere.
 */
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import * as z from "zod";
import { outcomeNames } from "./outcomes.ts";
import { fittingCuts, type Cuts } from "./split.ts";
import type { DataPlan } from "./table.ts";

/** The site's own part of a keyed split. */
export interface SiteSplit {
  /** 32 bytes; never leaves the site. */
  readonly key: Uint8Array;
  /** Where cuts are kept. */
  readonly folder: string;
  /** Keeps the cuts that are found: when the table is trained on, not when it is only looked at. */
  readonly keep: boolean;
}

/** With this many patients the fractions alone divide well enough: at 1,000 a class of 1 in 10 is 20 +/- 4 patients of a fifth. */
export const FEW = 1000;

const Cut = z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)]);
const CutsFile = z.strictObject({
  format: z.literal("engraft.cuts/1"),
  /** Of the key, so that cuts of another key are not taken for this one's. */
  key: z.string(),
  /** By class; null where there were enough patients. */
  classes: z.record(z.string(), Cut).nullable(),
});

/** By class; undefined where the plan's fractions hold for all. */
export type ClassCuts = ReadonlyMap<number, Cuts> | undefined;

/** Of each patient. */
export interface Shares {
  readonly shares: ArrayLike<number>;
  readonly classOf: (patient: number) => number;
}

/** Throws `bad-config` where cuts of another key are kept: patients that were trained on would be tested on. */
export async function cutsFor(site: SiteSplit, { split, label }: DataPlan, patients: Shares): Promise<ClassCuts> {
  const path = join(site.folder, `${sha256(canonicalJson({ split, label: labelKey(label) })).slice(0, 32)}.json`);
  const fingerprint = sha256(site.key).slice(0, 32);
  const kept = await keptAt(path, fingerprint);
  if (kept !== undefined) return mapOf(kept);
  const chosen = patients.shares.length < FEW ? chosenCuts(patients, split) : null;
  if (!site.keep) return mapOf(chosen);
  await writeOnce(path, `${JSON.stringify({ format: "engraft.cuts/1", key: fingerprint, classes: chosen })}\n`);
  return mapOf((await keptAt(path, fingerprint)) ?? chosen);
}

/** Cuts are of a label's classes. */
const labelKey = (label: DataPlan["label"]): string | readonly string[] =>
  label.kind === undefined ? label.name : [label.kind, label.name, ...outcomeNames(label)];

type Chosen = z.infer<typeof CutsFile>["classes"];

const mapOf = (classes: Chosen): ClassCuts =>
  classes === null ? undefined : new Map(Object.entries(classes).map(([name, cuts]) => [Number(name), cuts]));

function chosenCuts({ shares, classOf }: Shares, split: DataPlan["split"]): Chosen {
  const byClass = new Map<number, number[]>();
  for (let index = 0; index < shares.length; index++) {
    const its = classOf(index);
    const list = byClass.get(its) ?? [];
    byClass.set(its, list);
    list.push(shares[index] as number);
  }
  return Object.fromEntries([...byClass].map(([its, list]) => [String(its), [...fittingCuts(list, split)] as [number, number]]));
}

async function keptAt(path: string, fingerprint: string): Promise<Chosen | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const read = CutsFile.safeParse(jsonOf(text));
  if (!read.success) throw new EngraftError("bad-config", `The file ${path} is damaged. Restore it from a backup of the agent's home.`);
  if (read.data.key !== fingerprint)
    throw new EngraftError(
      "bad-config",
      "The key that this site splits its patients by is another one than before, so patients that were trained on would be tested on. Restore split-key.json of the agent's home from a backup.",
    );
  return read.data.classes;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whoever comes first decides: the agent and a command can be here at the same time. */
async function writeOnce(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 });
  try {
    await writeFile(beside, text, { mode: 0o600, flush: true });
    await link(beside, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(beside, { force: true });
  }
}
