/**
 * The base model that the Cleveland Clinic could have published: a small network trained on Cleveland's training patients
 * only. Built on tfjs's plain JavaScript backend, which has no SIMD and no threads: the same bytes on every machine whose
 * V8 rounds exp and log1p alike (they are software in V8, a port of fdlibm, and the same in Node 20, 22 and 24).
 */
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest, type InputRule } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { flatten, unflatten } from "@engraft/core/models/tensors";
import { randomFrom } from "@engraft/engine/base/random";
import type { TableDeclaration } from "@engraft/engine/data/declaration";
import { inputWidth, samplesOf, type Samples } from "@engraft/engine/data/samples";
import { PARTS } from "@engraft/engine/data/split";
import { readTable, type Table } from "@engraft/engine/data/table";
import type { Architecture } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { chooseTrainer } from "@engraft/engine/train/backends";
import { batchesOf } from "@engraft/engine/train/batches";
import { lossOf } from "@engraft/engine/train/label-loss";
import { startState } from "@engraft/engine/train/optimizer";
import { codesOf, FIELDS, flagsMissing, LABEL, SPLIT } from "./definition.ts";

const DATA = { fields: [...FIELDS], label: LABEL, split: SPLIT };

/** Chosen by the loss on Cleveland's validation patients, among 72 settings (hidden 16, 32-16, 64; rate, penalty, updates). */
export const BASE_TRAINING = { hidden: [32, 16], updates: 100, batch: 32, learningRate: 0.001, weightDecay: 0.01, seed: 1 };
export type BaseTraining = typeof BASE_TRAINING;

const round = (value: number): number => Number(value.toPrecision(6));

/** The rule for one field, its constants from the values of Cleveland's training patients. */
function inputRule(field: (typeof FIELDS)[number], values: readonly number[]): InputRule {
  const flagMissing = flagsMissing(field);
  const known = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (field.kind === "category") {
    const counts = field.values.map((_, index) => known.filter((value) => value === index).length);
    const fill = field.values[counts.indexOf(Math.max(...counts))]?.code ?? "";
    return { kind: "one-hot", field: field.name, codes: codesOf(field), fill, flagMissing };
  }
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
  const median = known[Math.floor(known.length / 2)] as number;
  return { kind: "standardise", field: field.name, mean: round(mean), sd: round(Math.sqrt(variance)), fill: median, flagMissing };
}

function inputRules(table: Table): InputRule[] {
  const training = [...table.parts].map((part) => PARTS[part] === "train");
  return FIELDS.map((field, index) =>
    inputRule(
      field,
      [...(table.columns[index] ?? [])].filter((_, row) => training[table.patientOf[row] as number]),
    ),
  );
}

function architecture(input: number, hidden: readonly number[]): Architecture {
  const widths = [input, ...hidden, 1];
  return {
    format: "engraft.layers/1",
    input,
    output: "binary-logit",
    layers: widths
      .slice(1)
      .flatMap((out, index) => [
        { kind: "dense" as const, name: `dense_${index + 1}`, in: widths[index] as number, out },
        ...(index < hidden.length ? [{ kind: "activation" as const, name: `relu_${index + 1}`, function: "relu" as const }] : []),
      ]),
  };
}

/** Glorot uniform; biases are 0, and so are the first layer's rows of inputs that never vary here (a flag of a field that Cleveland always recorded): training could not correct a random value there. */
function initialTensors(model: Architecture, samples: Samples, seed: number): Map<string, Float32Array> {
  const random = randomFrom(["heart base", seed]);
  const varies = (input: number): boolean =>
    Array.from({ length: samples.rows }, (_, row) => samples.x[row * samples.width + input]).some((value) => value !== samples.x[input]);
  return new Map(
    tensorsOf(model).map((spec, index) => {
      const [rows, columns] = spec.shape;
      if (rows === undefined || columns === undefined) return [spec.name, new Float32Array(rows ?? 0)];
      const limit = Math.sqrt(6 / (rows + columns));
      const kept = Array.from({ length: rows }, (_, row) => index > 0 || varies(row));
      return [
        spec.name,
        Float32Array.from({ length: rows * columns }, () => (2 * random.uniform() - 1) * limit).map((value, at) =>
          kept[Math.floor(at / columns)] ? value : 0,
        ),
      ];
    }),
  );
}

async function trainOn(model: Architecture, samples: Samples, settings: BaseTraining): Promise<ReadonlyMap<string, Float32Array>> {
  const specs = tensorsOf(model);
  const tensors = initialTensors(model, samples, settings.seed);
  const options = {
    trainable: { part: "all" as const },
    batch: settings.batch,
    optimizer: { name: "adam" as const, learningRate: settings.learningRate },
    weightDecay: settings.weightDecay,
    loss: lossOf(LABEL),
  };
  const trainer = await chooseTrainer(model, tensors, options, ["cpu"]);
  const compiled = trainer.compile(model, tensors, options);
  const state = startState(flatten(specs, tensors), options);
  const next = batchesOf(samples, settings.batch, randomFrom(["heart base order", settings.seed]));
  for (let update = 0; update < settings.updates; update++) {
    const { x, y } = next();
    await compiled.step(x, y, state);
  }
  compiled.dispose();
  return unflatten(specs, state.parameters);
}

/** Manifest and weights file, from Cleveland's table. */
export async function buildBase(
  cleveland: TableDeclaration,
  settings: BaseTraining = BASE_TRAINING,
): Promise<{ readonly manifest: Manifest; readonly weights: Uint8Array }> {
  const { table } = await readTable(cleveland, DATA);
  const inputs = inputRules(table);
  const model = architecture(inputWidth({ inputs }), settings.hidden);
  const samples = samplesOf(table, DATA, { inputs }, "train");
  const tensors = await trainOn(model, samples, settings);
  const weights = writeSafetensors(tensorsOf(model), tensors);
  const manifest = Manifest.parse({
    format: "engraft.base/1",
    name: "heart-cleveland",
    version: "1.0",
    title: "Coronary disease, Cleveland",
    description: `Probability of a coronary artery narrowed by more than half, from age, sex, symptoms, resting and exercise findings. A network of ${settings.hidden.join(" and ")} units trained on ${samples.rows} patients of 1988. For demonstration; not for care.`,
    licence: "CC BY 4.0",
    origin:
      "Trained by `npm run example:base` on the training patients of the Cleveland Clinic Foundation's table in the UCI Heart Disease data (Janosi, Steinbrunn, Pfisterer, Detrano; CC BY 4.0). Validation and test patients were not used for training.",
    fields: FIELDS,
    inputs,
    label: LABEL,
    split: SPLIT,
    architecture: model,
    tensors: tensorsOf(model),
    weights: { digest: sha256(weights), bytes: weights.byteLength },
  });
  return { manifest, weights };
}
