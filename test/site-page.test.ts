/** The steward's page at a hospital, in a real browser beside a real agent: asked, answered with limits, enforced, paused, and seen by the admin. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runView } from "@engraft/core/rounds/view";
import { Program } from "../tools/federation/program.ts";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const OTHERS = ["cleveland", "hungary", "switzerland"];
const SITE = "va";
const STEWARD = "Dr. Vera Auer";
const HOSTILE = `Fine-tune <img src=x onerror="document.title='taken'"> & compare.`;

requireOrSkip("chromium", findChromium).describe("a site's page", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let served: Program;
  let link: string;
  let run: string;
  /** Digests of the plans that the tests propose. */
  let secure: string;
  let plain: string;

  const serve = (site: string): Program =>
    Program.start("engraft-site", ["--home", heart.federation.siteDir(site), "--json", "page", "--port", "0"], {
      name: `${site}-page`,
      log: join(heart.dir, "log", `${site}-page.log`),
    });

  /** A further version of the example's plan. */
  const propose = async (version: number, method: "plain" | "secure", rounds: number, purpose: string): Promise<string> => {
    const plan = shortPlan(rounds)(await heartPlan(method));
    const path = join(heart.dir, `plan-${version}.json`);
    await writeFile(path, JSON.stringify({ ...plan, version, purpose }));
    return ((await heart.federation.coordinatorCommandOk("plan", "propose", path)) as { digest: string }).digest;
  };

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true });
    browser = await openBrowser(chromium);
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB" });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    served = serve(SITE);
    link = (await served.event("page"))["link"] as string;
  });
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
    await heart?.stop();
  });

  const pictured = (name: string, on = page) => looks(on, `site-page-${name}`, { width: 1280, height: 900 });

  it("[Y5] opens by its link, once, after asking for a name; without it the page tells nothing", async () => {
    const stranger = await browser.newPage();
    await stranger.goto(new URL(link).origin);
    await stranger.getByRole("heading", { name: "This page needs a link" }).waitFor();
    expect(await stranger.content()).not.toContain(SITE);
    await page.goto(link);
    await page.getByRole("heading", { name: "Who are you?" }).waitFor();
    await pictured("door");
    await page.getByLabel("Your name").fill(STEWARD);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "No plan waits for your answer" }).waitFor();
    await pictured("nothing-waits");
    expect((await stranger.goto(link))?.status()).toBe(401);
    await stranger.getByRole("heading", { name: "This link was used or is too old" }).waitFor();
    await stranger.close();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: "Strict", path: expect.stringMatching(/^\/[0-9a-f]{32}\/$/) as string });
    expect(await readFile(join(heart.dir, "log", `${SITE}-page.log`), "utf8")).toBe("");
  });

  it("shows a site without plans and without a running agent what to do", async () => {
    await heart.federation.enrol("graz");
    const other = serve("graz");
    const fresh = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "de-AT" });
    const door = await fresh.newPage();
    await door.goto((await other.event("page"))["link"] as string);
    await door.getByLabel("Ihr Name").fill("Dr. Graz");
    await door.getByRole("button", { name: "Seite öffnen" }).click();
    await door.getByText("Der Agent läuft nicht").waitFor();
    await door.getByText("Nichts hat dieses Krankenhaus in 30 Tagen verlassen.").waitFor();
    await pictured("empty-german", door);
    await door.getByRole("button", { name: "English" }).click();
    await door.getByText("The agent is not running").waitFor();
    await fresh.close();
    expect(await other.stop()).toBe(0);
  });

  it("shows what a new plan asks for, in words that no plan can make into markup, and what changed", async () => {
    secure = await propose(2, "secure", 4, HOSTILE);
    await page.getByRole("link", { name: "heart v2" }).click();
    await page.getByRole("heading", { name: "You are asked to approve plan heart v2" }).waitFor();
    const asked = page.getByRole("region", { name: "What it would do here" });
    await asked.getByText(HOSTILE).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).not.toBe("taken");
    await asked.getByText("Rows, single values, patient numbers, file names.").waitFor();
    await asked.getByText("Data check passed, 2 warnings").waitFor();
    await asked.getByText("Can be trained here").waitFor({ timeout: 120_000 });
    await asked.getByText(/Compare with v1: \d+ changes/).click();
    await asked.getByText("± aggregation.method").waitFor();
    const shown = await page.getByRole("list", { name: "Compare by phone" }).getByRole("listitem").allTextContents();
    const { plans } = (await heart.federation.siteCommandOk(SITE, "review", secure)) as { plans: { words: string[] }[] };
    expect(shown).toEqual(plans[0]?.words);
    await pictured("asked");
  });

  it("lets it be approved once the words that another steward reads have been entered, and not before", async () => {
    expect(await page.getByRole("radio", { name: "Approve as it is" }).isDisabled()).toBe(true);
    const words = await heart.federation.directoryWords("cleveland", secure);
    const heard = page.getByLabel("The 16 words that the other steward reads to you");
    await heard.fill(words.replace(/\w+$/, "zebra"));
    await page.getByRole("button", { name: "Compare words" }).click();
    await page.getByRole("alert").filter({ hasText: "Word 16 differs" }).waitFor();
    expect(await heard.inputValue()).toMatch(/zebra$/);
    await pictured("words-differ");
    await heard.fill(words);
    await page.getByRole("button", { name: "Compare words" }).click();
    await page.getByText(`Compared with the other stewards · ${STEWARD}`).waitFor();
  });

  it("[Y1] takes an approval with limits by keyboard alone; a wrong one is named and kept", async () => {
    await page.getByRole("radio", { name: "Approve as it is" }).focus();
    await page.keyboard.press("ArrowDown");
    expect(await page.getByRole("radio", { name: "Approve with limits" }).isChecked()).toBe(true);
    await page.getByLabel("Last round (of 4)").fill("2");
    await page.getByLabel("Sites in the sum, at least").fill("50");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "only 5 sites are in its directory" }).waitFor();
    expect(await page.getByLabel("Last round (of 4)").inputValue()).toBe("2");
    await pictured("limits");
    await page.getByLabel("Sites in the sum, at least").fill("3");
    await page.getByLabel(/CPU threads/).fill("1");
    const button = page.getByRole("button", { name: "Approve with limits" });
    await button.focus();
    await page.keyboard.press("Enter");
    await page.getByText(`approved by ${STEWARD}`).waitFor();
    await page.getByText("no round after round 2").first().waitFor();
    await pictured("approved");
  });

  it("[Y2] trains within the limits, and is out of the rounds behind them with the reason; the run goes on", async () => {
    await heart.federation.compareAll(secure, OTHERS);
    for (const site of OTHERS) await heart.federation.approve(site, secure, "--data", "main");
    const api = await heart.federation.api();
    await expect
      .poll(async () => (await api.plans.get.query({ digest: secure })).approvals.filter(({ decision }) => decision === "approved").length)
      .toBe(4);
    const { approvals } = await api.plans.get.query({ digest: secure });
    expect(approvals.find(({ site }) => site === SITE)?.reason).toBe(
      "With limits: at most 1 CPU thread; no round after round 2; only secure aggregation with at least 3 sites in the sum.",
    );
    run = (await api.runs.start.mutate({ plan: secure })).run;
    await page.getByText(`${run}, round`).first().waitFor({ timeout: 120_000 });
    await pictured("training");
    await expect.poll(async () => ((await heart.view(run)).end ?? null) !== null, { timeout: 240_000, interval: 500 }).toBe(true);
    const { events } = await api.runs.get.query({ run });
    expect(runView(events.map(({ event }) => event))?.phase).toBe("finished");
    const agent = heart.federation.agents.get(SITE);
    const declined = agent?.lines.filter(({ event }) => event === "declined") ?? [];
    expect(declined.map(({ round, code, kind }) => ({ round, code, kind }))).toEqual(
      expect.arrayContaining([{ round: 3, code: "site-limits", kind: "train" }]),
    );
    expect(declined.filter(({ round, kind }) => kind === "train" && (round as number) < 3)).toEqual([]);
    await page.getByText("This site takes part in rounds up to 2 of a run").waitFor();
    expect(
      await page
        .getByRole("status")
        .filter({ hasText: `${run}: round` })
        .textContent(),
    ).toContain("is done at this site");
  });

  it("[Y6] lists exactly what the audit log says has left, and exports that log as it lies there", async () => {
    await page.getByRole("link", { name: "All", exact: true }).click();
    const file = join(heart.federation.siteDir(SITE), "audit.jsonl");
    const entries = (await readFile(file, "utf8"))
      .split("\n")
      .filter((line) => line.includes('"left"'))
      .map((line) => JSON.parse(line) as { seq: number; action: string; detail: { bytes: number; bodyBytes?: number } })
      .filter(({ action }) => action === "left");
    expect(entries.length).toBeGreaterThan(10);
    const rows = page.locator("#left tbody tr");
    await expect.poll(() => rows.count()).toBe(entries.length);
    expect(
      await rows.evaluateAll((found) =>
        found.map((row) => [Number(row.getAttribute("data-seq")), Number(row.lastElementChild?.textContent?.replaceAll(",", ""))]),
      ),
    ).toEqual(entries.map(({ seq, detail: { bytes, bodyBytes = 0 } }) => [seq, bytes + bodyBytes]).toReversed());
    await page.getByText(/Log chain intact, \d+ entries/).waitFor();
    await pictured("what-left");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export log" }).click()]);
    const exported = join(heart.dir, "exported.jsonl");
    await download.saveAs(exported);
    expect((await heart.federation.siteCommand(SITE, "audit", "verify", exported)).code).toBe(0);
    expect(await readFile(exported, "utf8")).toBe(await readFile(file, "utf8"));
  });

  it("[Y2] waits for the hours of its policy, says so on both sides, and leaves the run to the others meanwhile", async () => {
    const wall = (minutes: number): string =>
      new Date(Date.now() + minutes * 60_000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
    await page.getByRole("link", { name: "Change policy" }).click();
    const [from, to] = [wall(120), wall(180)];
    await page.getByLabel("From").fill(from);
    await page.getByLabel("Until").fill(to);
    await page.getByRole("button", { name: "Save policy" }).click();
    await page.getByText(`Waits for its hours: ${from} to ${to}`).waitFor();
    const other = await heart.startRun();
    const view = await heart.untilPhase(other, "finished");
    const api = await heart.federation.api();
    const { events } = await api.runs.get.query({ run: other });
    const dropped = events.filter(({ event }) => event.type === "site.dropped" && event.site === SITE);
    expect(dropped.length).toBe(3);
    expect(JSON.stringify(dropped)).toContain(`This site works from ${from} to ${to} by its own clock.`);
    expect(view.end?.text ?? "").toBeTypeOf("string");
    await page.getByText(/It waits for that, and answers when it is asked then/).waitFor();
    await pictured("waits-for-hours");
    await page.getByRole("link", { name: "Change policy" }).click();
    await page.getByLabel("From").fill("");
    await page.getByLabel("Until").fill("");
    await page.getByRole("button", { name: "Save policy" }).click();
    await page.getByText("Waits for its hours").waitFor({ state: "detached" });
  });

  it("[Y3] keeps a standing policy: a plan that breaks it cannot be approved, neither here nor by command, but refused with a reason", async () => {
    await page.getByRole("link", { name: "Change policy" }).click();
    await page.getByRole("heading", { name: "Standing policy of this site" }).waitFor();
    await page.getByLabel("From").fill("7:00");
    await page.getByRole("button", { name: "Save policy" }).click();
    await page.getByRole("alert").filter({ hasText: "enter two different times" }).waitFor();
    await page.getByLabel("From").fill("");
    await page.getByLabel("Only plans with secure aggregation").check();
    await pictured("policy");
    await page.getByRole("button", { name: "Save policy" }).click();
    await page.getByRole("region", { name: "Standing policy" }).getByText("only plans with secure aggregation").waitFor();
    plain = await propose(3, "plain", 2, "To see each update.");
    await page.getByRole("link", { name: "heart v3" }).click();
    await page.getByText("It cannot be approved yet").waitFor();
    await page.getByText("it adds updates up in plain, where the coordinator reads each").waitFor();
    await pictured("policy-broken");
    const forced = await heart.federation.siteCommand(SITE, "approve", plain, "--steward", "Somebody", "--data", "main");
    expect([forced.code, forced.stderr]).toEqual([56, expect.stringContaining("breaks this site's standing policy")]);
    const reason = "We share <b>sums</b> only.";
    await page.getByLabel("Why").fill(reason);
    await page.getByRole("button", { name: "Refuse plan" }).click();
    await page.getByText(`refused by ${STEWARD}`).waitFor();
    const admin = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    await firstAdmin(admin, heart.federation);
    await admin.goto(`${heart.federation.url}/plans/${plain}`);
    await admin.getByText(`“${reason}”`).waitFor();
    await admin.close();
  });

  it("[Y4] pauses, also while the coordinator is away, and only the site turns it on again", async () => {
    const agent = heart.federation.agents.get(SITE);
    await heart.federation.coordinator.crash();
    await page.getByText(/No connection to the coordinator since/).waitFor({ timeout: 60_000 });
    await pictured("offline");
    const paused = agent?.event("paused", agent.lines.length);
    await page.getByRole("switch", { name: "Taking part" }).click();
    expect(await paused).toMatchObject({ paused: true });
    await page.getByText(new RegExp(`Paused here since .* by ${STEWARD}`)).waitFor();
    expect(await page.getByRole("switch", { name: "Taking part" }).getAttribute("aria-checked")).toBe("false");
    await pictured("paused-offline");
    await heart.federation.startCoordinator();
    await page.locator("#presence").getByText("Connected", { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByText(/Paused here since/).waitFor();
    await pictured("paused");
    const resumed = agent?.event("paused", agent.lines.length);
    await page.getByRole("button", { name: "Take part again" }).click();
    expect(await resumed).toMatchObject({ paused: false });
    const log = () => readFile(join(heart.federation.siteDir(SITE), "audit.jsonl"), "utf8");
    // The agent says that it takes part again, then writes it down.
    for (const action of ["paused", "resumed"])
      await expect
        .poll(log)
        .toMatch(new RegExp(`"actor":"steward:${STEWARD}","action":"${action}"|"action":"${action}","actor":"steward:${STEWARD}"`));
  });

  it("speaks German where the browser does, works without scripts, and forgets whoever signs out", async () => {
    const again = (await heart.federation.siteCommandOk(SITE, "page"))["link"] as string;
    const quiet = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "de-AT", javaScriptEnabled: false });
    const door = await quiet.newPage();
    await door.goto(again);
    await door.getByLabel("Ihr Name").fill("Dr. Leise");
    await door.getByRole("button", { name: "Seite öffnen" }).click();
    await door.getByRole("heading", { name: "Kein Plan wartet auf Ihre Antwort" }).waitFor();
    await door.getByRole("switch", { name: "Nimmt teil" }).click();
    await door.getByText(/Hier pausiert seit .* durch Dr. Leise/).waitFor();
    await door.getByRole("button", { name: "Wieder teilnehmen" }).click();
    await door.getByText(/Hier pausiert seit/).waitFor({ state: "detached" });
    const place = door.url();
    await door.getByRole("button", { name: "Abmelden" }).click();
    await door.getByRole("heading", { name: "Diese Seite braucht einen Link" }).waitFor();
    expect((await door.goto(place))?.status()).toBe(401);
    await quiet.close();
  });
});
