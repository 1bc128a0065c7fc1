/** PyTorch beside us, where there is one: ENGRAFT_TORCH_PYTHON, else the Python of Debian's python3-torch. */
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { findTorch } from "../../support/real-weights.ts";
import { LineProcess } from "../secagg/line-process.ts";

const SCRIPT = fileURLToPath(new URL("models.py", import.meta.url));

/** Undefined, and said on stderr, where PyTorch cannot run here. */
export function startTorch(): LineProcess | undefined {
  const python = findTorch();
  if ("found" in python) return new LineProcess("PyTorch", python.found, [SCRIPT]);
  process.stderr.write(`PyTorch is skipped: ${python.missing}.\n`);
  return undefined;
}

/** Its version, and MODEL.onnx in `folder` of the models that Engraft has no builder for. */
export const exportModels = async (torch: LineProcess, folder: string): Promise<string> =>
  (await torch.ask<{ readonly torch: string }>({ export: folder })).torch;

export interface Time {
  readonly ms: number;
  /** CPU time of all threads, which a busy machine stretches less than the time on the clock. */
  readonly cpuMs: number;
}

export const ask = (torch: LineProcess, question: object): Promise<Time> => torch.ask<Time>(question);

export async function timed(work: () => Promise<unknown>): Promise<Time> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - started, cpuMs: (user + system) / 1000 };
}

/** What else the machine did: a busy one stretches both sides, not always alike. */
export const loadNote = (): string => `load average ${(loadavg()[0] ?? 0).toFixed(1)}`;
