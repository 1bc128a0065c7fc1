/**
 * Tries an engine in a process of its own: native code that this processor cannot run, or a model that does not fit into memory,
 * ends that process and nothing else.
 */
import type { Manifest } from "@engraft/core/models/manifest";
import type { Plan } from "@engraft/core/models/plan";
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import type { Backend } from "../train/trainer.ts";

export type ProbeRequest =
  /** One training step of a small model on one backend. */
  | { readonly what: "backend"; readonly backend: Backend }
  /** One run of a small graph on one provider of ONNX Runtime. */
  | { readonly what: "provider"; readonly provider: string }
  /** Training steps as the plan asks for, on a batch of zeros. */
  | { readonly what: "plan"; readonly manifest: Manifest; readonly training: Plan["training"]; readonly backends?: readonly Backend[] };

export type ProbeAnswer =
  | { readonly ok: true; readonly engine: string; readonly backend: Backend; readonly stepMs: number; readonly peakBytes: number }
  | { readonly ok: false; readonly reason: string };

const LIMIT_MS = 180_000;

const DEADLY: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGILL: "this processor lacks instructions that it uses",
  SIGSEGV: "it crashed",
  SIGABRT: "it crashed, or found too little memory",
  SIGKILL: "the system ended it, most likely for too little memory",
};

/** Never throws. `env` is added to this process's. */
export function probe(request: ProbeRequest, env: Readonly<Record<string, string>> = {}): Promise<ProbeAnswer> {
  const entry = createRequire(import.meta.url).resolve("@engraft/engine/native/probe-process");
  return new Promise((resolve) => {
    // What native code prints is for nobody.
    const child = fork(entry, {
      env: { ...process.env, ...env },
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    const late = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    let answer: ProbeAnswer | undefined;
    child.once("message", (message) => {
      answer = message as ProbeAnswer;
      child.kill();
    });
    child.once("error", (error) => {
      answer ??= { ok: false, reason: error.message };
    });
    child.once("close", (code, signal) => {
      clearTimeout(late);
      const why = signal === null ? `its process ended with ${code}` : (DEADLY[signal] ?? `its process was ended by ${signal}`);
      resolve(answer ?? { ok: false, reason: why });
    });
    child.send(request);
  });
}
