/** Alerts, share links, roles and accounts in a real browser over a real federation, with a mail server and a webhook's receiver. */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, shortPlan } from "./support/heart.ts";
import { clean, looks } from "./support/looks.ts";
import { openHook, openMailServer, type Hook, type MailServer } from "./support/receivers.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const LOGIN = { name: 'Anna <img src=x onerror="globalThis.marked=1">', email: "anna@hospital.example", password: "correct horse battery" };
const VIEWER = { name: "Vera Viewer", email: "vera@hospital.example", password: "a viewer's password", role: "viewer" } as const;
const SITES = ["cleveland", "hungary"];
const MAIL_PASSWORD = "the password of the mail server";

requireOrSkip("chromium", findChromium).describe("alerts, links and people", (chromium) => {
  let heart: Heart;
  let mail: MailServer;
  let hook: Hook;
  let browser: Browser;
  let page: Page;
  let run: string;
  let secret: string;
  let link: string;

  beforeAll(async () => {
    mail = await openMailServer(MAIL_PASSWORD);
    hook = await openHook();
    heart = await Heart.start({
      dashboard: true,
      sites: SITES,
      plan: (plan) => ({ ...shortPlan(2)(plan), cohort: { ...plan.cohort, minSites: 2, gatherSeconds: 600 } }),
      env: {
        ENGRAFT_SMTP_URL: mail.url,
        ENGRAFT_SMTP_PASSWORD: MAIL_PASSWORD,
        ENGRAFT_MAIL_FROM: "engraft@hospital.example",
        ENGRAFT_WEBHOOK_ALLOW: `127.0.0.1:${hook.port}`,
        ENGRAFT_ALERT_AFTER_SECONDS: "1",
      },
    });
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(30_000);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
    await mail?.close();
    hook?.close();
  });

  const api = () => heart.federation.api();
  const signIn = async ({ email, password }: { readonly email: string; readonly password: string }): Promise<[BrowserContext, Page]> => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    const door = await context.newPage();
    door.setDefaultTimeout(30_000);
    await door.goto(`${heart.federation.url}/login`);
    await door.getByLabel("E-mail").fill(email);
    await door.getByLabel("Password").fill(password);
    await expect.poll(() => door.getByRole("button", { name: "Sign in" }).isEnabled()).toBe(true);
    await door.getByRole("button", { name: "Sign in" }).click();
    await door.getByRole("heading", { name: "Home" }).waitFor();
    return [context, door];
  };

  it("[X5] a webhook and a mail address are added, tested, and the webhook's secret shown once", async () => {
    await firstAdmin(page, heart.federation, LOGIN);
    await page.goto(`${heart.federation.url}/alerts`);
    await page.getByText("Nobody is told yet").waitFor();
    await looks(page, "alerts-empty");
    await page.getByRole("button", { name: "Add channel" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await dialog.getByText("Enter at least one address").waitFor();
    await clean(page, "alerts-add-wrong");
    await dialog.getByLabel("Name").fill("Duty <b>phone</b>");
    await dialog.getByLabel("E-mail addresses").fill("duty@hospital.example, nurse@hospital.example");
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await page.getByText("duty@hospital.example, nurse@hospital.example").waitFor();
    await page.getByRole("button", { name: "Add channel" }).click();
    await dialog.getByLabel("Name").fill("Pager");
    await dialog.getByLabel("How").selectOption("webhook");
    await dialog.getByLabel("Address").fill("https://169.254.169.254/");
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await dialog.getByText("metadata service").waitFor();
    await dialog.getByLabel("Address").fill(hook.url);
    await dialog.getByRole("button", { name: "Save channel" }).click();
    await page.getByRole("heading", { name: "Secret of “Pager”" }).waitFor();
    secret =
      (await page
        .getByText(/^[\w-]{43}$/)
        .first()
        .textContent()) ?? "";
    const lines = page.getByRole("listitem").filter({ hasText: "Send test message" });
    await lines.first().getByRole("button", { name: "Send test message" }).click();
    await lines.first().getByText("the test message was taken").waitFor();
    await lines.nth(1).getByRole("button", { name: "Send test message" }).click();
    await lines.nth(1).getByText("the test message was taken").waitFor();
    await looks(page, "alerts-tested");
    expect(mail.mails.map(({ to }) => to)).toEqual([["duty@hospital.example", "nurse@hospital.example"]]);
    expect(hook.heard).toHaveLength(1);
    await page.reload();
    await page.getByText("duty@hospital.example, nurse@hospital.example").waitFor();
    expect(await page.content()).not.toContain(secret);
  });

  it("[X1] [X5] a run that waits for a site is told of once, signed, with what the first page says and a link that leads there; then that it is over", async () => {
    const heardOf = (kind: string, state: string) =>
      hook.heard.filter(({ body }) => {
        const said = JSON.parse(body) as { readonly kind: string; readonly state: string };
        return said.kind === kind && said.state === state;
      });
    await heart.federation.agents.get("hungary")?.stop();
    run = await page.evaluate(async (plan) => {
      const answer = await fetch("/trpc/runs.start", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ plan }),
      });
      return ((await answer.json()) as { result: { data: { run: string } } }).result.data.run;
    }, heart.plan);
    await expect.poll(() => heardOf("run-waits", "open").length, { timeout: 60_000 }).toBe(1);
    const [{ headers, body } = { headers: {}, body: "{}" }] = heardOf("run-waits", "open");
    const [, seconds = "", signed] = /^t=(\d+),v1=(\w+)$/.exec(String(headers["engraft-signature"])) ?? [];
    expect(createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex")).toBe(signed);
    const said = JSON.parse(body) as { readonly what: string; readonly next: string; readonly url: string };
    const { needs } = await (await api()).home.query();
    expect(needs).toContainEqual(expect.objectContaining({ what: said.what, next: said.next }));
    await page.goto(said.url);
    await page.getByRole("heading", { name: run }).waitFor();
    await heart.federation.startAgent("hungary");
    await heart.untilPhase(run, "finished");
    await expect.poll(() => heardOf("run-waits", "over").length, { timeout: 60_000 }).toBe(1);
    expect(heardOf("run-waits", "open")).toHaveLength(1);
  });

  it("[X2] its end is told of once to each, to whoever started it too, with the figure of the first page and nothing else", async () => {
    const ends = () => mail.mails.filter(({ raw }) => raw.includes(`Subject: [Engraft] ${run} has finished.`));
    await expect.poll(() => ends().length, { timeout: 60_000 }).toBe(2);
    expect(
      ends()
        .map(({ to }) => to.join(" "))
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual([LOGIN.email, "duty@hospital.example nurse@hospital.example"]);
    const { metric } = (await (await api()).runs.list.query()).find((one) => one.run === run) ?? {};
    expect(ends()[0]?.raw).toContain(`Round 2 of 2. ${metric?.name} ${metric?.values.at(-1)?.toFixed(3)}`);
    for (const site of SITES) expect(ends()[0]?.raw).not.toContain(site);
    await page.goto(`${heart.federation.url}/alerts`);
    await page
      .getByRole("row", { name: new RegExp(`${run} has finished`) })
      .first()
      .waitFor();
    await looks(page, "alerts-full");
    const log = await readFile(join(heart.dir, "log", "coordinator.log"), "utf8");
    expect(log).not.toContain(MAIL_PASSWORD);
    expect(log).not.toContain(secret);
  });

  it("[X7] [X8] a link shows the run to a stranger, with nobody's name and no site's figures, until it is revoked", async () => {
    await page.goto(`${heart.federation.url}/runs/${run}`);
    await page.getByRole("button", { name: "Share run" }).click();
    const dialog = page.getByRole("dialog");
    await clean(page, "share-dialog");
    await dialog.getByRole("button", { name: "Make link" }).click();
    link = (await dialog.getByText(/\/share\/[\w-]{43}$/).textContent()) ?? "";
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    const stranger = await context.newPage();
    const asked: string[] = [];
    stranger.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const answer = await stranger.goto(link);
    await stranger.getByRole("heading", { name: run }).waitFor();
    await stranger
      .getByRole("img", { name: /after round/ })
      .first()
      .waitFor();
    expect(answer?.headers()["x-robots-tag"]).toBe("noindex, nofollow");
    expect(answer?.headers()["referrer-policy"]).toBe("no-referrer");
    expect(asked.filter((path) => path.startsWith("/trpc/"))).toEqual(["/trpc/share.view"]);
    const seen = await stranger.innerText("body");
    for (const hidden of [...SITES, "anna", "hospital.example"]) expect(seen).not.toContain(hidden);
    expect(await stranger.getByRole("link").count()).toBe(0);
    await looks(stranger, "share");
    await dialog.getByRole("button", { name: /Revoke link/ }).click();
    await dialog.getByText("revoked", { exact: true }).waitFor();
    await stranger.reload();
    await stranger.getByText("This link shows nothing").waitFor();
    await clean(stranger, "share-gone");
    await context.close();
  });

  it("[Z5] markup in names runs nothing and shows as text; an inline script of somebody else's does not run", async () => {
    await page.goto(`${heart.federation.url}/users`);
    await page.getByText(LOGIN.name).first().waitFor();
    await page.goto(`${heart.federation.url}/alerts`);
    await page.getByText("Duty <b>phone</b>").first().waitFor();
    const ran = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.marked = 2";
      document.body.append(script);
      const link_ = document.createElement("div");
      link_.innerHTML = '<img src="x" onerror="globalThis.marked = 3">';
      document.body.append(link_);
      return new Promise((resolve) => setTimeout(() => resolve((globalThis as { marked?: number }).marked), 300));
    });
    expect(ran).toBeUndefined();
    const frame = await browser.newPage();
    await frame.setContent(`<iframe src="${heart.federation.url}/login"></iframe>`);
    await frame.waitForTimeout(500);
    expect(await frame.frames()[1]?.getByRole("heading", { name: "Sign in" }).count()).toBe(0);
    await frame.close();
  });

  it("[U5] [U6] a viewer finds no page and no button of what the role may not, and the routes say why", async () => {
    await (await api()).users.create.mutate(VIEWER);
    const [context, viewer] = await signIn(VIEWER);
    const names = await viewer.getByRole("navigation", { name: "Main", exact: true }).getByRole("link").allTextContents();
    expect(names.map((name) => name.replace(/[\d/]+$/, ""))).toEqual(["Home", "Runs", "Plans", "Releases", "Sites"]);
    await viewer.goto(`${heart.federation.url}/runs/${run}`);
    await viewer.getByRole("link", { name: "Open release" }).click();
    await viewer.getByRole("heading", { name: "Files" }).waitFor();
    expect(await viewer.locator("a[download]").count()).toBe(0);
    expect(await viewer.getByRole("button", { name: /Release|Withdraw|Share|Steer/ }).count()).toBe(0);
    expect(await viewer.innerText("body")).not.toContain("@");
    await clean(viewer, "viewer-release");
    const release = (await (await api()).releases.list.query())[0]?.files[0]?.url ?? "";
    const refused = await viewer.evaluate(async (path) => {
      const answer = await fetch(path);
      return `${answer.status} ${await answer.text()}`;
    }, release);
    expect(refused).toMatch(/^403 .*A viewer sees runs and figures and downloads nothing/);
    for (const [path, why] of [
      ["/alerts", "Only an admin"],
      ["/users", "Only an admin"],
      ["/audit", "Only an admin"],
      ["/tokens", "Only researchers and admins"],
    ] as const) {
      await viewer.goto(`${heart.federation.url}${path}`);
      await viewer.getByText(why).first().waitFor();
    }
    await context.close();
  });

  it("[Z2] an admin signs somebody out: the open page asks for the password; one's own account says where one is signed in", async () => {
    const [context, viewer] = await signIn(VIEWER);
    await viewer.goto(`${heart.federation.url}/account`);
    await viewer.getByText("this browser").waitFor();
    await looks(viewer, "account");
    await viewer.goto(`${heart.federation.url}/runs`);
    await viewer.getByRole("heading", { name: "Runs" }).waitFor();
    await page.goto(`${heart.federation.url}/users`);
    await page.getByRole("button", { name: "Change user Vera Viewer" }).click();
    await clean(page, "users-change");
    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("Signed out everywhere.").waitFor();
    await viewer.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.keyboard.press("Escape");
    await looks(page, "users");
    await context.close();
  });

  it("speaks German on these pages", async () => {
    await page.evaluate(() => localStorage.setItem("engraft-language", "de"));
    for (const [path, title] of [
      ["/alerts", "Meldungen"],
      ["/users", "Konten"],
      ["/tokens", "Ihre Zugangstoken"],
      ["/audit", "Prüfprotokoll"],
    ] as const) {
      await page.goto(`${heart.federation.url}${path}`);
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.waitForTimeout(300);
      await clean(page, `german${path.replace("/", "-")}`);
    }
  });
});
