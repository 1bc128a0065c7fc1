/** Brain slices through real agents and masks: pictures as files, and names that the engine's split puts where the seed puts the patient. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { partOf } from "@engraft/engine/data/split";
import type { CsvTable } from "@engraft/engine/data/declaration";
import type { Base } from "@engraft/engine/import/describe";
import { throughAgents, type AgentsRun } from "./agents.ts";
import { INSTITUTIONS, type Institution, type Slice } from "./mri-data.ts";
import type { Ward } from "./solving.ts";

export interface SlicesRun extends Pick<AgentsRun, "analytic" | "tuning"> {
  readonly base: Base;
  readonly slices: readonly Slice[];
  /** Of each institution, whose patients train. */
  readonly trains: readonly Pick<Ward, "patients">[];
}

export async function slicesThroughAgents({ base, slices, trains, ...run }: SlicesRun) {
  const folder = await mkdtemp(join(tmpdir(), "engraft-bench-mri-"));
  try {
    const { manifest, weights } = base;
    const data = { fields: manifest.fields, label: manifest.label, split: { salt: "mri", train: 0.6, validation: 0.001 } };
    const tables = new Map<string, CsvTable>();
    for (const [at, site] of INSTITUTIONS.entries()) {
      const learners = new Set(trains[at]?.patients);
      const named = (patient: string): string => {
        const part = learners.has(patient) ? "train" : "test";
        for (let count = 0; ; count++) if (partOf(data.split, `${patient}-${count}`) === part) return `${patient}-${count}`;
      };
      tables.set(site.toLowerCase(), await writeTable(join(folder, site.toLowerCase()), slices, site, named));
    }
    return await throughAgents({ ...run, manifest, weights, data, tables });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeTable(
  folder: string,
  slices: readonly Slice[],
  site: Institution,
  named: (patient: string) => string,
): Promise<CsvTable> {
  await mkdir(folder, { recursive: true });
  const lines = ["file,patient,tumour"];
  for (const [at, slice] of slices.entries()) {
    if (slice.site !== site) continue;
    await writeFile(join(folder, `${at}.png`), slice.png);
    lines.push(`${at}.png,${named(slice.patient)},${slice.tumour}`);
  }
  const path = join(folder, "slices.csv");
  await writeFile(path, `${lines.join("\n")}\n`);
  return { path, encoding: "utf-8", delimiter: ",", decimal: ".", missing: [], columns: {}, label: "tumour", patient: "patient" };
}
