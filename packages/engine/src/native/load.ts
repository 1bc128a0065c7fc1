/** Loads TensorFlow's own library into this thread, as a backend of TensorFlow.js. */
import * as tf from "@tensorflow/tfjs-core";
import { createRequire } from "node:module";
import util from "node:util";
import { findAddon } from "./place.ts";

const require = createRequire(import.meta.url);

function prepare(): void {
  process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
  // Node 23 removed two functions that tfjs-node 4.22 calls.
  const removed = util as unknown as Record<string, unknown>;
  removed["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  removed["isArray"] ??= Array.isArray;
}

/** Undefined where it runs now, else why not. Throws where it is there but does not load. */
export async function loadNative(addon = findAddon()): Promise<string | undefined> {
  if (addon === undefined) return 'not installed; "engraft-site engine install" installs it';
  prepare();
  // What the package's own entry does, but with an addon that may lie elsewhere.
  require("@tensorflow/tfjs-node/dist/register_all_kernels");
  const { NodeJSKernelBackend } = require("@tensorflow/tfjs-node/dist/nodejs_kernel_backend") as {
    readonly NodeJSKernelBackend: new (bindings: unknown, packageName: string) => tf.KernelBackend;
  };
  const bindings: unknown = require(addon);
  if (tf.findBackendFactory("tensorflow") === null)
    tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(bindings, "@tensorflow/tfjs-node"), 3);
  return (await tf.setBackend("tensorflow")) ? undefined : "its backend does not start";
}

/** The same on a CUDA device, by a package that the hospital installs itself. */
export async function loadNativeGpu(): Promise<string | undefined> {
  const name = "@tensorflow/tfjs-node-gpu";
  try {
    require.resolve(`${name}/package.json`);
  } catch {
    return `${name} is not installed beside Engraft`;
  }
  prepare();
  require(name);
  if (!(await tf.setBackend("tensorflow"))) return "its backend does not start";
  // It takes the processor without a word where it finds no device.
  return (tf.backend() as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true ? undefined : "TensorFlow finds no CUDA device";
}
