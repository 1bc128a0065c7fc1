/** What each engine of this machine really does, told by one real step of each. */
import { wantedBackends, wantedGpu, wantedProviders, type Gpu } from "./wanted.ts";
import { findAddon } from "./place.ts";
import { probe, type ProbeAnswer } from "./probe.ts";

export interface EngineStatus {
  readonly engine: "tfjs" | "onnxruntime";
  readonly name: string;
  /** Where nothing of the plan forbids it, the first of its engine that works is used. */
  readonly used: boolean;
  readonly works: boolean;
  /** Why not; null where it works. */
  readonly reason: string | null;
}

export interface EnginesReport {
  readonly gpu: Gpu | null;
  /** The native engine's addon; null where there is none. */
  readonly addon: string | null;
  readonly engines: readonly EngineStatus[];
}

/** One after the other: each takes memory. */
export async function engineStatus(): Promise<EnginesReport> {
  const gpu = wantedGpu();
  const backends = wantedBackends(gpu);
  const tfjs: { name: string; answer: ProbeAnswer }[] = [];
  for (const backend of backends.filter((name) => name !== "onnx"))
    tfjs.push({ name: backend, answer: await probe({ what: "backend", backend }) });
  const providers: { name: string; answer: ProbeAnswer }[] = [];
  for (const provider of wantedProviders(gpu)) providers.push({ name: provider, answer: await probe({ what: "provider", provider }) });
  const training = [{ name: "training", answer: await probe({ what: "backend", backend: "onnx" }) }];
  return {
    gpu: gpu ?? null,
    addon: findAddon() ?? null,
    engines: [...statuses("tfjs", tfjs), ...statuses("onnxruntime", training), ...statuses("onnxruntime", providers)],
  };
}

function statuses(
  engine: EngineStatus["engine"],
  tried: readonly { readonly name: string; readonly answer: ProbeAnswer }[],
): readonly EngineStatus[] {
  const first = tried.find(({ answer }) => answer.ok);
  return tried.map((one) => ({
    engine,
    name: one.name,
    used: one === first,
    works: one.answer.ok,
    reason: one.answer.ok ? null : one.answer.reason.replace(/^No engine can train this model on this machine \(\S+: (.*)\)\.$/, "$1"),
  }));
}
