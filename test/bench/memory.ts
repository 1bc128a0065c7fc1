import { readFile } from "node:fs/promises";
import type { Federation } from "../../tools/federation/federation.ts";

/** Resident memory of a process now in MiB (Linux); NaN elsewhere. */
export async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const match = /VmRSS:\s+(\d+) kB/.exec(status);
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
}

/** Peak resident memory of a process in MiB (Linux); NaN elsewhere. */
async function peakMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const match = /VmHWM:\s+(\d+) kB/.exec(status);
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
}

/** Of the coordinator, and of the agent that needed most. */
export async function peaks(federation: Federation): Promise<{ readonly coordinatorMiB: number; readonly agentMiB: number }> {
  const alive = [...federation.agents.values()].filter((agent) => agent.alive);
  const agents = await Promise.all(alive.map(({ pid }) => peakMiB(pid)));
  return { coordinatorMiB: await peakMiB(federation.coordinator.pid), agentMiB: Math.max(...agents) };
}
