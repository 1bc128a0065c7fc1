/** `base train`: makes a base model from a registered table by a recipe, for the federation's admin to import. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { SingleBar, Presets } from "cli-progress";
import { EngraftError } from "@engraft/core/base/errors";
import { METRIC_NAMES } from "@engraft/core/models/metric-names";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { resolveData } from "../data/registry.ts";
import type { AddCommand, CommandContext } from "./command.ts";

interface TrainFlags {
  readonly data?: string;
  readonly out: string;
}

export const addBase: AddCommand = (program, run) => {
  program
    .command("base")
    .description("Base models made here")
    .command("train")
    .description("Train a base model from nothing on a registered table, and write it to a folder")
    .argument("<recipe>", "a JSON file that says what is trained, and how")
    .requiredOption("--out <folder>", "where manifest.json and weights.safetensors are written")
    .option("--data <name>", "the registered table; needed where there are several")
    .action(run((context, recipe: string, flags: TrainFlags) => train(context, recipe, flags)));
};

async function train({ config, json, print }: CommandContext, path: string, { data, out }: TrainFlags): Promise<void> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${path}.`, { cause });
  });
  // Loaded late: an engine takes a while, and other commands need none.
  const [{ Recipe }, { trainBase }] = await Promise.all([
    import("@engraft/engine/import/recipe"),
    import("@engraft/engine/import/train-base"),
  ]);
  const recipe = Recipe.safeParse(parsed(text, path));
  if (!recipe.success) {
    const problems = recipe.error.issues.slice(0, 5).map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new EngraftError("bad-input", `The recipe cannot be used: ${problems.join("; ")}.`);
  }
  const { table } = await resolveData(config.home, data);
  const bar = json
    ? undefined
    : new SingleBar({ format: "  {what} {bar} {value}/{total} {unit}", stream: process.stderr }, Presets.shades_classic);
  let shown = "";
  const progress = ({ unit, done, total }: { readonly unit: string; readonly done: number; readonly total: number }): void => {
    if (shown !== unit) bar?.start(total, done, { what: unit === "files" ? "reading" : "training", unit });
    shown = unit;
    bar?.update(done);
  };
  const base = await trainBase(recipe.data, table, { progress, aborted: () => false }).finally(() => bar?.stop());
  const folder = resolve(out);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "weights.safetensors"), base.weights);
  await writeFile(join(folder, "manifest.json"), `${JSON.stringify(base.manifest, null, 2)}\n`);
  const { engine, counts, validation, test } = base;
  print(
    { folder, engine, counts, validation, test, weights: base.manifest.weights },
    [
      `Trained ${base.manifest.title} on ${counts.train.patients} patients with ${engine}.`,
      `Of patients that did not train it: validation ${figures(validation)}; test ${figures(test)}.`,
      `Written to ${folder}. The weights were made from this site's patients and can tell something of them: giving them away is your decision.`,
      `An admin imports the folder with "engraft-coordinator base import ${folder}".`,
    ].join("\n"),
  );
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngraftError("bad-input", `${path} is no JSON.`, { cause });
  }
}

function figures(metrics: SiteMetrics | null): string {
  if (metrics === null) return "none";
  const { values } = metrics;
  // The first that its label has, and what was minimised.
  const first = METRIC_NAMES.find((name) => name !== "loss" && (values[name] ?? null) !== null);
  const known = [...(first === undefined ? [] : [first]), "loss" as const].flatMap((name) => {
    const value = values[name]?.value;
    return value === undefined ? [] : [`${name === "auroc" ? "AUROC" : name} ${value.toFixed(3)}`];
  });
  return `${known.join(", ")} (${metrics.n} patients)`;
}
