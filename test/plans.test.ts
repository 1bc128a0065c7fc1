/** Writing and reviewing a plan, in a real browser over a real federation that has trained. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { planCost } from "@engraft/core/rounds/cost/plan-cost";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { clean } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

requireOrSkip("chromium", findChromium).describe("writing and reviewing plans", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let run: string;
  let later: string;

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true, aggregation: "secure", plan: shortPlan(2) });
    const { federation } = heart;
    run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    const path = join(heart.dir, "later.json");
    const draft = await heartPlan("secure");
    const plan = { ...shortPlan(4)(draft), version: 2, training: { ...draft.training, trainable: { part: "head" }, batch: 16 } };
    await writeFile(path, JSON.stringify(plan));
    later = String((await federation.coordinatorCommandOk("plan", "propose", path))["digest"]);
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(30_000);
    await firstAdmin(page, federation);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  const estimate = () => page.getByRole("region", { name: "What it costs a site" });

  it("estimates the bytes of a masked vector as a finished run measured them", async () => {
    const api = await heart.federation.api();
    const { plan, base } = await api.plans.get.query({ digest: heart.plan });
    const { up, down } = planCost(plan, base.manifest);
    const view = await heart.view(run);
    const answers = view.rounds.flatMap((round) => round.answers);
    expect(answers.length).toBeGreaterThanOrEqual(6);
    expect(new Set(answers.map(({ bytes }) => bytes))).toEqual(new Set([up.vector]));
    expect(view.rounds[0]?.checkpoint?.bytes).toBe(down.vector);
  });

  it("shows the estimate on the plan's page, with seconds from the run that said them", async () => {
    await page.goto(`${heart.federation.url}/plans/${later}`);
    await estimate().getByText("masked vector").waitFor();
    await estimate().getByRole("link", { name: run }).first().waitFor();
    expect(await estimate().getByRole("link", { name: run }).count()).toBe(4);
  });

  it("compares a plan with an earlier one of its name or base, and says what each change means for a site", async () => {
    const card = page.getByRole("region", { name: "Changed since v1" });
    const row = card.getByRole("row", { name: /training\.batch/ });
    expect(await row.locator("del").textContent()).toBe("32");
    expect(await row.locator("ins").textContent()).toBe("16");
    await row.getByText("Less memory in training.").waitFor();
    await card.getByText(/The update shrinks from/).waitFor();
    expect(await card.getByLabel("Compare with").locator("option").allTextContents()).toEqual([expect.stringMatching(/ v1$/)]);
    await clean(page, "plan-review");
    await page.emulateMedia({ colorScheme: "dark" });
    await clean(page, "plan-review-dark");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 390, height: 900 });
    await clean(page, "plan-review-phone");
    await page.setViewportSize({ width: 1440, height: 1000 });
  });

  it("follows the form's fields with its estimate", async () => {
    await page.getByRole("link", { name: "Write next version" }).click();
    await estimate().getByText("chosen").waitFor();
    const before = await estimate().textContent();
    await page.getByLabel("Trained part").selectOption("all");
    await expect.poll(() => estimate().textContent()).not.toBe(before);
    await estimate()
      .getByText(/All .*chosen/)
      .waitFor();
    await clean(page, "plan-editor");
  });
});
