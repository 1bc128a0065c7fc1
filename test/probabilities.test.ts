/** What a release's page says of its model's probabilities, out of the last sum of a real federation, in a real browser. */
import { readFile } from "node:fs/promises";
import type { Plan } from "@engraft/core/models/plan";
import { runView } from "@engraft/core/rounds/view";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

requireOrSkip("chromium", findChromium).describe("a model's probabilities", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let run: string;

  beforeAll(async () => {
    const plan = (given: Plan): Plan => {
      const short = shortPlan(2, 60)(given);
      return { ...short, metrics: { ...short.metrics, compareGain: true } };
    };
    heart = await Heart.start({ dashboard: true, aggregation: "secure", plan });
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, acceptDownloads: true });
    page.setDefaultTimeout(60_000);
    await firstAdmin(page, heart.federation);
    run = await heart.startRun();
    await heart.untilPhase(run, "finished");
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  const card = () => page.getByRole("region", { name: "Its probabilities" });

  it("are drawn beside what came true, and beside treating everybody and nobody", async () => {
    const api = await heart.federation.api();
    // Made after the run's end.
    const made = async (): Promise<string | undefined> => (await api.runs.get.query({ run })).release?.id;
    await expect.poll(made, { timeout: 60_000 }).toBeDefined();
    await page.goto(`${heart.federation.url}/models/${await made()}`);
    await card()
      .getByRole("img", { name: /^Calibration\. Federated: 0\.\d\d at 0\.\d\d/ })
      .waitFor();
    await card()
      .getByRole("img", { name: /^Net benefit\. Federated: / })
      .waitFor();
    await looks(page, "release-probabilities");
  });

  it("stand in a table and in a file, point by point as the sum has them", async () => {
    const { events } = await (await heart.federation.api()).runs.get.query({ run });
    const federated = runView(events.map(({ event }) => event))?.evaluationRound?.sum?.pooled.federated;
    const points = federated?.calibration ?? [];
    expect(points.length).toBeGreaterThan(2);
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(federated?.n);
    expect(federated?.decision).toHaveLength(points.length - 1);
    await card().getByRole("button", { name: "Table" }).click();
    const rows = card()
      .getByRole("region", { name: "Calibration, table" })
      .getByRole("row", { name: /^Federated/ });
    expect(await rows.count()).toBe(points.length);
    const download = page.waitForEvent("download");
    await card()
      .getByRole("button", { name: /as CSV/ })
      .click();
    const text = await readFile(await (await download).path(), "utf8");
    for (const { threshold, net } of federated?.decision ?? []) expect(text).toContain(`net_benefit,federated,${threshold},${net},\n`);
    await clean(page, "release-probabilities-table");
  });

  it("[M9] gains over training alone are of both models together: intervals narrower than those of two apart", async () => {
    const { events } = await (await heart.federation.api()).runs.get.query({ run });
    const comparisons = runView(events.map(({ event }) => event))?.comparisons ?? [];
    const widths = comparisons.flatMap(({ gain, alone, federated }) => {
      const [paired, own, shared] = [gain?.auroc, alone?.values.auroc, federated?.values.auroc];
      if (!paired || !own || !shared) return [];
      expect(paired.value).toBeCloseTo(shared.value - own.value, 9);
      return [[paired.high - paired.low, Math.hypot(shared.high - shared.low, own.high - own.low)] as const];
    });
    expect(widths).toHaveLength(4);
    for (const [together, apart] of widths) expect(together).toBeLessThan(apart);
    await page.goto(`${heart.federation.url}/runs/${run}`);
    await page.getByText("The interval is of both models together").waitFor();
    await clean(page, "run-paired-gain");
    await page.goBack();
  });

  it("are explained in German too", async () => {
    await page.evaluate(() => localStorage.setItem("engraft-language", "de"));
    await page.reload();
    await page
      .getByRole("region", { name: "Seine Wahrscheinlichkeiten" })
      .getByRole("img", { name: /^Kalibrierung\. Föderiert: / })
      .waitFor();
    await clean(page, "release-probabilities-german");
  });
});
