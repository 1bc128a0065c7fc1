/** Which graphics processor this site's people have asked for: setting `gpu` of the agent, here as ENGRAFT_GPU. */
import { EngraftError } from "@engraft/core/base/errors";
import type { InferenceSession } from "onnxruntime-node";
import type { Backend } from "../train/backends.ts";

export const GPUS = ["cuda", "directml", "coreml"] as const;
export type Gpu = (typeof GPUS)[number];

const PROVIDERS: Readonly<Record<Gpu, string>> = { cuda: "cuda", directml: "dml", coreml: "coreml" };

/** Undefined where none is asked for. Throws `bad-config`. */
export function wantedGpu(env: Readonly<Record<string, string | undefined>> = process.env): Gpu | undefined {
  const wanted = env["ENGRAFT_GPU"];
  if (wanted === undefined || wanted === "" || wanted === "none") return undefined;
  const gpu = GPUS.find((name) => name === wanted);
  if (gpu === undefined) throw new EngraftError("bad-config", `The setting gpu is "${wanted}"; it can be ${GPUS.join(", ")} or none.`);
  return gpu;
}

/** TensorFlow's backends in the order in which they are tried. */
export const wantedBackends = (gpu = wantedGpu()): readonly Backend[] => [
  ...(gpu === "cuda" ? (["native-gpu"] as const) : []),
  "native",
  "wasm",
  "cpu",
];

/** ONNX Runtime's providers in the order in which they are tried. */
export const wantedProviders = (gpu = wantedGpu()): readonly string[] => [...(gpu === undefined ? [] : [PROVIDERS[gpu]]), "cpu"];

/** A session on the first provider that starts; the last one's failure is thrown. */
export async function startSession(
  create: (options: InferenceSession.SessionOptions) => Promise<InferenceSession>,
  providers = wantedProviders(),
): Promise<InferenceSession> {
  for (const [index, provider] of providers.entries()) {
    try {
      return await create({ executionProviders: [provider], logSeverityLevel: 3 });
    } catch (error) {
      if (index === providers.length - 1) throw error;
    }
  }
  throw new Error("Bug: no provider was named");
}
