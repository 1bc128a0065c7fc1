/**
 * The demo's third example: is a heartbeat ectopic? The patients of one Holter recorder train a base from nothing, by `engraft-site base train`; five
 * hospitals with other recorders, each with few patients, train its last block further. `prepare.ts` lays the data out.
 */
import { access, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Example } from "../demo/example.ts";
import { BASE_RECORDER, folderOf, PATIENTS, PREPARE, RECORDERS, RECORDS } from "./files.ts";
import { FIELD, LABEL, planOf, SPLIT } from "./plan.ts";

export async function ecgExample(data: string | undefined): Promise<Example> {
  if (data === undefined) throw new EngraftError("bad-input", `--example ecg needs --data: the folder that this has made:\n  ${PREPARE}`);
  for (const recorder of [BASE_RECORDER, ...RECORDERS]) {
    const folder = join(data, folderOf(recorder), RECORDS);
    await access(folder).catch(() => {
      throw new EngraftError("not-found", `${folder} is not there. Lay the data out first:\n  ${PREPARE}`);
    });
  }
  const flagsOf = (recorder: string): readonly string[] => {
    const folder = join(data, folderOf(recorder));
    return ["--records", join(folder, RECORDS), "--ending", ".hea", "--labels", "beats:atr", "--patients", join(folder, PATIENTS)];
  };
  const sites = RECORDERS.map((recorder) => ({ site: folderOf(recorder), flags: flagsOf(recorder) })).toSorted((a, b) =>
    a.site < b.site ? -1 : 1,
  );
  let base: Readonly<Record<string, unknown>> = {};
  return {
    title: "Five hospitals fine-tune a model of heartbeats that a sixth has trained",
    sites,
    leaves: { site: folderOf("3655"), round: 2 },
    importBase: async (federation) => {
      const [site, recipe, made] = [folderOf(BASE_RECORDER), join(federation.dir, "recipe.json"), join(federation.dir, "base")];
      await writeFile(recipe, JSON.stringify(RECIPE));
      await federation.siteCommandOk(site, "data", "add", "main", ...flagsOf(BASE_RECORDER));
      await federation.siteCommandOk(site, "base", "train", recipe, "--out", made);
      base = await federation.coordinatorCommandOk("base", "import", made);
    },
    planFile: async ({ dir }, rounds) => {
      const path = join(dir, "plan.json");
      await writeFile(path, JSON.stringify(planOf(base, rounds)));
      return path;
    },
  };
}

const RECIPE = {
  format: "engraft.recipe/1",
  name: "beats-654",
  version: "1.0",
  title: "Heartbeats of Holter recorder 654",
  description: "A residual network that tells ectopic beats by one lead. For demonstration; not for care.",
  licence: "ODC-BY-1.0",
  origin: "MIT-BIH Arrhythmia Database 1.0.0 (PhysioNet), the records of recorder 654",
  fields: [FIELD],
  label: LABEL,
  split: SPLIT,
  architecture: "resnet1d",
  training: {
    epochs: 4,
    batch: 32,
    optimizer: { name: "adam", learningRate: 0.001 },
    weightDecay: 0.001,
    classWeights: "balanced",
    seed: 1,
  },
};
