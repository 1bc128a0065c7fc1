/** Logits of a converted model by both engines, for samples as Keras has them: channels last. */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect } from "vitest";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { inputShape, sizeOfShape, type Architecture, type LayerOf } from "../../ir/layers.ts";
import { tensorsOf } from "../../ir/parameters.ts";
import { chooseTrainer } from "../../train/backends.ts";
import { GRAPH_INPUT, GRAPH_OUTPUT, onnxOf } from "../../trunk/lower.ts";
import type { Converted } from "./convert.ts";

export interface Figures {
  readonly shape: readonly number[];
  readonly input: readonly number[];
  readonly logits: readonly number[];
}

const folder = new URL("../../../../../test/vectors/keras-models/", import.meta.url);
export const vector = (file: string): Uint8Array => readFileSync(new URL(file, folder));
export const figures = (): Readonly<Record<string, Figures>> =>
  JSON.parse(new TextDecoder().decode(vector("figures.json"))) as Record<string, Figures>;

/** Channels first and scaled as the model would. */
export function samplesOf(
  { architecture, scaled }: Pick<Converted, "architecture" | "scaled">,
  { shape, input }: Pick<Figures, "shape" | "input">,
): Float32Array {
  const [channels, each] = [shape.at(-1) as number, sizeOfShape(inputShape(architecture))];
  const space = each / channels;
  return Float32Array.from(input, (_, at) => {
    const [sample, rest] = [Math.floor(at / each), at % each];
    const [channel, place] = [Math.floor(rest / space), rest % space];
    const value = input[sample * each + place * channels + channel] as number;
    return scaled === undefined ? value : value * (scaled.scale[channel] as number) + (scaled.offset[channel] as number);
  });
}

export async function byOnnx({ architecture, tensors }: Converted, x: Float32Array, rows: number): Promise<Float32Array> {
  const session = await InferenceSession.create(onnxOf(architecture, tensors));
  const outputs = await session.run({ [GRAPH_INPUT]: new Tensor("float32", x, [rows, ...inputShape(architecture)]) });
  await session.release();
  return Float32Array.from(outputs[GRAPH_OUTPUT]?.data as Float32Array);
}

/** TensorFlow.js trains one logit: each in turn has the network for itself. */
export async function byTensorFlow({ architecture, tensors }: Converted, x: Float32Array, rows: number): Promise<Float32Array> {
  const last = architecture.layers.at(-1) as LayerOf<"dense">;
  const options = {
    batch: rows,
    optimizer: { name: "sgd", learningRate: 1, momentum: 0 },
    weightDecay: 0,
    loss: { kind: "sigmoid", outputs: 1 },
    trainable: { part: "head" },
  } as const;
  const result = new Float32Array(rows * last.out);
  for (let logit = 0; logit < last.out; logit++) {
    const one: Architecture = { ...architecture, layers: [...architecture.layers.slice(0, -1), { ...last, out: 1 }] };
    const column = (part: string): Float32Array =>
      (tensors.get(`${last.name}/${part}`) as Float32Array).filter((_, at) => at % last.out === logit);
    const own = new Map([...tensors, [`${last.name}/kernel`, column("kernel")], [`${last.name}/bias`, column("bias")]]);
    const model = (await chooseTrainer(one, own, options, ["cpu"])).compile(one, own, options);
    const logits = await model.logits(x, rows, flatten(trainedTensors(tensorsOf(one), { part: "head" }), own));
    for (const [row, value] of logits.entries()) result[row * last.out + logit] = value;
    model.dispose();
  }
  return result;
}

/** The largest difference; every number must be one. */
export function distance(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...expected.map((value, at) => Math.abs(value - (actual[at] as number))));
}
