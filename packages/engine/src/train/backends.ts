/** Which engine this thread trains with: the first that loads and does one real training step. */
import { EngraftError } from "@engraft/core/base/errors";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
// For its side effect: it registers the gradients of every operation, which tfjs-core's build for Node leaves out.
import "@tensorflow/tfjs-layers";
import { join } from "node:path";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { wantedBackends } from "../native/wanted.ts";
import { loadNative, loadNativeGpu } from "../native/load.ts";
import { packageFolder } from "../native/place.ts";
import { targetsOfLoss } from "./loss.ts";
import { startState } from "./optimizer.ts";
import { tfjsTrainer } from "./tfjs.ts";
import type { Backend, CompileOptions, Trainer } from "./trainer.ts";

export type { Backend } from "./trainer.ts";

/** Loads a backend and makes it the current one. Says why where it cannot be used here; throws where it is broken. */
async function load(backend: Exclude<Backend, "onnx">): Promise<string | undefined> {
  // Silences tfjs's advice to install its native build; the choice is made here.
  tf.enableProdMode();
  const started = async (name: string): Promise<string | undefined> => ((await tf.setBackend(name)) ? undefined : "it does not start");
  switch (backend) {
    case "native-gpu":
      return loadNativeGpu();
    case "native":
      return loadNative();
    case "wasm": {
      const wasm = await import("@tensorflow/tfjs-backend-wasm");
      wasm.setWasmPaths(join(packageFolder("@tensorflow/tfjs-backend-wasm"), "wasm-out/"));
      return started("wasm");
    }
    case "cpu":
      await import("@tensorflow/tfjs-backend-cpu");
      return started("cpu");
    default:
      return backend satisfies never;
  }
}

/** The trainer, or why there is none here. */
async function trainerOn(backend: Backend): Promise<Trainer | string> {
  if (backend !== "onnx") return (await load(backend)) ?? tfjsTrainer(backend);
  // Loaded late, like every engine's native part.
  const [{ onnxTrainer }, { blockHere }] = await Promise.all([import("./onnx/trainer.ts"), import("../onnx/blocked/probe.ts")]);
  return onnxTrainer({ block: await blockHere() });
}

/** One training step on zeros. Throws where the backend lacks an operation that the model needs. */
async function tryStep(
  trainer: Trainer,
  architecture: Architecture,
  tensors: ReadonlyMap<string, Float32Array>,
  options: CompileOptions,
): Promise<void> {
  const model = trainer.compile(architecture, tensors, options);
  try {
    const state = startState(flatten(trainedTensors(tensorsOf(architecture), options.trainable), tensors), options);
    const [x, y] = [sizeOfShape(inputShape(architecture)), targetsOfLoss(options.loss)].map(
      (width) => new Float32Array(options.batch * width),
    );
    await model.step(x as Float32Array, y as Float32Array, state);
  } finally {
    model.dispose();
  }
}

/**
 * The trainer for this thread. `tf` keeps one backend for each thread, so this is called once in each.
 * Throws `training-failed` where no backend can train the model, with every backend's reason.
 */
export async function chooseTrainer(
  architecture: Architecture,
  tensors: ReadonlyMap<string, Float32Array>,
  options: CompileOptions,
  backends: readonly Backend[] = wantedBackends(),
): Promise<Trainer> {
  const reasons: string[] = [];
  for (const backend of backends) {
    try {
      const trainer = await trainerOn(backend);
      if (typeof trainer === "string") {
        reasons.push(`${backend}: ${trainer}`);
        continue;
      }
      await tryStep(trainer, architecture, tensors, options);
      return trainer;
    } catch (error) {
      reasons.push(`${backend}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new EngraftError("training-failed", `No engine can train this model on this machine (${reasons.join("; ")}).`);
}
