/** A second factor from setting it up to being reset, in a real browser over a real coordinator. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { App } from "../apps/coordinator/src/auth/one-time-code.fixture.ts";
import { Federation } from "../tools/federation/federation.ts";
import { ADMIN, firstAdmin, openBrowser } from "./support/browser.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const BEN = { name: "Ben", email: "ben@hospital.example", password: "another long password" };

requireOrSkip("chromium", findChromium).describe("a second factor", (chromium) => {
  let dir: string;
  let federation: Federation;
  let browser: Browser;
  let page: Page;
  const app = new App();
  let secret = "";
  let recovery: readonly string[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "engraft-second-"));
    federation = await Federation.start({ dir, dashboard: true });
    await (await federation.api()).users.create.mutate({ ...BEN, role: "admin" });
    browser = await openBrowser(chromium);
    page = await newPage();
    await firstAdmin(page, federation);
  });
  afterAll(async () => {
    await browser?.close();
    await federation?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function newPage(): Promise<Page> {
    const made = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    made.setDefaultTimeout(30_000);
    return made;
  }
  const card = () => page.getByRole("region", { name: "Second factor" });
  const home = (of: Page) => of.getByRole("heading", { name: "Home", level: 1 }).waitFor();
  async function signOut(): Promise<void> {
    await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
  }
  async function password(of: Page, { email, password: given }: typeof BEN): Promise<void> {
    await of.getByRole("heading", { name: "Sign in" }).waitFor();
    await of.getByLabel("E-mail").fill(email);
    await of.getByLabel("Password").fill(given);
    await of.getByRole("button", { name: "Sign in" }).click();
  }
  /** To where secret and recovery codes are shown. */
  async function begin(): Promise<void> {
    await page.goto(`${federation.url}/account`);
    await card().getByLabel("Your password").fill(ADMIN.password);
    await card().getByRole("button", { name: "Set up" }).click();
    secret = (await card().getByLabel("secret", { exact: true }).textContent())?.trim() ?? "";
    recovery = await card().getByRole("list", { name: "recovery codes" }).getByRole("listitem").allTextContents();
  }
  async function turnOn(code: string): Promise<void> {
    await card().getByLabel("Code", { exact: true }).fill(code);
    await card().getByRole("button", { name: "Turn on" }).click();
  }

  it("is set up with the password, a QR code and the app's first code; a wrong one of either is named", async () => {
    await page.goto(`${federation.url}/account`);
    await card().getByLabel("Your password").fill("not this one");
    await card().getByRole("button", { name: "Set up" }).click();
    await card().getByText("This is not your password.").waitFor();
    await begin();
    expect(secret).toMatch(/^[A-Z2-7]{32,}$/);
    expect(recovery).toHaveLength(10);
    await card().getByRole("img", { name: "Secret for the app, as a QR code" }).waitFor();
    await turnOn("000000");
    await card().getByText("This code is not right, over, or used already.").waitFor();
    await looks(page, "second-factor-new");
    await turnOn(await app.code(secret));
    await card().getByText("The second factor is on.").waitFor();
    await clean(page, "second-factor-on");
  });

  it("is asked for after the password, and leads where one wanted to go", async () => {
    await signOut();
    await page.goto(`${federation.url}/plans`);
    await password(page, ADMIN);
    const code = page.getByLabel("Code from your app");
    await code.fill("000000");
    await page.keyboard.press("Enter");
    await page.getByText("This code is not right, over, or used already.").waitFor();
    await looks(page, "second-factor-ask");
    await code.fill(await app.code(secret));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Plans", level: 1 }).waitFor();
  });

  it("gives way to a recovery code, once", async () => {
    const [code = ""] = recovery;
    for (const opens of [true, false]) {
      await signOut();
      await password(page, ADMIN);
      await page.getByRole("button", { name: "Use a recovery code instead" }).click();
      await page.getByLabel("Recovery code", { exact: true }).fill(code);
      await page.keyboard.press("Enter");
      if (opens) await home(page);
      else await page.getByText("This is none of your recovery codes, or one that was used already.").waitFor();
    }
    await page.getByRole("button", { name: "Use the app instead" }).click();
    await page.getByLabel("Code from your app").fill(await app.code(secret));
    await page.keyboard.press("Enter");
    await home(page);
  });

  it("is reset by another admin, or on the coordinator's machine: then the password alone opens", async () => {
    const ben = await newPage();
    await ben.goto(`${federation.url}/users`);
    await password(ben, BEN);
    await ben.getByText("second factor", { exact: true }).waitFor();
    await ben.getByRole("button", { name: `Change user ${ADMIN.name}` }).click();
    await clean(ben, "second-factor-reset");
    await ben.getByRole("dialog").getByRole("button", { name: "Reset second factor" }).click();
    await expect.poll(() => ben.getByRole("button", { name: "Reset second factor" }).count()).toBe(0);
    await page.goto(`${federation.url}/account`);
    await password(page, ADMIN);
    await card().getByRole("button", { name: "Set up" }).waitFor();
    await begin();
    await turnOn(await app.code(secret));
    await card().getByText("The second factor is on.").waitFor();
    await federation.coordinatorCommandOk("user", "reset-second-factor", ADMIN.email);
    await page.goto(`${federation.url}/account`);
    await password(page, ADMIN);
    await card().getByRole("button", { name: "Set up" }).waitFor();
    const texts = (await (await federation.api()).audit.list.query({})).map(({ text }) => text);
    expect(texts).toContain(`operator reset the second factor of ${ADMIN.email}; all sessions ended.`);
    expect(texts).toContain(`admin:${BEN.email} reset the second factor of ${ADMIN.email}; all sessions ended.`);
  });

  it("is turned off with the password; in German it reads as well", async () => {
    await begin();
    await turnOn(await app.code(secret));
    await card().getByText("The second factor is on.").waitFor();
    await card().getByLabel("Your password").fill(ADMIN.password);
    await card().getByRole("button", { name: "Turn off" }).click();
    await card().getByRole("button", { name: "Set up" }).waitFor();
    await begin();
    await page.getByRole("button", { name: "Deutsch" }).first().click();
    await page.getByRole("region", { name: "Zweiter Faktor" }).getByText("Ersatzcodes").first().waitFor();
    await looks(page, "second-factor-german");
  });
});
