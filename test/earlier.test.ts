/** Two releases of one federation, judged on the same patients: the second run's plan names the first one's model. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@engraft/core/base/ids";
import type { Plan } from "@engraft/core/models/plan";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { clean } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"];

describe("a plan that names an earlier model", () => {
  let heart: Heart;
  let first: string;

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true, sites: SITES });
    first = await heart.startRun();
    await heart.untilPhase(first, "finished");
    await released(first);
  });
  afterAll(() => heart?.stop());

  async function released(run: string): Promise<void> {
    const api = await heart.federation.api();
    // Made after the run's end.
    await vi.waitFor(async () => expect((await api.runs.get.query({ run })).release?.id).toBeDefined(), { timeout: 60_000 });
  }

  async function written(version: number, change: (plan: Plan) => Plan, method: "plain" | "secure" = "plain"): Promise<string> {
    const path = join(heart.dir, `plan-${version}.json`);
    await writeFile(path, JSON.stringify(change({ ...shortPlan(6, 60)(await heartPlan(method)), version })));
    return path;
  }

  /** Proposed by the command that names the run, approved everywhere, and run to its end. */
  async function compared(version: number, change: (plan: Plan) => Plan, method?: "secure"): Promise<string> {
    const { federation } = heart;
    const path = await written(version, change, method);
    const { digest } = await federation.coordinatorCommandOk("plan", "propose", path, "--compare", first);
    heart.plan = String(digest);
    if (method === "secure") await federation.compareAll(heart.plan, SITES);
    await Promise.all(SITES.map((site) => federation.approve(site, heart.plan, "--data", "main", "--site-metrics")));
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    await released(run);
    return run;
  }

  const earlierOf = async (run: string) => (await heart.view(run)).comparisons.flatMap(({ earlier }) => earlier ?? []);

  it("[M11] is refused by name where the run has no such model, or one of other values or patients", async () => {
    const { federation } = heart;
    const said = async (version: number, change: (plan: Plan) => Plan, ...flags: string[]) =>
      (await federation.coordinatorCommand("plan", "propose", await written(version, change), ...flags)).stderr;
    expect(await said(20, (plan) => plan, "--compare", "heart.99")).toContain("there is no model of a run heart.99");
    const { checkpoint } = await heart.view(first);
    const named = (digest: string) => (plan: Plan) =>
      ({ ...plan, metrics: { ...plan.metrics, compareRelease: { run: first, checkpoint: digest, bytes: checkpoint.bytes } } }) as Plan;
    expect(await said(21, named("0".repeat(64)))).toContain(`the model of ${first} is checkpoint ${checkpoint.digest}`);
    const otherPart = (plan: Plan): Plan => ({ ...plan, training: { ...plan.training, trainable: { part: "head" } } });
    expect(await said(22, otherPart, "--compare", first)).toMatch(/other values were trained|not what this plan trains/);
  });

  it("[M10] has each site judge both on the same patients: the earlier one as in its own run, and the difference of the two", async () => {
    const run = await compared(2, (plan) => plan);
    const [old, now] = [await heart.view(first), await heart.view(run)];
    expect(await earlierOf(run)).toHaveLength(SITES.length);
    for (const { site, earlier, federated } of now.comparisons) {
      expect(earlier?.metrics).toEqual(old.comparisons.find((one) => one.site === site)?.federated);
      const [before, after, over] = [earlier?.metrics.values.auroc, federated?.values.auroc, earlier?.over.auroc];
      if (!before || !after) continue;
      expect(over?.value).toBeCloseTo(after.value - before.value, 9);
      expect(((over?.low ?? 0) + (over?.high ?? 0)) / 2).toBeCloseTo(over?.value ?? Number.NaN, 9);
    }
    const { release } = await (await heart.federation.api()).runs.get.query({ run });
    const csv = release?.files.find(({ name }) => name === "metrics.json")?.sha256 ?? "";
    expect(await readFile(join(heart.federation.coordinatorDir, "blobs", "blobs", csv.slice(0, 2), csv), "utf8")).toContain('"earlier"');
  });

  it("[M10] does so under masks, over a strategy whose checkpoints hold more than the model", async () => {
    const scaffold = (plan: Plan): Plan => {
      const { gradientClip: _, ...training } = plan.training;
      const optimizer = { name: "sgd", learningRate: 0.01, momentum: 0 } as const;
      return { ...plan, training: { ...training, optimizer }, strategy: { name: "scaffold", serverRate: 1 } };
    };
    const run = await compared(3, scaffold, "secure");
    const old = await heart.view(first);
    const found = (await heart.view(run)).comparisons;
    expect(found).toHaveLength(SITES.length);
    for (const { site, earlier } of found) expect(earlier?.metrics).toEqual(old.comparisons.find((one) => one.site === site)?.federated);
  });

  requireOrSkip("chromium", findChromium).describe("on the dashboard", (chromium) => {
    let browser: Browser;
    let page: Page;
    beforeAll(async () => {
      browser = await openBrowser(chromium);
      page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      page.setDefaultTimeout(30_000);
      await firstAdmin(page, heart.federation);
    });
    afterAll(() => browser?.close());

    it("[M10] shows the sites' own differences and one over all of them, in both directions and languages", async () => {
      const second = first.replace(/\d+$/, (number) => String(Number(number) + 1));
      const [one, other] = (await earlierOf(second)).map(({ over }) => over.auroc?.value ?? Number.NaN);
      expect([one, other].every(Number.isFinite)).toBe(true);
      await page.goto(`${heart.federation.url}/models/compare?first=${first}&second=${second}`);
      const table = page.getByRole("region", { name: "Comparison, table" });
      await table.getByRole("row", { name: /^All, weighted/ }).waitFor();
      expect(await table.getByRole("row", { name: /^All, weighted/ }).textContent()).toMatch(/no difference: p [=<] 0\.\d{3}/);
      await page.getByText(`In the run ${second} each site judged both models`).waitFor();
      await clean(page, "compare-models");
      await page.goto(`${heart.federation.url}/models/compare?first=${second}&second=${first}`);
      await page.getByText(`In the run ${second} each site judged both models`).waitFor();
      await page.getByRole("button", { name: "Deutsch" }).first().click();
      await page.getByText(/keinen Unterschied: p/).waitFor();
      await clean(page, "compare-models-german");
    });

    it("[O10] releases an earlier checkpoint by its form, and the page says that nobody has judged it on test patients", async () => {
      await page.goto(`${heart.federation.url}/models/${first}`);
      await page.getByRole("button", { name: "Modell veröffentlichen" }).click();
      const form = page.getByRole("form", { name: "Modell veröffentlichen" });
      const choice = form.getByLabel("Zwischenstand");
      await choice.waitFor();
      expect(await choice.locator("option").allTextContents()).toEqual([
        "der letzte, Runde 3",
        expect.stringMatching(/^Runde 2: AUROC 0\.\d+ an Validierungspatienten$/),
        expect.stringMatching(/^Runde 1: AUROC 0\.\d+ an Validierungspatienten$/),
      ]);
      await choice.selectOption("2");
      await clean(page, "release-checkpoint-german");
      await form.getByRole("button", { name: "Modell veröffentlichen" }).click();
      await page.getByText("Der Zwischenstand von Runde 2 von 3").waitFor();
      await page.getByRole("button", { name: "English" }).first().click();
      await page.getByText("The checkpoint of round 2 of 3, which an admin chose.").waitFor();
      await clean(page, "release-checkpoint");
      // From now on it is what the run's model is, for a plan that names the run too.
      const { digest } = await heart.federation.coordinatorCommandOk(
        "plan",
        "propose",
        await written(30, (plan) => plan),
        "--compare",
        first,
      );
      const { plan } = await (await heart.federation.api()).plans.get.query({ digest: digest as Digest });
      const old = await heart.view(first);
      expect(plan.metrics.compareRelease).toMatchObject({ run: first, checkpoint: old.rounds[1]?.checkpoint?.digest });
    });
  });
});
