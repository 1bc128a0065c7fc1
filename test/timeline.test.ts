/** When each site did what, in a real browser over a real federation: by the sites' own signed times, whatever their clocks say. */
import type { Browser, Page } from "playwright-core";
import { runView } from "@engraft/core/rounds/view";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const HOUR = 3_600_000;

/** A browser page of the first admin. */
async function signedIn(browser: Browser, heart: Heart): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  page.setDefaultTimeout(60_000);
  await firstAdmin(page, heart.federation);
  return page;
}

requireOrSkip("chromium", findChromium).describe("the round timeline", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let run: string;

  beforeAll(async () => {
    heart = await Heart.start({
      dashboard: true,
      // Long enough to be killed in the middle of it.
      plan: (plan) => {
        const short = shortPlan(2, 200_000)(plan);
        return { ...short, cohort: { ...short.cohort, minSites: 3, gatherSeconds: 5, deadlineSeconds: 120, graceSeconds: 30 } };
      },
      agentEnv: { hungary: { ENGRAFT_CLOCK_OFFSET_MS: String(HOUR) } },
    });
    browser = await openBrowser(chromium);
    page = await signedIn(browser, heart);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  const lane = (site: string) => page.getByRole("group", { name: new RegExp(`^${site}: `) });

  it("[C3] a site that is killed in training shows as failed in train, without a reload and before the deadline", async () => {
    run = await heart.startRun();
    // Held in the middle of its training, however long the page takes to open.
    const va = heart.federation.agents.get("va");
    const api = await heart.federation.api();
    const phases = async (): Promise<readonly string[]> => {
      const timings = await api.runs.timings.query({ run, round: 1 });
      return timings.find(({ site }) => site === "va")?.timings.steps.map(({ phase }) => phase) ?? [];
    };
    await expect.poll(phases, { timeout: 60_000, interval: 50 }).toContain("train");
    va?.kill("SIGSTOP");
    await page.goto(`${heart.federation.url}/runs/${run}`);
    await lane("va")
      .getByRole("button", { name: /^va, train/ })
      .waitFor();
    va?.kill("SIGKILL");
    await page.getByRole("group", { name: /^va: .*failed in train/ }).waitFor();
    const { events } = await api.runs.get.query({ run });
    // Nobody has closed the round over it: the site may come back.
    expect(runView(events.map(({ event }) => event))?.rounds[0]?.closed).toBeNull();
    await clean(page, "timeline-failed");
  });

  it("says more about a bar: how long, what was noted, and what an admin can do", async () => {
    await lane("va").getByRole("button", { name: "va, failed" }).click();
    const detail = page.getByRole("region", { name: "va, failed" });
    await detail.getByText("va, failed in train").waitFor();
    await detail.getByRole("button", { name: "Leave out va" }).waitFor();
    // What happens is said before anything is pressed.
    await detail.getByText(/^Closing: the sites that are in count/).waitFor();
    await detail.getByRole("button", { name: "Close round now" }).waitFor();
    const api = await heart.federation.api();
    const deadline = async (): Promise<number> => {
      const { events } = await api.runs.get.query({ run });
      return runView(events.map(({ event }) => event))?.rounds[0]?.deadline ?? 0;
    };
    const before = await deadline();
    await detail.getByRole("button", { name: "Extend deadline by 10 min" }).click();
    await heart.until(run, (view) => (view.rounds[0]?.deadline ?? 0) > before);
    expect(Math.abs((await deadline()) - before - 600_000)).toBeLessThan(5_000);
    await clean(page, "timeline-detail");
    await heart.until(run, (view) => view.rounds[0]?.answers.length === 3);
    await detail.getByRole("button", { name: "Close round now" }).click();
    await heart.until(run, (view) => view.rounds[0]?.closed !== null && view.rounds[0]?.closed !== undefined);
    await page.getByRole("button", { name: "Close detail" }).click();
  });

  it("[C2] a site whose clock is an hour ahead stands where it was: inside the round, in its order", async () => {
    await heart.until(run, (view) => view.rounds.length >= 2);
    const api = await heart.federation.api();
    const timings = await api.runs.timings.query({ run, round: 1 });
    const hungary = timings.find(({ site }) => site === "hungary");
    // Its clock counts seconds that have passed meanwhile, so it is not to the millisecond.
    expect(Math.abs((hungary?.offsetMs ?? 0) - HOUR)).toBeLessThan(5_000);
    expect(hungary?.timings.steps.map(({ phase }) => phase)).toContain("train");
    await page.getByRole("button", { name: /^Round 1: / }).click();
    await lane("hungary")
      .getByRole("button", { name: /^hungary, train/ })
      .waitFor();
    await page.getByRole("button", { name: "Table" }).last().waitFor();
    await clean(page, "timeline-first-round");
  });

  it("[C4] shows the same after the coordinator was restarted and the page opened anew", async () => {
    await heart.untilPhase(run, "finished");
    const words = async (): Promise<readonly (string | null)[]> => {
      await page.goto(`${heart.federation.url}/runs/${run}`);
      await page.getByRole("button", { name: /^Round 1: / }).click();
      await lane("cleveland")
        .getByRole("button", { name: /^cleveland, train/ })
        .waitFor();
      return Promise.all(["cleveland", "hungary", "switzerland"].map((site) => lane(site).getAttribute("aria-label")));
    };
    const before = await words();
    await heart.federation.coordinator.stop();
    await heart.federation.startCoordinator();
    expect(await words()).toEqual(before);
    await looks(page, "timeline");
  });
});

requireOrSkip("chromium", findChromium).describe("the timeline of a secure round", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let run: string;

  beforeAll(async () => {
    heart = await Heart.start({
      dashboard: true,
      aggregation: "secure",
      agentEnv: { va: { ENGRAFT_CRASH_AT: "send.masked:1" } },
      plan: (plan) => {
        const short = shortPlan(2, 100)(plan);
        return { ...short, cohort: { ...short.cohort, graceSeconds: 2 } };
      },
    });
    browser = await openBrowser(chromium);
    page = await signedIn(browser, heart);
    run = await heart.startRun();
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  it("[C3] a site that was killed behind the masks shows as failed in its phase after the round is over", async () => {
    await heart.federation.agents.get("va")?.exited;
    await heart.until(run, (view) => view.rounds[0]?.sum !== null && view.rounds[0]?.sum !== undefined);
    await page.goto(`${heart.federation.url}/runs/${run}`);
    await page.getByRole("button", { name: /^Round 1: / }).click();
    await page.getByRole("group", { name: /^va: .*failed in \w+/ }).waitFor();
    await page.getByRole("group", { name: /^cleveland: .*in the sum/ }).waitFor();
    await page
      .getByText(/^\d of 4 masked updates in$/)
      .first()
      .waitFor();
    await clean(page, "timeline-secure-1440");
  });

  it("reads all of a lane by keyboard: Enter on the site's name opens its phases, with their attempt and figures", async () => {
    const name = page.locator(".tl").getByRole("button", { name: "va", exact: true });
    await name.focus();
    await page.keyboard.press("Enter");
    const list = page.getByRole("region", { name: "Phases of va" }).first();
    await list
      .getByRole("cell", { name: /^failed in / })
      .first()
      .waitFor();
    await list.getByRole("columnheader", { name: "Attempt" }).waitFor();
    await clean(page, "timeline-secure-list");
    await page.keyboard.press("Enter");
    await list.waitFor({ state: "detached" });
  });

  it("marks rounds by their slowest phase and by their sum, and speaks German", async () => {
    await heart.federation.startAgent("va");
    await heart.untilPhase(run, "finished");
    await page.getByRole("button", { name: /^Round 1: .*, slowest \w+, sum opened, 1 site not in it$/ }).waitFor();
    await looks(page, "timeline-secure");
    await page.evaluate(() => localStorage.setItem("engraft-language", "de"));
    await page.reload();
    await page.getByRole("button", { name: /^Runde 1: .*Summe geöffnet/ }).click();
    await page.getByRole("group", { name: /^va: .*gescheitert beim/ }).waitFor();
    await clean(page, "timeline-secure-german");
  });
});
