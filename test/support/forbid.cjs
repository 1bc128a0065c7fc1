/**
 * Loaded into programs by NODE_OPTIONS=--require: what ENGRAFT_TEST_FORBID names cannot be used in them, so that a test sees that
 * it is not needed. "native": TensorFlow.js's native build; "inference": ONNX Runtime, but for
 * a single sample.
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
  const { create } = InferenceSession;
  // One sample is what a base is checked with when it is opened.
  const checkOnly = (session) => {
    const { run } = session;
    session.run = (feeds, ...rest) => {
      const samples = Object.values(feeds)[0].dims[0];
      return samples === 1 ? run.call(session, feeds, ...rest) : Promise.reject(new Error("forbidden by the test: inference"));
    };
    return session;
  };
  Object.defineProperty(InferenceSession, "create", { value: (...args) => create.apply(InferenceSession, args).then(checkOnly) });
}
