/** `MODEL_CARD.md`: for a person, with the header that model hubs read. What it says comes from the plan, the manifest and the run. */
import type { Field } from "@engraft/core/models/fields";
import { labelInWords } from "@engraft/core/models/label-words";
import { kindOf, type LabelKind } from "@engraft/core/models/labels";
import { planInWords } from "@engraft/core/models/plan-words";
import { personalTensors, totalSize, trainableTensors } from "@engraft/core/models/tensors";
import { contributors, figuresOf, finishedRounds, marksOf, type DescribedRelease, type Figure } from "./described.ts";
import { code, day, escaped, figure, table } from "./markdown.ts";

/** Licences that hubs know by a short name, as people write them. */
const KNOWN_LICENCES: ReadonlyMap<string, string> = new Map(
  ["apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0"].map(
    (id) => [id.replaceAll("-", " "), id],
  ),
);

const TASKS: Readonly<Record<LabelKind, string>> = {
  binary: "classification",
  multilabel: "classification",
  multiclass: "classification",
  ordinal: "classification",
  regression: "regression",
  survival: "survival-analysis",
};

export function modelCard(release: DescribedRelease): string {
  const sections = [about(release), inputs(release), training(release), figures(release), files(release), origin(release)];
  return `---\n${header(release)}\n---\n\n${sections.join("\n\n")}\n`;
}

/** JSON is YAML: so every text is quoted, whatever it holds. */
function header(release: DescribedRelease): string {
  const { manifest, plan } = release;
  const licence = KNOWN_LICENCES.get(manifest.licence.toLowerCase().replaceAll("-", " "));
  const modality = modalityOf(release);
  const task = `${modality}-${TASKS[kindOf(plan.data.label)]}`;
  const results = figuresOf(release).filter(({ split, model, value }) => split === "test" && model === "federated" && value !== null);
  const entries: readonly (readonly [string, unknown])[] = [
    ["license", licence ?? "other"],
    ...(licence === undefined ? [["license_name", manifest.licence] as const] : []),
    ["library_name", "engraft"],
    [
      "tags",
      [
        "federated-learning",
        modality,
        TASKS[kindOf(plan.data.label)],
        plan.aggregation.method === "secure" ? "secure-aggregation" : "plain-aggregation",
      ],
    ],
    ["engraft", marksOf(release)],
    ["model-index", [{ name: release.name, results: resultsOf(results, task, plan.purpose) }]],
  ];
  return entries.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join("\n");
}

function resultsOf(measured: readonly Figure[], type: string, purpose: string): readonly object[] {
  const places = [...new Set(measured.map(({ site }) => site))];
  return places.map((site) => ({
    task: { type, name: purpose.slice(0, 120) },
    dataset: {
      type: "engraft-site",
      name: site === undefined ? "test patients of all sites together" : `test patients of ${site}`,
      split: "test",
    },
    metrics: measured
      .filter((one) => one.site === site)
      .map(({ metric, value, interval }) => ({
        type: metric,
        value,
        ...(interval === null ? {} : { ci_low: interval[0], ci_high: interval[1] }),
      })),
  }));
}

function modalityOf({ manifest }: DescribedRelease): string {
  const kinds = new Set(manifest.inputs.map(({ kind }) => kind));
  return kinds.has("image") ? "image" : kinds.has("signal") ? "time-series" : "tabular";
}

function about({ name, version, notes, madeAt, plan, manifest }: DescribedRelease): string {
  return [
    `# ${escaped(name)} ${escaped(version)}`,
    `${escaped(manifest.title)}. Released on ${day(madeAt)}.`,
    ...(notes.trim() === "" ? [] : [escaped(notes)]),
    `**For what.** ${escaped(plan.purpose)}`,
    `**Predicts.** ${escaped(labelInWords(plan.data.label))}`,
    "It was measured on patients of the sites below and on nobody else. Whether it serves patients of another hospital has to be measured there first.",
  ].join("\n\n");
}

function rangeOf(field: Field): string {
  if (field.kind === "number") return `${figure(field.min)} to ${figure(field.max)} ${code(field.unit)}`;
  if (field.kind === "category") return field.values.map((value) => `${code(value.code)} ${escaped(value.means)}`).join("; ");
  if (field.kind === "signal")
    return `${escaped(field.leads.join(", "))}; ${figure(field.rate)} points per second, ${figure(field.seconds)} s, in ${code(field.unit)}`;
  return "picture";
}

function inputs({ manifest }: DescribedRelease): string {
  const rules = manifest.inputs.map((rule) => {
    const field = manifest.fields.find(({ name }) => name === rule.field) as Field;
    return [code(rule.field), escaped(field.title), rangeOf(field), ruleInWords(rule)];
  });
  return ["## What goes in", table(["field", "what it is", "values", "how it enters the layers"], rules)].join("\n\n");
}

function ruleInWords(rule: DescribedRelease["manifest"]["inputs"][number]): string {
  const flagged = "flagMissing" in rule && rule.flagMissing ? ", and a flag" : "";
  if (rule.kind === "standardise") return `less ${figure(rule.mean)}, by ${figure(rule.sd)}; where missing ${figure(rule.fill)}${flagged}`;
  if (rule.kind === "one-hot")
    return `one number for each of ${rule.codes.map(code).join(", ")}; where missing ${code(rule.fill)}${flagged}`;
  const scaled = `less ${rule.mean.map(figure).join(", ")}, by ${rule.sd.map(figure).join(", ")} for each`;
  return rule.kind === "image"
    ? `${rule.width} x ${rule.height} pixels, ${rule.channels} channel(s) of levels 0 to 255, ${scaled} channel`
    : `${scaled} lead`;
}

function training(release: DescribedRelease): string {
  const { plan, manifest, base, view } = release;
  const sites = contributors(release);
  const values = (specs: Parameters<typeof totalSize>[0]): string => String(totalSize(specs));
  const own = personalTensors(manifest.tensors, plan.training.trainable);
  const lines = planInWords(plan, base.manifest).map(({ topic, words }) => [escaped(topic), escaped(words)]);
  return [
    "## How it was trained",
    `From ${escaped(base.manifest.title)} (${code(`${base.manifest.name} ${base.manifest.version}`)}) in the run ${code(view.run)}: ${finishedRounds(release).length} rounds at ${sites.length} sites (${sites.map(code).join(", ")}), ${values(trainableTensors(manifest.tensors, plan.training.trainable))} of ${values(manifest.tensors)} values trained. No record left a site.`,
    ...(own.length === 0
      ? []
      : [`${values(own)} values were trained at each site for itself. They are not in these files: there the model is as its base.`]),
    table(["the plan", ""], lines),
  ].join("\n\n");
}

const estimate = (found: Figure | undefined): string => {
  if (found === undefined || found.value === null) return "";
  return found.interval === null ? figure(found.value) : `${figure(found.value)} (${found.interval.map(figure).join(" to ")})`;
};

/** Of an earlier checkpoint than the last, which test patients never saw. */
function earlierFigures(release: DescribedRelease, { round, rounds }: NonNullable<DescribedRelease["chosen"]>): string {
  const measured = figuresOf(release).filter((one) => one.split === "validation" && one.round === round);
  const rows = measured.map((one) => [one.site === undefined ? "all together" : code(one.site), String(one.n), one.metric, estimate(one)]);
  return [
    "## How well it does",
    `This is the checkpoint of round ${round} of ${rounds}: an admin chose it. Only the last one was judged on test patients, so of this one there are figures of validation patients alone. Where it was chosen by them, they are too good.`,
    ...(rows.length === 0 ? [] : [table(["site", "validation patients", "figure", "this model"], rows)]),
  ].join("\n\n");
}

function figures(release: DescribedRelease): string {
  if (release.chosen !== undefined) return earlierFigures(release, release.chosen);
  const measured = figuresOf(release).filter(({ split }) => split === "test");
  if (measured.length === 0) return "## How well it does\n\nNo site reported figures of its test patients.";
  const { compareRelease } = release.plan.metrics;
  const places = [...new Map(measured.map((one) => [`${one.site}\n${one.metric}`, one])).values()];
  const rows = places.map(({ site, metric, n }) => {
    const of = (model: Figure["model"]): string =>
      estimate(measured.find((one) => one.site === site && one.metric === metric && one.model === model));
    const earlier = compareRelease === undefined ? [] : [of("earlier"), of("over-earlier")];
    return [site === undefined ? "all together" : code(site), String(n), metric, of("federated"), of("base"), of("alone"), ...earlier];
  });
  const heads = compareRelease === undefined ? [] : [`the model of ${compareRelease.run}`, "better than it by"];
  return [
    "## How well it does",
    `Test patients, whom no site trained on; 95 % confidence intervals by bootstrap over a site's patients. A figure of fewer than ${release.plan.metrics.minCount} patients does not leave a site, so a cell may be empty. All figures, of every round, are in ${code("metrics.csv")}.`,
    table(["site", "patients", "figure", "this model", "its base", "trained at the site alone", ...heads], rows),
  ].join("\n\n");
}

function files({ files: all, leftOut }: DescribedRelease): string {
  const rows = all.map(({ name, bytes, sha256 }) => [code(name), String(bytes), code(sha256)]);
  return [
    "## Files",
    table(["file", "bytes", "SHA-256"], rows),
    ...leftOut.map(({ name, why }) => `There is no ${code(name)}: ${escaped(why)}.`),
    `In Python, in this folder: ${code("python load.py")} says what the model takes and which libraries here can run it; ${code('from load import load; load(".").predict(samples)')} predicts. In JavaScript: ${code('tf.loadLayersModel("model.json")')}.`,
  ].join("\n\n");
}

function origin({ manifest, base, planDigest, coordinator }: DescribedRelease): string {
  return [
    "## Where it comes from",
    `Licence: ${escaped(manifest.licence)}. ${escaped(manifest.origin)}`,
    table(
      ["what", "SHA-256 or key"],
      [
        ["plan", code(planDigest)],
        ["base, its manifest", code(base.digest)],
        ["base, its weights", code(base.manifest.weights.digest)],
        ["model, its weights", code(manifest.weights.digest)],
        ["the coordinator's key", code(coordinator)],
      ],
    ),
  ].join("\n\n");
}
