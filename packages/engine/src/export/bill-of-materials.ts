/** `bom.json`: the model and its base as CycloneDX 1.6 (ECMA-424) has them, with a model card for programs. */
import { labelInWords } from "@engraft/core/models/label-words";
import { kindOf } from "@engraft/core/models/labels";
import { contributors, figuresOf, marksOf, type DescribedRelease, type Figure } from "./described.ts";
import { outputNames } from "./prediction.ts";

export function billOfMaterials(release: DescribedRelease): object {
  const { name, version, madeAt, manifest, base } = release;
  const model = `model:${name}@${version}`;
  const parent = `model:${base.manifest.name}@${base.manifest.version}`;
  const properties = Object.entries(marksOf(release)).map(([key, value]) => ({ name: key, value }));
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: new Date(madeAt).toISOString(),
      component: {
        type: "machine-learning-model",
        "bom-ref": model,
        name,
        version,
        description: manifest.title,
        licenses: [{ license: { name: manifest.licence } }],
        hashes: [{ alg: "SHA-256", content: manifest.weights.digest }],
        pedigree: { ancestors: [{ type: "machine-learning-model", name: base.manifest.name, version: base.manifest.version }] },
        modelCard: card(release),
        properties,
      },
    },
    components: [
      {
        type: "machine-learning-model",
        "bom-ref": parent,
        name: base.manifest.name,
        version: base.manifest.version,
        description: base.manifest.title,
        licenses: [{ license: { name: base.manifest.licence } }],
        hashes: [{ alg: "SHA-256", content: base.manifest.weights.digest }],
      },
      ...release.files.map((file) => ({
        type: "file",
        "bom-ref": `file:${file.name}`,
        name: file.name,
        hashes: [{ alg: "SHA-256", content: file.sha256 }],
      })),
    ],
    dependencies: [
      { ref: model, dependsOn: [parent] },
      { ref: parent, dependsOn: [] },
    ],
  };
}

function card(release: DescribedRelease): object {
  const { plan, manifest, view } = release;
  const measured = figuresOf(release).filter(({ split, model, value }) => split === "test" && model === "federated" && value !== null);
  return {
    modelParameters: {
      approach: { type: "supervised" },
      task: kindOf(plan.data.label),
      datasets: contributors(release).map((site) => ({
        type: "dataset",
        name: `patients of ${site}`,
        classification: "personal health data",
        description: `Records that the plan declares; they stayed at ${site}.`,
      })),
      inputs: manifest.inputs.map(({ field, kind }) => ({ format: `${field} (${kind})` })),
      outputs: outputNames(manifest.label).map((format) => ({ format })),
    },
    quantitativeAnalysis: { performanceMetrics: measured.map(performance) },
    considerations: {
      useCases: [plan.purpose],
      technicalLimitations: [`Measured on test patients of the ${view.sites.length} sites of its run alone.`],
    },
    properties: [{ name: "engraft.predicts", value: labelInWords(plan.data.label) }],
  };
}

function performance({ metric, value, interval, site, n }: Figure): object {
  const slice = `${n} test patients of ${site ?? "all sites together"}`;
  const confidence = interval === null ? {} : { confidenceInterval: { lowerBound: String(interval[0]), upperBound: String(interval[1]) } };
  return { type: metric, value: String(value), slice, ...confidence };
}
