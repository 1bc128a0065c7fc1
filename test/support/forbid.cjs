/**
 * Loaded into programs by NODE_OPTIONS=--require: what ENGRAFT_TEST_FORBID names cannot be used in them, so that a test sees that
 * it is not needed. "native": TensorFlow.js's native build; "inference": ONNX Runtime.
 */
const Module = require("node:module");
const path = require("node:path");

const forbidden = (process.env.ENGRAFT_TEST_FORBID ?? "").split(",");

if (forbidden.includes("native")) {
  const load = Module._load;
  Module._load = function (request, ...rest) {
    if (request === "@tensorflow/tfjs-node") throw new Error("forbidden by the test: native");
    return load.call(this, request, ...rest);
  };
}

if (forbidden.includes("inference")) {
  // The class that onnxruntime-node gives on, found as the engine finds it.
  const runtime = Module.createRequire(path.join(__dirname, "../../packages/engine/package.json")).resolve("onnxruntime-node");
  const { InferenceSession } = Module.createRequire(runtime)("onnxruntime-common");
  Object.defineProperty(InferenceSession, "create", { value: () => Promise.reject(new Error("forbidden by the test: inference")) });
}
