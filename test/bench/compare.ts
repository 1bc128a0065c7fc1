/** `compare`: 100 runs of 500 rounds and 10 sites on one page: until the curves are there, and how smoothly they move. Needs chromium. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Page } from "playwright-core";
import { Federation } from "../../tools/federation/federation.ts";
import { firstAdmin, openBrowser } from "../support/browser.ts";
import { exampleFile } from "../../examples/heart-disease/files.ts";
import { heartPlan } from "../support/heart.ts";
import { writeHistory } from "../support/many-runs.ts";
import { findChromium } from "../support/require.ts";
import type { BenchOptions } from "./main.ts";
import { median, row, type Row } from "./report.ts";

const SITES = Array.from({ length: 10 }, (_, index) => `site-${String(index + 1).padStart(2, "0")}`);
const LOOKS = 5;
const PANS = 120;

export async function benchCompare({ quick }: BenchOptions): Promise<readonly Row[]> {
  const chromium = findChromium();
  if ("missing" in chromium) throw new EngraftError("bad-input", `This benchmark needs a browser: ${chromium.missing}.`);
  const [runs, rounds] = quick ? [20, 100] : [100, 500];
  const dir = await mkdtemp(join(tmpdir(), "engraft-bench-"));
  const federation = await Federation.start({ dir, dashboard: true });
  try {
    process.stderr.write(`writing ${runs} runs of ${rounds} rounds ...\n`);
    const plans = await proposePlans(federation);
    await federation.coordinator.stop();
    await writeHistory({ coordinatorDir: federation.coordinatorDir, plans, runs, rounds, sites: SITES });
    await federation.startCoordinator();
    const api = await federation.api();
    const began = performance.now();
    await api.runs.list.query();
    const foldSeconds = (performance.now() - began) / 1000;
    const browser = await openBrowser(chromium.found);
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      await firstAdmin(page, federation);
      const list = (await api.runs.list.query()).map(({ run }) => run).slice(0, 100);
      const url = `${federation.url}/runs/compare?runs=${list.join(",")}&metric=auroc`;
      const paints: number[] = [];
      for (let look = 0; look < LOOKS; look++) paints.push(await firstPaint(page, url, list.length));
      const frames = await frameTimes(page, list.length);
      const name = `${runs} runs, ${rounds} rounds, ${SITES.length} sites`;
      return [
        row(name, "folding all runs, the first time", "s", foldSeconds),
        row(name, "until the curves are there, median", "s", median(paints) / 1000, undefined, { value: 2 }),
        row(name, "frame while the curves move, median", "ms", median(frames)),
        row(name, "frame while the curves move, longest", "ms", Math.max(...frames), undefined, { value: 100 }),
      ];
    } finally {
      await browser.close();
    }
  } finally {
    await federation.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function proposePlans(federation: Federation): Promise<{ digest: string; name: string }[]> {
  await federation.coordinatorCommandOk("base", "import", exampleFile("base"));
  const plan = await heartPlan();
  const plans: { digest: string; name: string }[] = [];
  for (const [index, learningRate] of [0.003, 0.01, 0.03, 0.1].entries()) {
    const name = `rate-${index + 1}`;
    const path = join(federation.dir, `${name}.json`);
    const optimizer = { ...plan.training.optimizer, learningRate };
    await writeFile(path, JSON.stringify({ ...plan, name, training: { ...plan.training, optimizer } }));
    plans.push({ digest: String((await federation.coordinatorCommandOk("plan", "propose", path))["digest"]), name });
  }
  return plans;
}

/** From the address being entered until the chart of all runs is in the page; milliseconds. */
async function firstPaint(page: Page, url: string, runs: number): Promise<number> {
  await page.goto("about:blank");
  const began = performance.now();
  await page.goto(url, { waitUntil: "commit" });
  await page.locator(`[role=img][aria-label*="of ${runs} runs"] canvas`).waitFor();
  return performance.now() - began;
}

/** Times between frames while the arrow keys move a quarter of the curves along; milliseconds. */
async function frameTimes(page: Page, runs: number): Promise<readonly number[]> {
  const chart = page.getByRole("img", { name: new RegExp(`of ${runs} runs`) });
  await chart.focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  // As text: functions that are compiled here would ask for helpers that the page does not have.
  await page.evaluate(`
    window.frameTimes = [];
    let last = performance.now();
    requestAnimationFrame(function look(now) { window.frameTimes.push(now - last); last = now; requestAnimationFrame(look); });
  `);
  for (let step = 0; step < PANS; step++) await page.keyboard.press(step % 20 < 10 ? "ArrowLeft" : "ArrowRight");
  return page.evaluate<number[]>("window.frameTimes.slice(1)");
}
