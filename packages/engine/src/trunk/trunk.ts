/** The frozen part of a base, run by ONNX Runtime. */
import { EngraftError, isRefusal, type Refusal } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Trunk } from "@engraft/core/models/manifest";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Shape } from "../ir/layers.ts";
import { startSession } from "../native/wanted.ts";
import { checkOnnx } from "./check-onnx.ts";
import { readOnnx, type OnnxModel } from "../onnx/file.ts";
import { pooled } from "./pool.ts";
import { differsFromReference, referenceInput } from "./reference.ts";

/** Samples in one run where the graph leaves that open. */
const BATCH = 32;

export interface RunningTrunk {
  /** Numbers in one sample's input. */
  readonly inputSize: number;
  /** Features of `count` samples, count x width. */
  run(samples: Float32Array, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

type Asked = Pick<Trunk, "input" | "output">;

/** Reads and checks a file. Throws `bad-input`. */
export function usableOnnx(bytes: Uint8Array): OnnxModel {
  const model = readOnnx(bytes);
  const refused = checkOnnx(model, bytes.byteLength);
  if (isRefusal(refused)) throw new EngraftError(refused.code, refused.text);
  return model;
}

/** Starts a trunk whose file was checked; `shape` of a sample is channels first. Throws `bad-input` where it does not compute. */
export async function startTrunk(bytes: Uint8Array, model: OnnxModel, { input, output }: Asked, shape: Shape): Promise<RunningTrunk> {
  const dims = input.layout === "nchw" ? shape : [...shape.slice(1), shape[0] as number];
  const session = await startSession((options) => InferenceSession.create(bytes, options)).catch((cause: unknown) => {
    throw new EngraftError("bad-input", `ONNX Runtime does not take the trunk: ${textOf(cause)}`, { cause });
  });
  const fixed = model.graph.input.find(({ name }) => name === input.name)?.type?.tensor_type?.shape?.dim[0]?.dim_value ?? 0;
  const batch = fixed > 0 ? fixed : BATCH;
  const inputSize = dims.reduce((product, dimension) => product * dimension, 1);

  const runBatch = async (samples: Float32Array, count: number): Promise<Float32Array> => {
    const rows = fixed > 0 ? fixed : count;
    const fed = rows === count ? samples : padded(samples, rows * inputSize);
    const outputs = await session.run({ [input.name]: new Tensor("float32", fed, [rows, ...dims]) }, [output.name]);
    const tensor = outputs[output.name];
    if (tensor?.type !== "float32") throw new EngraftError("bad-input", `The trunk's output "${output.name}" holds no float32 numbers.`);
    const features = pooled(tensor.data as Float32Array, tensor.dims, rows, output.pool);
    return features.subarray(0, (features.length / rows) * count);
  };
  return {
    inputSize,
    run: async (samples, count) => {
      const parts: Float32Array[] = [];
      for (let from = 0; from < count; from += batch) {
        const some = Math.min(batch, count - from);
        parts.push(await runBatch(samples.slice(from * inputSize, (from + some) * inputSize), some));
      }
      return joined(parts);
    },
    close: () => session.release(),
  };
}

/**
 * The trunk of a manifest, ready to run: its digest, its content and its features of the reference input are checked.
 * Throws `digest-mismatch` or `bad-input`.
 */
export async function openTrunk(trunk: Trunk, shape: Shape, bytes: Uint8Array): Promise<RunningTrunk> {
  if (sha256(bytes) !== trunk.onnx.digest) {
    throw new EngraftError("digest-mismatch", "The trunk's file is not the one that the manifest names. Fetch it again.");
  }
  const running = await startTrunk(bytes, usableOnnx(bytes), trunk, shape);
  const features = await running.run(referenceInput(running.inputSize), 1);
  const wrong: Refusal | undefined = differsFromReference(trunk, features);
  if (wrong === undefined) return running;
  await running.close();
  throw new EngraftError(wrong.code, wrong.text);
}

const padded = (values: Float32Array, length: number): Float32Array => {
  const all = new Float32Array(length);
  all.set(values);
  return all;
};

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)).slice(0, 200);
