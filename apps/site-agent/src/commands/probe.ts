/** `probe PLAN`: what the plan's base is worth on this site's patients, before anybody trains. Nothing of it leaves. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Presets, SingleBar } from "cli-progress";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest } from "@engraft/core/base/ids";
import { readsFile } from "@engraft/core/models/field-kinds";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import type { Plan } from "@engraft/core/models/plan";
import { probeAllowed, type ProbeReport } from "@engraft/core/models/probe-report";
import type { Probe } from "@engraft/engine/probe/probe";
import { resolveData } from "../data/registry.ts";
import { featureCachePlace } from "../vault/feature-cache.ts";
import { resolvePlan } from "../vault/plans.ts";
import { keepProbe } from "../vault/probes.ts";
import { siteSplit } from "../vault/split-key.ts";
import type { AddCommand, CommandContext } from "./command.ts";

interface ProbeFlags {
  readonly data?: string;
  readonly base?: string;
  readonly out?: string;
  readonly report?: boolean;
}

export const addProbe: AddCommand = (program, run) => {
  program
    .command("probe")
    .description("Try in minutes what a plan's base is worth on this site's patients, and how deep to train")
    .argument("<plan>", "the plan's digest, or the first 6 digits or more")
    .option("--data <name>", "the registered table; needed where there are several")
    .option("--base <folder>", "the base's folder, as its author gave it; needed until a run has brought it here")
    .option("--report", "let it go with an approval of the plan that is given with --site-metrics")
    .option("--out <file>", "also write the figures to a file, for whoever its steward gives it to")
    .action(run((context, plan: string, flags: ProbeFlags) => probe(context, plan, flags)));
};

async function probe(
  { config, json, print }: CommandContext,
  name: string,
  { data, base, out, report = false }: ProbeFlags,
): Promise<void> {
  const { home } = config;
  const { digest, plan, manifest } = await resolvePlan(home, name);
  const { table } = await resolveData(home, data);
  const weights = await fileOfBase(home, base, "weights.safetensors", manifest.weights.digest);
  const trunk = manifest.trunk === undefined ? undefined : await fileOfBase(home, base, "trunk.onnx", manifest.trunk.onnx.digest);
  const featureCache = manifest.inputs.some(readsFile) ? await featureCachePlace(home) : undefined;
  // Not kept: nobody has approved the plan yet.
  const site = await siteSplit(home, { keep: false });
  // Loaded late: an engine takes a while, and other commands need none.
  const { probeHere } = await import("@engraft/engine/probe/here");
  const bar = json
    ? undefined
    : new SingleBar({ format: "  {what} {bar} {value}/{total} {unit}", stream: process.stderr }, Presets.shades_classic);
  let shown = "";
  const probed = await probeHere({ manifest, weights, trunk, plan, table, site, featureCache }, ({ unit, done, total }) => {
    if (shown !== unit) bar?.start(total, done, { what: unit === "files" ? "reading" : "training", unit });
    shown = unit;
    bar?.update(done);
  }).finally(() => bar?.stop());
  const { arms, differences, metric, patients, folds, rounds, engine, recommendation } = probed;
  if (out !== undefined)
    await writeFile(out, `${JSON.stringify({ format: "engraft.probe/1", plan: plan.name, ...probed }, null, 2)}\n`, { mode: 0o600 });
  const enough = patients >= plan.metrics.minCount;
  if (report) await reported(home, digest, plan, { metric, ...figuresOf(probed), depth: recommendation.depth }, enough);
  const line = (what: string, metrics: SiteMetrics | null): string => `  ${what.padEnd(34)} ${figure(metrics, metric)}`;
  const { probeOverBase: over, probeOverScratch: than } = differences;
  const gained = [
    ...(over === null ? [] : [`  Head over the base unchanged: ${interval(over)}`]),
    ...(than === null ? [] : [`  Head over training from nothing: ${interval(than)}`]),
  ];
  print(
    { ...probed },
    [
      `${metric} on ${patients} training and validation patients, ${folds === 1 ? "a fifth of them held out" : `each held out once (${folds} folds)`}; as long as ${rounds} round(s), with ${engine}:`,
      line("base unchanged", arms.base),
      line("head on its frozen features", arms.probe),
      line("same architecture from nothing", arms.scratch),
      ...gained,
      `Train: ${recommendation.depth}. ${recommendation.why}`,
      ...(manifest.split === null
        ? []
        : ["The base was trained on patients of a site that splits as this plan does: where that is this site, its figures are too good."]),
      "Test patients were not looked at.",
      report
        ? 'It goes to the coordinator with an approval of the plan that is given with --site-metrics: "engraft-site approve".'
        : "Nothing of this leaves the site (--report lets it go with an approval).",
    ].join("\n"),
  );
}

const figuresOf = ({ arms, differences, metric }: Probe): Omit<ProbeReport, "metric" | "depth"> => ({
  base: arms.base?.values[metric] ?? null,
  head: arms.probe?.values[metric] ?? null,
  scratch: arms.scratch?.values[metric] ?? null,
  over: differences.probeOverScratch,
});

/** Throws `metric-not-allowed` where the plan does not ask for figures of single sites, or there are too few patients for it. */
async function reported(home: string, digest: Digest, plan: Plan, report: ProbeReport, enough: boolean): Promise<void> {
  if (!enough || !probeAllowed(plan, report))
    throw new EngraftError(
      "metric-not-allowed",
      "This probe may not be reported: the plan asks for no figures of single sites, or there are fewer patients than its minimum count.",
    );
  await keepProbe(home, digest, report);
}

const interval = ({ value, low, high }: { readonly value: number; readonly low: number; readonly high: number }): string =>
  `${value.toFixed(3)} (95 % ${low.toFixed(3)} to ${high.toFixed(3)})`;

function figure(metrics: SiteMetrics | null, metric: string): string {
  const found = metrics?.values[metric as keyof SiteMetrics["values"]] ?? null;
  if (metrics === null) return "not to be had: its frozen part is a file";
  return found === null ? "too few patients to say" : interval(found);
}

/** From the folder that was named, or from what an earlier run has left here. What it holds is checked against the manifest. */
async function fileOfBase(home: string, folder: string | undefined, name: string, digest: Digest): Promise<Uint8Array> {
  if (folder !== undefined)
    return readFile(join(folder, name)).catch((cause: unknown) => {
      throw new EngraftError("not-found", `Cannot read ${join(folder, name)}.`, { cause });
    });
  const kept = await readFile(join(home, "store", "blobs", digest.slice(0, 2), digest)).catch(() => undefined);
  if (kept !== undefined) return kept;
  throw new EngraftError("blob-missing", "The plan's base is not here yet. Name the folder that its author gave you with --base FOLDER.");
}
