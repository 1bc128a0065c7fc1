/** The dashboard in a real browser over a real federation: an admin's first hour. */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN, openBrowser, screenshot, violations } from "./support/browser.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"];
const DOCS = resolve(import.meta.dirname, "../docs");

requireOrSkip("chromium", findChromium).describe("the dashboard", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  /** Digest of the secure plan that the form proposes, and its run. */
  let plan: string;
  let run: string;

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true, plan: shortPlan(20, 60) });
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(30_000);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  it("lets the first admin in by the one-time link, once", async () => {
    await page.goto(heart.federation.setupUrl ?? "");
    await page.getByLabel("Your name").fill(ADMIN.name);
    await page.getByLabel("E-mail").fill(ADMIN.email);
    await page.getByLabel("Password").fill(ADMIN.password);
    await clean(page, "setup");
    await page.getByRole("button", { name: /Create/ }).click();
    await page.getByRole("heading", { name: "Home" }).waitFor();
    const stranger = await browser.newPage();
    await stranger.goto(heart.federation.setupUrl ?? "");
    await stranger.getByText("The first admin is there already").waitFor();
    await stranger.close();
  });

  it("signs in with a clear word about a wrong password", async () => {
    const fresh = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    const door = await fresh.newPage();
    await door.goto(`${heart.federation.url}/runs`);
    await door.getByRole("heading", { name: "Sign in" }).waitFor();
    await door.getByLabel("E-mail").fill(ADMIN.email);
    await door.getByLabel("Password").fill("wrong password here");
    // Enter does nothing before the form works.
    await expect.poll(() => door.getByRole("button", { name: "Sign in" }).isEnabled()).toBe(true);
    await door.keyboard.press("Enter");
    // Not just any alert: the next password must not be typed before this answer is there.
    await door.getByRole("alert").filter({ hasText: "do not belong together" }).waitFor();
    await screenshot(door, "login-wrong");
    expect(await violations(door)).toEqual([]);
    await door.getByLabel("Password").fill(ADMIN.password);
    await door.keyboard.press("Enter");
    await door.getByRole("heading", { name: "Runs" }).waitFor();
    await fresh.close();
  });

  it("invites a site: one line to copy, which the real agent accepts", async () => {
    await page.goto(`${heart.federation.url}/sites`);
    await page.getByText("cleveland").first().waitFor();
    await page.getByRole("button", { name: "Invite site" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/name/i).first().fill("graz");
    await dialog
      .getByRole("button", { name: /invite/i })
      .last()
      .click();
    const line = dialog.getByText(/engraft-invite-1\./).first();
    await line.waitFor();
    await clean(page, "sites-invite");
    const invite = /engraft-invite-1\.\S+/.exec((await line.textContent()) ?? "")?.[0] ?? "";
    expect((await heart.federation.siteCommand("graz", "join", invite)).code).toBe(0);
    await page.keyboard.press("Escape");
    await page.getByRole("row", { name: /graz/ }).first().waitFor();
    await clean(page, "sites");
  });

  it("proposes a secure plan unless told otherwise; a wrong value is named where it stands, with what to do", async () => {
    await page.goto(`${heart.federation.url}/plans/new`);
    const batch = page.getByLabel("Batch", { exact: true });
    await batch.fill("0");
    expect(await page.getByRole("radio", { name: "Secure" }).isChecked()).toBe(true);
    const ticked = (site: string) => page.getByRole("checkbox", { name: site, exact: true });
    for (const site of [...SITES, "graz"]) expect(await ticked(site).isChecked()).toBe(true);
    for (const site of ["graz", "hungary", "va"]) await ticked(site).uncheck();
    await page.getByRole("button", { name: "Propose plan" }).click();
    await expect.poll(() => batch.getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("alert").filter({ hasText: "A sum of fewer than 3 hides nothing" }).waitFor();
    await clean(page, "plan-new-wrong");
    await batch.fill("16");
    for (const site of ["hungary", "va"]) await ticked(site).check();
    await page.getByText("4 sites: a sum needs 3 of them").waitFor();
    const strategy = page.getByRole("combobox", { name: "Strategy" });
    await strategy.selectOption({ label: "Coordinate median" });
    await page.getByRole("alert").filter({ hasText: "nobody sees under secure aggregation" }).waitFor();
    await strategy.selectOption({ label: "FedAdam" });
    expect(await page.getByLabel("Server’s rate", { exact: true }).inputValue()).toBe("0.003");
    await page.getByRole("heading", { name: "In plain words" }).waitFor();
    await clean(page, "plan-new");
    await page.getByRole("button", { name: "Propose plan" }).click();
    await page.getByRole("heading", { name: /v2/ }).waitFor();
    plan = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await page.getByText("aggregation.method").first().waitFor();
    await clean(page, "plan-review");
  });

  it("shows the directory with its code of 16 words, and each approval once the stewards have compared it", async () => {
    const code = page.getByRole("list", { name: "Code of the directory in words" });
    const words = await code.getByRole("listitem").allTextContents();
    expect(words).toHaveLength(16);
    expect(words.join(" ")).toBe(await heart.federation.directoryWords("cleveland", plan));
    expect(await page.getByText("graz").count()).toBe(0);
    await heart.federation.compareAll(plan, SITES);
    for (const site of SITES) await heart.federation.approve(site, plan, "--data", "main");
    await page.getByText("Enough approvals").waitFor();
    await page.getByText("after the directory’s code was compared there").first().waitFor();
    await clean(page, "plan-approved");
  });

  it("starts the run of the approved plan", async () => {
    expect(await page.getByText("Plain aggregation").count()).toBe(0);
    await page.getByRole("button", { name: "Start run" }).click();
    await page.waitForURL(/\/runs\//);
    run = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    expect(run).toMatch(/\.\d+$/);
  });

  it("shows a run live: the chart grows by itself and keeps its zoom", async () => {
    const chart = page.getByRole("img", { name: /AUROC/ }).first();
    await chart.waitFor({ timeout: 120_000 });
    await heart.until(run, (view) => view.pooledCurve.length >= 3);
    const box = await chart.boundingBox();
    if (box === null) throw new Error("the chart has no place on the page");
    await page.mouse.move(box.x + box.width * 0.1, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    const reset = page.getByRole("button", { name: "Reset zoom" });
    await reset.waitFor();
    const before = await chart.getAttribute("aria-label");
    // Nobody reloads: the sentence that describes the chart changes when a metric has been accepted.
    await expect.poll(() => chart.getAttribute("aria-label"), { timeout: 120_000 }).not.toBe(before);
    expect(await reset.isVisible()).toBe(true);
    // On a fast machine the run would be over before everything was looked at.
    await (await heart.federation.api()).runs.pause.mutate({ run });
    await reset.click();
    await clean(page, "run-live");
  });

  it("[R20] [R22] steers a run: paused and resumed, with a new deadline, each under the admin's name", async () => {
    await page.getByRole("button", { name: "Steer run" }).click();
    const resume = page.getByRole("button", { name: "Resume run" });
    await resume.click();
    await page.getByRole("button", { name: "Pause run" }).click();
    await resume.waitFor();
    await heart.until(run, (view) => view.paused !== null);
    await clean(page, "run-steer");
    await resume.click();
    await page.getByRole("button", { name: "Pause run" }).waitFor();
    await page.getByLabel("Minutes from now").fill("nothing");
    await page.getByRole("button", { name: "Move deadline" }).click();
    await page.getByText("Enter a number of minutes above 0.").waitFor();
    await page.getByLabel("Minutes from now").fill("45");
    await page.getByRole("button", { name: "Move deadline" }).click();
    await heart.until(
      run,
      (view) => view.paused === null && view.rounds.some(({ moves }) => moves.some(({ by }) => by.startsWith("admin:"))),
    );
    await page.keyboard.press("Escape");
    expect(await page.getByRole("button", { name: "Steer run" }).isVisible()).toBe(true);
  });

  it("shows each site on its way through a secure round, and no figure of a single site", async () => {
    const steps = page.getByRole("table", { name: /how far each site has come/ });
    for (const site of SITES) await steps.getByRole("rowheader", { name: site }).waitFor();
    for (const step of ["Keys", "Shares", "Masked", "Survivors", "Release"]) {
      expect(await steps.getByRole("columnheader", { name: step }).count()).toBe(1);
    }
    await page.getByRole("button", { name: /^Round 1:.*sum opened/ }).click();
    const first = page.getByRole("region", { name: "Round 1, site by site" });
    await first.getByText("The sum of 4 sites was opened").waitFor();
    expect(await first.getByRole("cell", { name: "in the sum" }).count()).toBe(4);
    await page.getByText("Per-site figures are not shown: the plan keeps them inside the sum.").first().waitFor();
    expect(await page.getByRole("list", { name: "Legend" }).getByText("cleveland").count()).toBe(0);
  });

  it("says from the record of each sum whether a single update could be read", async () => {
    const saw = page.getByRole("region", { name: "What the coordinator saw" });
    await saw.getByText("Could it read one site’s update?").waitFor();
    await saw.getByText("No", { exact: true }).first().waitFor();
    await saw.getByText("all 4 sites together").waitFor();
    await saw.getByText(`engraft-coordinator run record ${run}`).waitFor();
    const [record] = await (await heart.federation.api()).runs.record.query({ run });
    expect(record?.masked).toHaveLength(4);
    for (const { site, digest } of record?.masked ?? []) {
      const row = saw.getByRole("row", { name: new RegExp(`^${site}`) });
      expect(await row.textContent()).toContain(`${digest.slice(0, 4)} ${digest.slice(4, 8)}`);
      expect(await row.getByRole("cell").nth(4).textContent()).toBe("none");
    }
    const [download] = await Promise.all([page.waitForEvent("download"), saw.getByRole("link", { name: "Record" }).click()]);
    expect(await download.failure()).toBeNull();
    await clean(page, "run-record");
  });

  it("shows how the run ended, what all hospitals gained together, and the release to download", async () => {
    await heart.untilPhase(run, "finished");
    await page.getByRole("link", { name: "Open release" }).waitFor();
    await page.getByRole("table", { name: /on all sites’ test patients together/ }).waitFor();
    await page.mouse.move(0, 0);
    await looks(page, "run-finished");
    if (process.env["ENGRAFT_WRITE_DOCS"] === "1") {
      await mkdir(DOCS, { recursive: true });
      await page.screenshot({ path: `${DOCS}/run.png` });
    }
    await page.getByRole("link", { name: "Open release" }).click();
    const file = page.getByRole("link", { name: /model\.safetensors/ }).first();
    await file.waitFor();
    await page.getByText("Secure: the coordinator saw sums.").waitFor();
    await clean(page, "release");
    const [download] = await Promise.all([page.waitForEvent("download"), file.click()]);
    expect(await download.failure()).toBeNull();
  });

  it("[O7] [O9] releases the model under a name, compares it, and withdraws it with a reason", async () => {
    await page.getByText("Candidate", { exact: true }).first().waitFor();
    await page.getByRole("button", { name: "Release model" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Version").fill("one");
    await dialog.getByRole("button", { name: "Release model" }).click();
    await dialog.getByText("Enter numbers with dots, for example 1.0.").waitFor();
    await clean(page, "release-make");
    await dialog.getByLabel("Version").fill("1.0");
    await dialog.getByLabel("Notes").fill("For research at four hospitals.");
    await dialog.getByRole("button", { name: "Release model" }).click();
    await page.getByRole("heading", { name: /1\.0$/, level: 1 }).waitFor();
    await page
      .getByRole("region", { name: "Verify it" })
      .getByText(/engraft verify bundle\.zip --key/)
      .waitFor();
    await page.getByRole("list", { name: "From the base model to this one" }).getByText(run).waitFor();
    await looks(page, "release-made");
    const all = page.getByRole("link", { name: /Download all files/ });
    const [bundle] = await Promise.all([page.waitForEvent("download"), all.click()]);
    expect(await bundle.failure()).toBeNull();
    await page.getByRole("button", { name: "Withdraw release" }).click();
    const confirm = page.getByRole("alertdialog");
    await confirm.getByRole("button", { name: "Withdraw release" }).click();
    await confirm.getByText("Say why, for whoever uses it.").waitFor();
    await confirm.getByLabel("Why").fill("A trial only.");
    await confirm.getByRole("button", { name: "Withdraw release" }).click();
    await page.getByRole("note").filter({ hasText: "A trial only. Do not use it for anything new." }).waitFor();
    await looks(page, "release-withdrawn");
    await page.goto(`${heart.federation.url}/models/compare`);
    await page.getByText("There is nothing to compare yet").waitFor();
    await clean(page, "compare-empty");
  });

  it("says which run has used an approval up", async () => {
    await page.goto(`${heart.federation.url}/plans/${plan}`);
    await page
      .getByText("Used by run")
      .nth(SITES.length - 1)
      .waitFor();
    await page.getByText("An approval serves one run").first().waitFor();
    await looks(page, "plan-used");
  });

  it("writes a plain plan only when told to, and says in red what that means: in the form, on the plan, on its run", async () => {
    await page.goto(`${heart.federation.url}/plans/new?from=${plan}`);
    // The next version of a plan keeps its directory, without the site that was left out.
    expect(await page.getByRole("checkbox", { name: "graz", exact: true }).isChecked()).toBe(false);
    await page.getByRole("radio", { name: "Plain" }).check();
    await page.getByRole("alert").filter({ hasText: "Plain aggregation: the coordinator can read each update." }).waitFor();
    await looks(page, "plan-new-plain");
    await page.getByRole("button", { name: "Propose plan" }).click();
    await page.getByRole("heading", { name: /v3/ }).waitFor();
    const plain = new URL(page.url()).pathname.split("/").at(-1) ?? "";
    await page.getByText("Plain aggregation: the coordinator can read each update").first().waitFor();
    await clean(page, "plan-plain");
    for (const site of SITES) await heart.federation.approve(site, plain, "--data", "main", "--site-metrics");
    await page.getByText("Enough approvals").waitFor();
    await page.getByRole("button", { name: "Start run" }).click();
    await page.waitForURL(/\/runs\//);
    await page.getByText("Plain aggregation: the coordinator can read each update.").waitFor();
    await page.getByText("Yes, it could read every site’s update.").waitFor();
    await page.getByRole("list", { name: "Legend" }).getByText("cleveland").waitFor({ timeout: 60_000 });
    await clean(page, "run-plain");
    await page.getByRole("button", { name: "Stop run" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Stop run" }).click();
    await page.getByText("Stopped", { exact: true }).first().waitFor();
  });

  it("makes a token that is shown once and works for curl, and revokes it by keyboard", async () => {
    await page.goto(`${heart.federation.url}/tokens`);
    await page.getByRole("button", { name: "Make token" }).click();
    await page.getByText("Enter what it is for").waitFor();
    await page.getByLabel("What it is for").fill("notebook");
    await page.getByRole("checkbox", { name: "read:runs" }).check();
    await page.getByRole("button", { name: "Make token" }).click();
    const secret = (await page.getByLabel("token", { exact: true }).textContent())?.trim() ?? "";
    expect(secret).toMatch(/^engraft_[A-Za-z0-9_-]{43}$/);
    expect(await page.getByLabel("curl command", { exact: true }).textContent()).toContain(`${heart.federation.url}/trpc/runs.list`);
    await clean(page, "token-made");
    const get = () => fetch(`${heart.federation.url}/trpc/runs.list`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await get()).status).toBe(200);
    await page.getByRole("button", { name: "Revoke token notebook" }).press("Enter");
    await page.getByText("revoked", { exact: true }).waitFor();
    expect((await get()).status).toBe(401);
    await page.reload();
    await page.getByText("notebook").waitFor();
    expect(await page.content()).not.toContain(secret.slice(8));
  });

  it.each([
    ["/", "home", "Home"],
    ["/runs", "runs", "Runs"],
    ["/plans", "plans", "Plans"],
    ["/models", "models", /Models|Releases/],
    ["/audit", "audit", "Audit"],
    ["/users", "users", /Users|People/],
    ["/tokens", "tokens", /Your tokens/],
  ] as const)("%s has no axe violation, light and dark, wide and narrow", async (path, name, heading) => {
    for (const [colorScheme, width] of [
      ["light", 1440],
      ["dark", 1440],
      ["light", 390],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 1000 });
      await page.goto(`${heart.federation.url}${path}`);
      await page.getByRole("heading", { name: heading, level: 1 }).first().waitFor();
      await page.waitForLoadState("networkidle").catch(() => undefined);
      await clean(page, `${name}-${colorScheme}-${width}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1440, height: 1000 });
  });

  it("a researcher sees runs and releases, and no button that is not theirs", async () => {
    const api = await heart.federation.api();
    await api.users.create.mutate({ email: "rita@uni.example", name: "Rita", password: "another long password", role: "researcher" });
    const context = await browser.newContext();
    const reader = await context.newPage();
    await reader.goto(`${heart.federation.url}/login`);
    await reader.getByLabel("E-mail").fill("rita@uni.example");
    await reader.getByLabel("Password").fill("another long password");
    await reader.keyboard.press("Enter");
    await reader.getByRole("heading", { name: "Home" }).waitFor();
    await reader.goto(`${heart.federation.url}/sites`);
    await reader.getByText("cleveland").first().waitFor();
    expect(await reader.getByRole("button", { name: "Invite site" }).count()).toBe(0);
    const refused = await reader.evaluate(
      async () =>
        (
          await fetch("/trpc/runs.stop", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify({ run: "x.1" }),
          })
        ).status,
    );
    expect(refused).toBe(403);
    await context.close();
  });

  it("says what happened and what is safe when the coordinator is away, and goes on by itself", async () => {
    await page.goto(`${heart.federation.url}/runs`);
    await page.getByRole("heading", { name: "Runs" }).waitFor();
    await heart.federation.coordinator.crash();
    await page
      .getByText(/Reconnecting|Offline|not reach/i)
      .first()
      .waitFor({ timeout: 60_000 });
    await screenshot(page, "offline");
    await heart.federation.startCoordinator();
    await page.getByText(/^Live/).first().waitFor({ timeout: 60_000 });
  });
});
