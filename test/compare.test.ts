/** Many runs beside each other, in a real browser over a real coordinator with a long history. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, heartPlan } from "./support/heart.ts";
import { clean } from "./support/looks.ts";
import { writeHistory } from "./support/many-runs.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"];
const RUNS = 24;
const ROUNDS = 60;

requireOrSkip("chromium", findChromium).describe("comparing runs", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let runs: readonly string[];

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true, sites: ["cleveland"] });
    const { federation } = heart;
    const plans: { digest: string; name: string }[] = [];
    for (const [index, lr] of [0.01, 0.03, 0.1].entries()) {
      const plan = await heartPlan();
      const name = `rate-${index + 1}`;
      const path = join(heart.dir, `${name}.json`);
      const optimizer = { ...plan.training.optimizer, learningRate: lr };
      await writeFile(path, JSON.stringify({ ...plan, name, training: { ...plan.training, optimizer } }));
      plans.push({ digest: String((await federation.coordinatorCommandOk("plan", "propose", path))["digest"]), name });
    }
    await federation.coordinator.stop();
    runs = await writeHistory({ coordinatorDir: federation.coordinatorDir, plans, runs: RUNS, rounds: ROUNDS, sites: SITES });
    await federation.startCoordinator();
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(30_000);
    await firstAdmin(page, federation);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  it("shows every value of every run: the table is what the coordinator stored, to the last round", async () => {
    await page.goto(`${heart.federation.url}/runs/compare`);
    await page.getByRole("img", { name: /AUROC of 10 runs/ }).waitFor();
    await page.getByRole("button", { name: `Newest ${RUNS}` }).click();
    await page.getByRole("img", { name: new RegExp(`AUROC of ${RUNS} runs`) }).waitFor();
    await clean(page, "compare-runs");
    await page.getByRole("button", { name: "Table" }).first().click();
    const table = page.getByRole("table", { name: /AUROC on held-out patients/ });
    // Checkpoint r is measured by round r + 1; no evaluation followed the last round.
    expect(await table.getByRole("row").count()).toBe(1 + ROUNDS);
    expect(await table.getByRole("columnheader").count()).toBe(1 + RUNS);
    await clean(page, "compare-runs-table");
    await page.getByRole("button", { name: "Chart" }).first().click();
  });

  it("draws the settings that differ, from each run to its result, and as a table", async () => {
    await page.getByRole("img", { name: `${RUNS} runs over 1 setting that differ.` }).waitFor();
    const card = page.getByRole("region", { name: "What their plans do otherwise" }).first();
    await card.getByRole("button", { name: "Table" }).click();
    const row = card.getByRole("row", { name: /^rate-2\.1/ });
    expect(await row.getByRole("cell").first().textContent()).toBe("0.03");
    await card.getByRole("button", { name: "Chart" }).click();
  });

  it("keeps the zoom while it moves, by keyboard alone, and says the choice in the address", async () => {
    const chart = page.getByRole("img", { name: new RegExp(`AUROC of ${RUNS} runs`) });
    await chart.focus();
    await page.keyboard.press("+");
    await page.keyboard.press("ArrowRight");
    const reset = page.getByRole("button", { name: "Reset zoom" });
    await reset.waitFor();
    await page.keyboard.press("0");
    await reset.waitFor({ state: "detached" });
    await page.getByLabel("Search runs").fill("rate-1.");
    const first = page.getByRole("checkbox", { name: "rate-1.1", exact: true });
    await first.uncheck();
    await page.getByRole("img", { name: new RegExp(`AUROC of ${RUNS - 1} runs`) }).waitFor();
    await page.reload();
    await page.getByRole("img", { name: new RegExp(`AUROC of ${RUNS - 1} runs`) }).waitFor();
    await page.getByLabel("Search runs").fill("rate-1.1");
    expect(await page.getByRole("checkbox", { name: "rate-1.1", exact: true }).isChecked()).toBe(false);
  });

  it("gives at most eight runs a colour and shows these at each site", async () => {
    const coloured = page.getByRole("checkbox", { name: /^Show .* in colour$/, checked: true });
    expect(await coloured.count()).toBe(8);
    await coloured.first().uncheck();
    await expect.poll(() => coloured.count()).toBe(7);
    for (const site of SITES) await page.getByRole("img", { name: new RegExp(`^${site}: `) }).waitFor();
  });

  it("reads well in the dark, in German and on a phone", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await clean(page, "compare-runs-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await page.getByRole("button", { name: "Deutsch" }).first().click();
    await page.getByRole("heading", { name: "Läufe vergleichen" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
    await clean(page, "compare-runs-german");
    await page.setViewportSize({ width: 390, height: 900 });
    await clean(page, "compare-runs-phone");
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.getByRole("button", { name: "English" }).first().click();
  });

  it("keeps what ended runs came to: after another restart the same figures, and no event is read for them", async () => {
    const api = await heart.federation.api();
    const before = await api.runs.curves.query({ runs: [...runs], metric: "auroc", sites: true });
    await heart.federation.coordinator.stop();
    await heart.federation.startCoordinator();
    heart.federation.forget();
    const after = await (await heart.federation.api()).runs.curves.query({ runs: [...runs], metric: "auroc", sites: true });
    expect(after).toEqual(before);
    expect(after).toHaveLength(RUNS);
    expect(after[0]?.sites.map(({ site }) => site)).toEqual(SITES);
    await expect(
      (await heart.federation.api()).runs.curves.query({ runs: ["not-there.1"], metric: "auroc", sites: false }),
    ).rejects.toThrow("There is no run not-there.1.");
  });
});
