/** What a process has used, by Linux's own books; NaN on other systems. */
import { readFile } from "node:fs/promises";
import type { Federation } from "../../tools/federation/federation.ts";

/** A field of /proc/<pid>/status that is given in kB. */
async function statusMiB(pid: number, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const match = new RegExp(`${field}:\\s+(\\d+) kB`).exec(status);
  return match?.[1] === undefined ? Number.NaN : Number(match[1]) / 1024;
}

/** Resident memory now in MiB. */
export const residentMiB = (pid: number): Promise<number> => statusMiB(pid, "VmRSS");

/** Peak resident memory in MiB. */
export const peakMiB = (pid: number): Promise<number> => statusMiB(pid, "VmHWM");

/** Of the coordinator, and of the agent that needed most. */
export async function peaks(federation: Federation): Promise<{ readonly coordinatorMiB: number; readonly agentMiB: number }> {
  const alive = [...federation.agents.values()].filter((agent) => agent.alive);
  const agents = await Promise.all(alive.map(({ pid }) => peakMiB(pid)));
  return { coordinatorMiB: await peakMiB(federation.coordinator.pid), agentMiB: Math.max(...agents) };
}

/** Clock ticks a second in /proc; 100 on every Linux that node runs on. */
const TICKS = 100;

/** CPU seconds of all its threads since it started. */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is a name in parentheses, which may hold spaces; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export interface CpuUsed {
  readonly coordinator: number;
  /** Mean of the agents. */
  readonly agent: number;
}

/** CPU seconds since each process started. */
export async function cpuUsed(federation: Federation): Promise<CpuUsed> {
  const agents = [...federation.agents.values()];
  const used = await Promise.all(agents.map(({ pid }) => cpuSeconds(pid)));
  return { coordinator: await cpuSeconds(federation.coordinator.pid), agent: used.reduce((sum, one) => sum + one, 0) / agents.length };
}
