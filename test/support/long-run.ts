/**
 * A run of eleven sites with a long past, live: real agents that add a constant and say figures, a real coordinator, and in its database
 * the events of as many rounds as are wanted, in the form that it has written those of the first rounds itself.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "@engraft/core/rounds/events";
import { runView, type RunView } from "@engraft/core/rounds/view";
import { openSession } from "@engraft/coordinator/store/open";
import type { Page } from "playwright-core";
import { Federation } from "../../tools/federation/federation.ts";
import { approveConstant, emptyTable, propose } from "../bench/constant.ts";

const AGENT = fileURLToPath(new URL("../bench/constant-agent.mjs", import.meta.url));
const SITES = Array.from({ length: 11 }, (_, index) => `site-${String(index + 1).padStart(2, "0")}`);
const ROUND_MS = 2000;

export interface LongRun {
  readonly federation: Federation;
  readonly run: string;
  view(): Promise<RunView>;
  stop(): Promise<void>;
}

/** Paused after `rounds` rounds. `paceMs`: how long an agent takes for a round from then on. */
export async function startLongRun(rounds: number, paceMs: number): Promise<LongRun> {
  const federation = await Federation.start({ dir: await mkdtemp(join(tmpdir(), "engraft-long-")), dashboard: true });
  const stop = async (): Promise<void> => {
    await federation.stop();
    await rm(federation.dir, { recursive: true, force: true });
  };
  try {
    const run = await firstRounds(federation, paceMs);
    await federation.coordinator.stop();
    await writePast(join(federation.coordinatorDir, "db"), run, rounds);
    await federation.startCoordinator();
    federation.forget();
    return { federation, run, stop, view: () => viewOf(federation, run) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function viewOf(federation: Federation, run: string): Promise<RunView> {
  const { events } = await (await federation.api()).runs.get.query({ run });
  const view = runView(events.map(({ event }) => event));
  if (view === undefined) throw new Error("the run has no events");
  return view;
}

/** Two real rounds, then a pause between rounds. */
async function firstRounds(federation: Federation, paceMs: number): Promise<string> {
  const table = await emptyTable(federation.dir);
  for (const site of SITES) await federation.enrol(site, table);
  const digest = await propose(federation, {
    values: 1000,
    agents: SITES.length,
    rounds: 5000,
    aggregation: { method: "plain" },
    metrics: { names: ["auroc"], perSite: true },
  });
  for (const [index, site] of SITES.entries()) {
    await federation.startAgentScript(site, AGENT, { ENGRAFT_BENCH_PACE: String(paceMs + 60 * index) });
    await approveConstant(federation, site, digest, true);
  }
  const api = await federation.api();
  const { run } = await api.runs.start.mutate({ plan: digest });
  const until = async (wanted: (view: RunView) => boolean): Promise<void> => {
    while (!wanted(await viewOf(federation, run))) await new Promise((resolve) => setTimeout(resolve, 200));
  };
  await until((view) => view.rounds.length >= 2);
  await api.runs.pause.mutate({ run });
  await until(({ paused, rounds }) => paused !== null && rounds.at(-1)?.checkpoint !== null);
  return run;
}

/** The last round once more for each one that is missing, each site with its own course of figures, all of it before now. */
async function writePast(dir: string, run: string, rounds: number): Promise<void> {
  const session = await openSession({ dir });
  try {
    const rows = await session.rows(`SELECT body FROM event WHERE run = $1 ORDER BY version`, [run]);
    const events = rows.map(({ body }) => body as RunEvent);
    const last = events.findLast((event) => event.type === "checkpoint.written")?.round ?? 0;
    const template = events.filter((event) => "round" in event && event.round === last);
    const start = Math.min(...template.map(({ at }) => at));
    const shift = (rounds - last + 1) * ROUND_MS;
    for (const [version, event] of events.entries()) {
      await session.rows(`UPDATE event SET body = $3::jsonb WHERE run = $1 AND version = $2`, [
        run,
        version + 1,
        JSON.stringify(moved(event, -shift)),
      ]);
    }
    const past = Array.from({ length: rounds - last }, (_, index) => last + 1 + index).flatMap((round) =>
      template.map((event) => measured(moved({ ...event, round } as RunEvent, -shift + (round - last) * ROUND_MS), round, start)),
    );
    await session.rows(
      `INSERT INTO event (run, version, body) SELECT $1, $2 + n::int, value FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS each (value, n)`,
      [run, events.length, JSON.stringify(past)],
    );
  } finally {
    await session.close();
  }
}

function moved(event: RunEvent, by: number): RunEvent {
  return { ...event, at: event.at + by, ...("deadline" in event && { deadline: event.deadline + by }) };
}

function measured(event: RunEvent, round: number, seed: number): RunEvent {
  if (event.type !== "update.accepted" || event.validation === null) return event;
  const site = SITES.indexOf(event.site);
  const noise = 0.01 * Math.sin(12.9898 * round + 78.233 * site + (seed % 7));
  const value = 0.9 - 0.01 * site - 0.25 * Math.exp(-round / 300) + noise;
  return { ...event, validation: { ...event.validation, values: { auroc: { value, low: value - 0.03, high: value + 0.03 } } } };
}

/** Notes in the page, from now on, when each site's figure of each checkpoint was first drawn, and the longest frame. */
export async function watchPage(page: Page): Promise<void> {
  // Outside vitest the compiler names functions by a helper that the page does not have.
  await page.evaluate("globalThis.__name ??= (each) => each");
  await page.evaluate(() => {
    const seen = new Map<string, number>();
    const frames = { longest: 0, count: 0 };
    Object.assign(globalThis, { engraftSeen: seen, engraftFrames: frames });
    let before = performance.now();
    const onFrame = (now: number): void => {
      frames.longest = Math.max(frames.longest, now - before);
      frames.count++;
      before = now;
      requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
    const note = (): void => {
      for (const item of document.querySelectorAll(".multiple")) {
        const key = `${item.querySelector("h3 .ell")?.textContent} ${item.querySelector("p span")?.textContent}`;
        // Once this frame has been painted.
        if (!seen.has(key)) requestAnimationFrame(() => setTimeout(() => seen.has(key) || seen.set(key, Date.now())));
      }
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

export interface Watched {
  /** Milliseconds since 1970, by "site After round n". */
  readonly seen: ReadonlyMap<string, number>;
  /** Milliseconds. */
  readonly longestFrame: number;
  readonly frames: number;
}

export async function watched(page: Page): Promise<Watched> {
  const { seen, frames } = await page.evaluate(() => {
    const { engraftSeen, engraftFrames } = globalThis as unknown as {
      engraftSeen: Map<string, number>;
      engraftFrames: { longest: number; count: number };
    };
    return { seen: [...engraftSeen], frames: engraftFrames };
  });
  return { seen: new Map(seen), longestFrame: frames.longest, frames: frames.count };
}

/** From the coordinator's acceptance of a figure to its being drawn: milliseconds, of every figure accepted after `since` that was drawn. */
export async function latencies({ federation, run }: LongRun, { seen }: Watched, since: number): Promise<readonly number[]> {
  const { events } = await (await federation.api()).runs.get.query({ run });
  return events.flatMap(({ event }) => {
    if (event.type !== "update.accepted" || event.at < since) return [];
    const at = seen.get(`${event.site} After round ${event.round - 1}`);
    return at === undefined ? [] : [at - event.at];
  });
}
