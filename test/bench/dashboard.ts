/**
 * `dashboard`: a metric's way from the coordinator's acceptance to an open page with twelve charts of 1,500 points, eleven sites answering
 * all the time; and the longest frame meanwhile. Programs, database, stream and browser are real, and share the machine.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { firstAdmin, openBrowser } from "../support/browser.ts";
import { latencies, startLongRun, watched, watchPage } from "../support/long-run.ts";
import { findChromium } from "../support/require.ts";
import type { BenchOptions } from "./main.ts";
import { median, row, type Row } from "./report.ts";

const PACE_MS = 1000;

export async function benchDashboard({ quick }: BenchOptions): Promise<readonly Row[]> {
  const chromium = findChromium();
  if ("missing" in chromium) throw new EngraftError("bad-input", `This benchmark needs a chromium: ${chromium.missing}`);
  const rounds = quick ? 300 : 1500;
  const wanted = quick ? 44 : 220;
  const long = await startLongRun(rounds, PACE_MS);
  const browser = await openBrowser(chromium.found);
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(120_000);
    await firstAdmin(page, long.federation);
    const opening = performance.now();
    await page.goto(`${long.federation.url}/runs/${long.run}`);
    await page.getByRole("list", { name: "Each site" }).getByRole("img").nth(10).waitFor();
    const opened = performance.now() - opening;
    // What came with opening the page is another matter.
    await page.waitForTimeout(3000);
    await watchPage(page);
    const since = Date.now();
    await (await long.federation.api()).runs.resume.mutate({ run: long.run });
    // The events are asked for at the end only: reading a long run costs the coordinator more than the figures do.
    while ((await watched(page)).seen.size < wanted) await page.waitForTimeout(1000);
    const seen = await watched(page);
    const sorted = [...(await latencies(long, seen, since))].sort((a, b) => a - b);
    const name = `12 charts of ${rounds.toLocaleString("en-GB")} points`;
    return [
      row(name, "accepted to drawn, median", "ms", median(sorted)),
      row(name, "accepted to drawn, p95", "ms", sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN, undefined, { value: 1000 }),
      row(name, "longest frame", "ms", seen.longestFrame, undefined, { value: 100 }, `${seen.frames} frames, ${sorted.length} figures`),
      row(name, "page opened", "ms", opened),
    ];
  } finally {
    await browser.close();
    await long.stop();
  }
}
