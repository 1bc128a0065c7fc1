/** The engines that `train` measures, by name. */
import { chooseTrainer, type Backend } from "@engraft/engine/train/backends";
import { onnxTrainer } from "@engraft/engine/train/onnx/trainer";
import type { CompileOptions, Trainer } from "@engraft/engine/train/trainer";
import type { NetworkCase } from "../../support/torch-network.ts";

type Open = (network: NetworkCase, options: CompileOptions) => Promise<Trainer>;

const tfjs =
  (backends?: readonly Backend[]): Open =>
  ({ architecture, tensors }, options) =>
    chooseTrainer(architecture, tensors, options, backends);

const OPENERS: Readonly<Record<string, Open>> = {
  /** What a site takes by itself. */
  site: tfjs(),
  onnx: tfjs(["onnx"]),
  "onnx standard": async () => onnxTrainer({ block: 0 }),
  "onnx wasm": async () => {
    const { InferenceSession } = await import("onnxruntime-web");
    return { ...onnxTrainer({ block: 0, create: (file, options) => InferenceSession.create(file, options) }), name: "onnx wasm" };
  },
  "tfjs native": tfjs(["native"]),
  "tfjs wasm": tfjs(["wasm"]),
};

export const ENGINES: readonly string[] = Object.keys(OPENERS);

/** Rejects where the engine cannot train the network here. */
export const openEngine = (name: string, network: NetworkCase, options: CompileOptions): Promise<Trainer> =>
  (OPENERS[name] as Open)(network, options);
