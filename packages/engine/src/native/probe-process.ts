/** Entry point of the process that tries an engine: answers one request and ends. */
import { sizeOf, flatten, trainedTensors, type TensorSpec } from "@engraft/core/models/tensors";
import { untrained } from "../architectures/untrained.ts";
import { randomFrom } from "../base/random.ts";
import { inputShape, sizeOfShape, type Architecture } from "../ir/layers.ts";
import { tensorsOf } from "../ir/parameters.ts";
import { chooseTrainer, type Backend } from "../train/backends.ts";
import { lossOf } from "../train/label-loss.ts";
import { targetsOfLoss } from "../train/loss.ts";
import { startState } from "../train/optimizer.ts";
import { compileOptionsOf, type CompileOptions } from "../train/trainer.ts";
import { FLOAT, writeOnnx } from "../onnx/file.ts";
import type { ProbeAnswer, ProbeRequest } from "./probe.ts";
import { trainedPart } from "./trained-part.ts";

const SMALL = untrained("mlp", [4]);
const SMALL_OPTIONS: CompileOptions = {
  trainable: { part: "all" },
  batch: 4,
  optimizer: { name: "adam", learningRate: 0.01 },
  weightDecay: 0,
  loss: { kind: "sigmoid", outputs: 1 },
};

/** The first step may compile; the median of those after it counts. */
const TIMED = 3;

async function trySteps(architecture: Architecture, options: CompileOptions, backends?: readonly Backend[]): Promise<ProbeAnswer> {
  const random = randomFrom(["probe"]);
  // Not negative, as variances are.
  const values = (length: number): Float32Array => Float32Array.from({ length }, () => 0.1 * random.uniform());
  const specs: readonly TensorSpec[] = tensorsOf(architecture);
  const tensors = new Map(specs.map((spec) => [spec.name, values(sizeOf(spec))]));
  const trainer = await chooseTrainer(architecture, tensors, options, backends);
  const model = trainer.compile(architecture, tensors, options);
  const state = startState(flatten(trainedTensors(specs, options.trainable), tensors), options);
  const x = values(options.batch * sizeOfShape(inputShape(architecture)));
  const y = new Float32Array(options.batch * targetsOfLoss(options.loss));
  const times: number[] = [];
  for (let step = 0; step <= TIMED; step++) {
    const begin = performance.now();
    await model.step(x, y, state);
    if (step > 0) times.push(performance.now() - begin);
  }
  model.dispose();
  times.sort((a, b) => a - b);
  // maxRSS is in KiB on every system.
  return {
    ok: true,
    engine: trainer.name,
    backend: trainer.backend,
    stepMs: times[1] as number,
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
}

async function tryProvider(provider: string): Promise<ProbeAnswer> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const dims = (...sizes: number[]) => ({ tensor_type: { elem_type: FLOAT, shape: { dim: sizes.map((size) => ({ dim_value: size })) } } });
  const bytes = writeOnnx({
    ir_version: 8,
    opset_import: [{ domain: "", version: 13 }],
    graph: {
      name: "probe",
      node: [{ op_type: "MatMul", input: ["x", "x"], output: ["y"] }],
      input: [{ name: "x", type: dims(2, 2) }],
      output: [{ name: "y", type: dims(2, 2) }],
    },
  });
  const session = await InferenceSession.create(bytes, { executionProviders: [provider], logSeverityLevel: 4 });
  const begin = performance.now();
  const { y } = await session.run({ x: new Tensor("float32", Float32Array.of(1, 2, 3, 4), [2, 2]) });
  if (String(y?.data) !== "7,10,15,22") return { ok: false, reason: "it computes wrongly" };
  return {
    ok: true,
    engine: `onnxruntime ${provider}`,
    backend: "onnx",
    stepMs: performance.now() - begin,
    peakBytes: 1024 * process.resourceUsage().maxRSS,
  };
}

async function answer(request: ProbeRequest): Promise<ProbeAnswer> {
  switch (request.what) {
    case "backend":
      return trySteps(SMALL, SMALL_OPTIONS, [request.backend]);
    case "provider":
      return tryProvider(request.provider);
    case "plan": {
      const options = compileOptionsOf(request.training, lossOf(request.manifest.label));
      return trySteps(trainedPart(request.manifest, options.trainable), options, request.backends);
    }
    default:
      return request satisfies never;
  }
}

process.once("message", (request: ProbeRequest) => {
  answer(request)
    .catch((error: unknown): ProbeAnswer => ({
      ok: false,
      reason: error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error),
    }))
    .then((said) => process.send?.(said))
    .catch(() => process.exit(1));
});
