/** Which TensorFlow.js backend this thread uses: the first that loads and does one real training step. */
import { EngraftError } from "@engraft/core/base/errors";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import * as tf from "@tensorflow/tfjs-core";
// For its side effect: it registers the gradients of every operation, which tfjs-core's build for Node leaves out.
import "@tensorflow/tfjs-layers";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import util from "node:util";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { startState } from "./optimizer.ts";
import { tfjsTrainer } from "./tfjs.ts";
import type { CompileOptions, Trainer } from "./trainer.ts";

export type Backend = "native" | "wasm" | "cpu";

const require = createRequire(import.meta.url);

const folderOf = (name: string): string => dirname(require.resolve(`${name}/package.json`));

/** Loads a backend and makes it the current one; false where it cannot be used here. */
async function load(backend: Backend): Promise<boolean> {
  // Silences tfjs's advice to install its native build; the choice is made here.
  tf.enableProdMode();
  switch (backend) {
    case "native": {
      // Looked for before it is required: without its binding the package takes half a second to say so.
      const folder = join(folderOf("@tensorflow/tfjs-node"), "lib");
      if (!existsSync(folder) || !readdirSync(folder).some((name) => existsSync(join(folder, name, "tfjs_binding.node")))) return false;
      process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
      // Node 23 removed two functions that tfjs-node 4.22 calls.
      const removed = util as unknown as Record<string, unknown>;
      removed["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
      removed["isArray"] ??= Array.isArray;
      require("@tensorflow/tfjs-node");
      return tf.setBackend("tensorflow");
    }
    case "wasm": {
      const wasm = await import("@tensorflow/tfjs-backend-wasm");
      wasm.setWasmPaths(join(folderOf("@tensorflow/tfjs-backend-wasm"), "wasm-out/"));
      return tf.setBackend("wasm");
    }
    case "cpu":
      await import("@tensorflow/tfjs-backend-cpu");
      return tf.setBackend("cpu");
    default:
      return backend satisfies never;
  }
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
    await model.step(new Float32Array(options.batch * sizeOfShape(inputShape(architecture))), new Float32Array(options.batch), state);
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
  backends: readonly Backend[] = ["native", "wasm", "cpu"],
): Promise<Trainer> {
  const reasons: string[] = [];
  for (const backend of backends) {
    try {
      if (!(await load(backend))) {
        reasons.push(`${backend}: not installed`);
        continue;
      }
      const trainer = tfjsTrainer(backend);
      await tryStep(trainer, architecture, tensors, options);
      return trainer;
    } catch (error) {
      reasons.push(`${backend}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new EngraftError("training-failed", `No engine can train this model on this machine (${reasons.join("; ")}).`);
}
