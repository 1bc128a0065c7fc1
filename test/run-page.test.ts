/** The page of a run with a long past, in a real browser: twelve charts of 1,500 points that go on live. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser, screenshot, violations } from "./support/browser.ts";
import { latencies, startLongRun, watched, watchPage, type LongRun } from "./support/long-run.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const ROUNDS = 1500;
const SITES = 11;

requireOrSkip("chromium", findChromium).describe("the page of a long run", (chromium) => {
  let long: LongRun;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    long = await startLongRun(ROUNDS, 1000);
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(60_000);
    await firstAdmin(page, long.federation);
    await page.goto(`${long.federation.url}/runs/${long.run}`);
    await page.getByRole("img", { name: /^AUROC on held-out patients/ }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await long?.stop();
  });

  const resume = async (): Promise<void> => void (await (await long.federation.api()).runs.resume.mutate({ run: long.run }));
  const multiples = () => page.getByRole("list", { name: "Each site" });

  it("draws twelve charts with every value, and says so", async () => {
    await expect.poll(() => multiples().getByRole("img").count(), { timeout: 60_000 }).toBe(SITES);
    await page.getByText(`Every value is drawn: ${ROUNDS} checkpoints`, { exact: false }).waitFor();
    await page.getByText("11 sites: the grey band spans them all").waitFor();
    await screenshot(page, "run-long");
    expect(await violations(page)).toEqual([]);
  });

  it("a metric that the coordinator accepts is drawn on the open page; zoom, settings and scroll stay", async () => {
    const chart = page.getByRole("img", { name: /^AUROC on held-out patients/ });
    const region = page.getByRole("region", { name: "Held-out patients" });
    await region.getByLabel(/^Smoothing/).fill("0.6");
    await region.getByRole("radio", { name: "Best" }).click();
    await chart.focus();
    for (let step = 0; step < 3; step++) await page.keyboard.press("+");
    await region.getByRole("button", { name: "Reset zoom" }).waitFor();
    await watchPage(page);
    const since = Date.now();
    await resume();
    // Its banner goes; what is in view stays where it is, so the page is scrolled by so much less.
    await page.getByText("Paused by").waitFor({ state: "detached" });
    await page.evaluate(() => scrollTo(0, 300));
    const before = await chart.getAttribute("aria-label");
    await expect.poll(() => chart.getAttribute("aria-label"), { timeout: 60_000 }).not.toBe(before);
    await expect.poll(async () => (await watched(page)).seen.size, { timeout: 120_000 }).toBeGreaterThan(4 * SITES);
    expect((await latencies(long, await watched(page), since)).length).toBeGreaterThan(2 * SITES);
    expect(await region.getByRole("button", { name: "Reset zoom" }).isVisible()).toBe(true);
    expect(await region.getByLabel(/^Smoothing/).inputValue()).toBe("0.6");
    expect(await region.getByRole("radio", { name: "Best" }).getAttribute("aria-checked")).toBe("true");
    expect(await page.evaluate(() => scrollY)).toBe(300);
  });

  it("a reload brings the settings back, from the page's address", async () => {
    await page.reload();
    const region = page.getByRole("region", { name: "Held-out patients" });
    await region.getByRole("img", { name: /^AUROC/ }).waitFor();
    expect(await region.getByLabel(/^Smoothing/).inputValue()).toBe("0.6");
    expect(await region.getByRole("radio", { name: "Best" }).getAttribute("aria-checked")).toBe("true");
  });

  it("after a long cut everything is there, once", async () => {
    const context = page.context();
    await context.setOffline(true);
    const { rounds } = await long.view();
    const later = rounds.length + 3;
    await expect.poll(async () => (await long.view()).rounds.length, { timeout: 120_000 }).toBeGreaterThanOrEqual(later);
    await context.setOffline(false);
    await (await long.federation.api()).runs.pause.mutate({ run: long.run });
    await expect.poll(async () => (await long.view()).rounds.at(-1)?.checkpoint ?? null, { timeout: 60_000 }).not.toBeNull();
    const view = await long.view();
    const region = page.getByRole("region", { name: "Held-out patients" });
    await region.getByRole("button", { name: "Table" }).click();
    const rows = region.getByRole("table").getByRole("rowheader");
    // Checkpoint r is measured in round r + 1.
    const expected = ["start", ...Array.from({ length: view.rounds.length - 1 }, (_, index) => String(index + 1))];
    await expect.poll(() => rows.allTextContents(), { timeout: 120_000 }).toEqual(expected);
  });
});
