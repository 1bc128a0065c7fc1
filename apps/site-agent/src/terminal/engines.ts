/** Engines as people read them in a terminal. */
import type { EnginesReport } from "@engraft/engine/native/status";
import type { Trial } from "@engraft/engine/native/trial";

const ENGINES = { tfjs: "TensorFlow.js", onnxruntime: "ONNX Runtime" } as const;

export function enginesText({ engines, gpu, addon }: EnginesReport): string {
  return [
    ...engines.map(({ engine, name, works, used, reason }) => {
      const label = `${ENGINES[engine].padEnd(15)}${name.padEnd(12)}`;
      return works ? `${label}works${used ? ", used" : ""}` : `${label}DOES NOT WORK: ${reason ?? ""}`;
    }),
    `Native library  ${addon ?? 'none; "engraft-site engine install" installs it'}`,
    ...gpuLines(gpu, engines),
  ].join("\n");
}

function gpuLines(gpu: EnginesReport["gpu"], engines: EnginesReport["engines"]): readonly string[] {
  if (gpu === null) return ["Graphics        none is asked for (setting gpu)"];
  const used = engines
    .filter((one) => one.used && !["native", "wasm", "cpu", "training"].includes(one.name))
    .map(({ engine }) => ENGINES[engine]);
  return [
    used.length === 0
      ? `Graphics        ${gpu} is asked for and NOT USED: everything runs on the processor`
      : `Graphics        ${gpu} is used by ${used.join(" and ")}`,
  ];
}

/** One line for a plan's review, without its label. */
export function trialLine(trial: Trial): string {
  if (!trial.can) return `CANNOT BE TRAINED HERE, so it cannot be approved: ${trial.reason}.`;
  const { engine, stepMs, steps, minutes, late, memoryBytes } = trial;
  const step = `${milliseconds(stepMs)} a step`;
  const memory = `${Math.ceil(memoryBytes / 1024 ** 2)} MB of memory`;
  if (minutes === null) return `Yes, with ${engine}: ${step}, ${memory}. How long a round takes depends on the table.${othersText(trial)}`;
  const time = minutes < 1 ? "less than a minute" : `about ${Math.ceil(minutes)} minutes`;
  return `Yes, with ${engine}: ${time} a round (${steps} steps, ${step}), ${memory}.${late ? " LONGER THAN THE COORDINATOR WAITS." : ""}${othersText(trial)}`;
}

const milliseconds = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;

function othersText({ stepMs, others }: Extract<Trial, { readonly can: true }>): string {
  if (others.length === 0) return "";
  const list = others.map((other) => `${other.engine} ${milliseconds(other.stepMs)}`).join(", ");
  // Only where the setting "engine" holds it back, or a round is a matter of seconds.
  const quicker = others.some((other) => 1.5 * other.stepMs < stepMs);
  return ` Also timed here: ${list} a step.${quicker ? ' The setting "engine" chooses another.' : ""}`;
}
