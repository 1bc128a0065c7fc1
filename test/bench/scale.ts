/** `scale`: how many sites one coordinator carries. Light sites, many in a process (herd.mjs), over the real protocol and real sockets. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Federation } from "../../tools/federation/federation.ts";
import { Program } from "../../tools/federation/program.ts";
import { finished, propose } from "./constant.ts";
import type { BenchOptions } from "./main.ts";
import { peakMiB, residentMiB } from "./memory.ts";
import { median, row, type Row } from "./report.ts";

const HERD = fileURLToPath(new URL("./herd.mjs", import.meta.url));
const HERDS = 2;

interface Case {
  readonly sites: number;
  readonly values: number;
  readonly rounds: number;
}

/** In the last two only the number of sites differs: memory must not. */
const CASES: readonly Case[] = [
  { sites: 50, values: 1_000, rounds: 8 },
  { sites: 200, values: 1_000, rounds: 6 },
  { sites: 1_000, values: 1_000, rounds: 4 },
  { sites: 4, values: 10_000_000, rounds: 3 },
  { sites: 16, values: 10_000_000, rounds: 3 },
];

export async function benchScale({ quick }: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const each of quick ? CASES.slice(0, 1) : CASES) rows.push(...(await benchCase(each)));
  return rows;
}

async function benchCase(each: Case): Promise<readonly Row[]> {
  const name = `${each.sites} sites, ${each.values.toLocaleString("en-GB")} values`;
  process.stderr.write(`${name}, ${each.rounds} rounds ...\n`);
  const found = await measure(each);
  const vectorMiB = (4 * each.values) / 2 ** 20;
  return [
    row(name, "round, median", "s", found.seconds),
    row(name, "round, median, per site", "ms", (1000 * found.seconds) / each.sites),
    row(name, "from the first invite until all are online", "s", found.onlineSeconds),
    row(name, "coordinator, memory per connected site", "MiB", found.perSiteMiB),
    row(name, "coordinator, peak memory", "MiB", found.coordinatorMiB, { name: "400 MiB and three vectors", value: 400 + 3 * vectorMiB }),
    row(name, "coordinator and all sites, peak memory", "MiB", found.coordinatorMiB + found.herdMiB),
  ];
}

async function measure({ sites, values, rounds }: Case) {
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-"));
  const federation = await Federation.start({ dir, env: { ENGRAFT_ENROLMENTS_PER_MINUTE: String(60 * 1000) } });
  const herds: Program[] = [];
  try {
    const plan = await propose(federation, { values, agents: sites, rounds, aggregation: { method: "plain" } });
    const before = await residentMiB(federation.coordinator.pid);
    const began = Date.now();
    const api = await federation.api();
    const invites: string[] = [];
    for (let index = 0; index < sites; index++) {
      invites.push((await api.sites.invite.mutate({ site: `site-${index + 1}`, hours: 1 })).invite);
    }
    const share = Math.ceil(sites / HERDS);
    for (let index = 0; index < HERDS; index++) {
      const offset = index * share;
      herds.push(await startHerd(federation, index, { invites: invites.slice(offset, offset + share), plan, values, offset }));
    }
    for (const herd of herds) herd.onLine((line) => line.event !== "online" && process.stderr.write(`${JSON.stringify(line)}\n`));
    await Promise.all(herds.map((herd) => herd.event("online")));
    const onlineSeconds = (Date.now() - began) / 1000;
    const connected = await residentMiB(federation.coordinator.pid);
    const { run } = await api.runs.start.mutate({ plan });
    const view = await finished(federation, run, 3_000);
    const ends = view.rounds.map((round) => round.checkpoint?.at ?? Number.NaN);
    const peaks = await Promise.all(herds.map((herd) => peakMiB(herd.pid)));
    return {
      seconds: median(ends.slice(1).map((end, index) => (end - (ends[index] ?? Number.NaN)) / 1000)),
      onlineSeconds,
      perSiteMiB: (connected - before) / sites,
      coordinatorMiB: await peakMiB(federation.coordinator.pid),
      herdMiB: peaks.reduce((sum, peak) => sum + peak, 0),
    };
  } finally {
    await Promise.all(herds.map((herd) => herd.stop()));
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startHerd(
  federation: Federation,
  index: number,
  task: { readonly invites: readonly string[]; readonly plan: string; readonly values: number; readonly offset: number },
): Promise<Program> {
  const folder = join(federation.dir, `herd-${index}`);
  await mkdir(folder, { recursive: true });
  const file = join(folder, "task.json");
  await writeFile(file, JSON.stringify({ ...task, url: federation.url, folder }));
  return Program.start("engraft-site", [file], {
    name: `herd-${index}`,
    script: HERD,
    log: join(federation.dir, "log", `herd-${index}.log`),
  });
}
