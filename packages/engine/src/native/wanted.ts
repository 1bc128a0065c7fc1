/** Which engine and which graphics processor this site's people have asked for: settings `engine` and `gpu` of the agent, here as ENGRAFT_ENGINE and ENGRAFT_GPU. */
import { EngraftError } from "@engraft/core/base/errors";
import type { InferenceSession } from "onnxruntime-node";
import type { Backend } from "../train/trainer.ts";

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

export const ENGINES = ["onnx", "native", "wasm", "cpu"] as const satisfies readonly Backend[];

/** Undefined where none is asked for. Throws `bad-config`. */
export function wantedEngine(env: Readonly<Record<string, string | undefined>> = process.env): Backend | undefined {
  const wanted = env["ENGRAFT_ENGINE"];
  if (wanted === undefined || wanted === "") return undefined;
  const engine = ENGINES.find((name) => name === wanted);
  if (engine === undefined) throw new EngraftError("bad-config", `The setting engine is "${wanted}"; it can be ${ENGINES.join(", ")}.`);
  return engine;
}

/**
 * Engines in the order in which they are tried. It does not depend on their speed of the moment: a round that is trained again after a crash
 * must end with the same bits, and engines differ in the last ones. So a plan's engine is chosen once, when it is approved (native/trial.ts).
 */
export function wantedBackends(gpu = wantedGpu(), engine = wantedEngine()): readonly Backend[] {
  const order: readonly Backend[] = [...(gpu === "cuda" ? (["native-gpu"] as const) : []), ...ENGINES];
  return engine === undefined ? order : [engine, ...order.filter((other) => other !== engine)];
}

/** ONNX Runtime's providers in the order in which they are tried. */
export const wantedProviders = (gpu = wantedGpu()): readonly string[] => [...(gpu === undefined ? [] : [PROVIDERS[gpu]]), "cpu"];

/** How many threads of the processor the site's people let ONNX Runtime use: ENGRAFT_THREADS, which the agent sets before it opens a model. */
export function threadOptions(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Pick<InferenceSession.SessionOptions, "intraOpNumThreads" | "interOpNumThreads"> {
  const threads = Number(env["ENGRAFT_THREADS"] ?? 0);
  return Number.isInteger(threads) && threads > 0 ? { intraOpNumThreads: threads, interOpNumThreads: 1 } : {};
}

/** A session on the first provider that starts; the last one's failure is thrown. */
export async function startSession(
  create: (options: InferenceSession.SessionOptions) => Promise<InferenceSession>,
  providers = wantedProviders(),
): Promise<InferenceSession> {
  for (const [index, provider] of providers.entries()) {
    try {
      return await create({ executionProviders: [provider], logSeverityLevel: 3, ...threadOptions() });
    } catch (error) {
      if (index === providers.length - 1) throw error;
    }
  }
  throw new Error("Bug: no provider was named");
}
