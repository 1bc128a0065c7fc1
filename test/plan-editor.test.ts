/** The form in which plans are written, in a real browser over a real federation: by file, as a draft that stays, by keyboard alone. */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "@engraft/core/base/canonical";
import type { Plan } from "@engraft/core/models/plan";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { exampleFile } from "../examples/heart-disease/files.ts";
import { ADMIN, firstAdmin, openBrowser } from "./support/browser.ts";
import { Heart, heartPlan } from "./support/heart.ts";
import { expectFocus, retype, tabTo } from "./support/keyboard.ts";
import { clean, looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland", "va"];
const BEN = { name: "Ben", email: "ben@hospital.example", password: "another long password" };

requireOrSkip("chromium", findChromium).describe("the plan editor", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    heart = await Heart.start({ dashboard: true, aggregation: "secure" });
    const { federation, dir } = heart;
    // Another base of the same fields, so that there is one to choose.
    const other = join(dir, "other-base");
    await cp(exampleFile("base"), other, { recursive: true });
    const manifest = JSON.parse(await readFile(join(other, "manifest.json"), "utf8")) as object;
    await writeFile(join(other, "manifest.json"), JSON.stringify({ ...manifest, name: "heart-twin", title: "Heart, once more" }));
    await federation.coordinatorCommandOk("base", "import", other);
    await (await federation.api()).users.create.mutate({ ...BEN, role: "admin" });
    browser = await openBrowser(chromium);
    context = await browser.newContext({ viewport: { width: 1440, height: 1000 } });
    page = await newPage();
    await firstAdmin(page, federation);
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  async function newPage(): Promise<Page> {
    const made = await context.newPage();
    made.setDefaultTimeout(30_000);
    return made;
  }
  const open = async (path = "/plans/new"): Promise<void> => void (await page.goto(`${heart.federation.url}${path}`));
  const purpose = () => page.getByRole("textbox", { name: "Purpose" });
  const propose = () => page.getByRole("button", { name: "Propose plan" });
  const kept = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("engraft-plan-draft")));
  async function signIn({ email, password }: typeof BEN): Promise<void> {
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
  }
  /** Digest of the plan whose page is open. */
  async function proposed(heading: RegExp): Promise<string> {
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    return new URL(page.url()).pathname.split("/").at(-1) ?? "";
  }
  const planOf = async (digest: string): Promise<Plan> => (await (await heart.federation.api()).plans.get.query({ digest })).plan;
  async function approveAndRun(digest: string): Promise<string> {
    await heart.federation.compareAll(digest, SITES);
    for (const site of SITES) await heart.federation.approve(site, digest, "--data", "main");
    return (await (await heart.federation.api()).runs.start.mutate({ plan: digest })).run;
  }
  const openFile = async (name: string, text: string): Promise<void> => {
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.getByRole("button", { name: "Open JSON file" }).click()]);
    await chooser.setFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  };

  it("keeps what was typed over a reload, a closed tab and a session that ended, for this account alone", async () => {
    await open();
    await purpose().fill("Half a sentence");
    await page.getByText("Draft kept in this browser").waitFor();
    await page.reload();
    await page.getByText("This is your draft").waitFor();
    expect(await purpose().inputValue()).toBe("Half a sentence");
    await looks(page, "plan-draft");
    await page.close();
    page = await newPage();
    await open();
    expect(await purpose().inputValue()).toBe("Half a sentence");
    await context.clearCookies();
    await page.reload();
    await signIn(ADMIN);
    // The page that asked for the password comes back by itself.
    await page.waitForURL(/\/plans\/new/);
    expect(await purpose().inputValue()).toBe("Half a sentence");
    await context.clearCookies();
    await page.reload();
    await signIn(BEN);
    await page.waitForURL(/\/plans\/new/);
    expect(await purpose().inputValue()).not.toBe("Half a sentence");
    expect(await page.getByText("your draft").count()).toBe(0);
    await context.clearCookies();
    await page.reload();
    await signIn(ADMIN);
    await page.waitForURL(/\/plans\/new/);
    await page.getByRole("button", { name: "Discard draft" }).click();
    const asks = page.getByRole("alertdialog");
    await asks.getByText("gone for good").waitFor();
    await asks.getByRole("button", { name: "Discard draft" }).click();
    await expect.poll(() => purpose().inputValue()).not.toBe("Half a sentence");
    expect(await kept()).toEqual([]);
  });

  it("in two tabs shows in each what was typed last in either, and loses nothing", async () => {
    await open();
    await purpose().fill("Typed first");
    const other = await newPage();
    await other.goto(page.url());
    const there = () => other.getByRole("textbox", { name: "Purpose" });
    await expect.poll(() => there().inputValue()).toBe("Typed first");
    await other.getByRole("textbox", { name: "Name", exact: true }).fill("of-two-tabs");
    const here = page.getByRole("textbox", { name: "Name", exact: true });
    await expect.poll(() => here.inputValue()).toBe("of-two-tabs");
    await purpose().fill("Typed second");
    await expect.poll(() => there().inputValue()).toBe("Typed second");
    await other.getByRole("button", { name: "Discard draft" }).click();
    await other.getByRole("alertdialog").getByRole("button", { name: "Discard draft" }).click();
    await page.getByText("Draft kept in this browser").waitFor({ state: "detached" });
    // It is still on this page, and kept again with what is typed next.
    expect(await here.inputValue()).toBe("of-two-tabs");
    expect(await kept()).toEqual([]);
    await purpose().fill("Typed third");
    await page.getByText("Draft kept in this browser").waitFor();
    await page.getByRole("button", { name: "Discard draft" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Discard draft" }).click();
    await expect.poll(kept).toEqual([]);
    await other.close();
  });

  it("fills itself from a file, names each violation by its path where it stands, and proposes exactly the file once they are mended", async () => {
    const example = await heartPlan("secure");
    const file = {
      ...example,
      name: "heart-compact",
      data: { ...example.data, minimum: { train: 20, test: 5, perClass: 3 } },
      aggregation: { method: "secure", encoding: "compact", weightCap: 300 },
      acceptance: [{ metric: "auroc", on: "pooled", limit: { atLeast: 0.8 } }],
    };
    const broken = {
      ...file,
      training: { ...example.training, batch: 0, momentum: 0.9 },
      acceptance: [{ ...file.acceptance[0], limit: {} }],
    };
    const text = JSON.stringify(broken, null, 2);
    const lineOf = (key: string): number => text.slice(0, text.indexOf(key)).split("\n").length;
    await open();
    await openFile("heart.json", text);
    const said = page.getByRole("status").filter({ hasText: "Filled from heart.json." });
    const violation = (path: string) => said.getByRole("listitem").filter({ has: page.getByText(path, { exact: true }) });
    await expect.poll(() => violation("training.batch").textContent()).toContain("must be at least 1; it is 0");
    expect(await violation("training.batch").textContent()).toContain(`Line ${lineOf('"batch"')}`);
    expect(await violation("training.momentum").textContent()).toContain("is not known");
    expect(await violation("acceptance.0.limit").textContent()).toContain('must be {"atLeast"');
    expect(await page.getByLabel("Batch", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("Limit", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("region", { name: "Kept as it is" }).getByText("data.minimum").waitFor();
    await looks(page, "plan-file-wrong");
    await page.getByLabel("Batch", { exact: true }).fill(String(example.training.batch));
    await page.getByLabel("Limit", { exact: true }).fill("0.8");
    await page.getByText("heart.json").waitFor();
    await propose().click();
    const digest = await proposed(/heart-compact/);
    const plan = await planOf(digest);
    expect(plan).toMatchObject(file);
    expect(plan.training).toEqual(example.training);
    expect(await kept()).toEqual([]);

    await page.getByRole("link", { name: "Write next version" }).click();
    await page.getByText("This will be version 2.").waitFor();
    await propose().click();
    const next = await planOf(await proposed(/heart-compact.*v2|v2/));
    expect(canonicalJson({ ...next, version: 1 })).toBe(canonicalJson(plan));
  });

  it("takes pasted JSON, marks the wrong lines, leads to them, and lets no text go that it cannot read", async () => {
    await open();
    await page.getByRole("radio", { name: "Paste JSON" }).click();
    const area = page.getByRole("textbox", { name: "Plan", exact: true });
    const text = (await area.inputValue()).replace('"batch": ', '"batch": -');
    await area.fill(text);
    const card = page.getByRole("region", { name: "Plan as JSON" });
    const item = card.getByRole("listitem").filter({ hasText: "training.batch" });
    await item.getByText("must be at least 1").waitFor();
    await item.getByRole("button").press("Enter");
    const selected = () =>
      area.evaluate((element: HTMLTextAreaElement) => element.value.slice(element.selectionStart, element.selectionEnd));
    await expect.poll(selected).toMatch(/^"batch": -\d+,$/);
    await looks(page, "plan-json-wrong");
    await area.fill(text.slice(0, -1));
    await card.getByText(/This is not JSON from line \d+, column \d+ on/).waitFor();
    await page.getByRole("radio", { name: "Form" }).click();
    expect(await area.inputValue()).toBe(text.slice(0, -1));
    await card.getByRole("button", { name: "Leave the text, back to the form" }).click();
    expect(await page.getByLabel("Batch", { exact: true }).getAttribute("aria-invalid")).toBe("false");
    await page.getByRole("button", { name: "Discard draft" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Discard draft" }).click();
  });

  it("writes a plan that only counts, and then one that compares each site with what was counted", async () => {
    await open(`/plans/new?from=${heart.plan}`);
    await page.getByRole("radio", { name: "A summary of the data" }).check();
    expect(await page.getByLabel("Name", { exact: true }).inputValue()).toBe("heart-data");
    expect(await page.getByRole("region", { name: "Strategy" }).count()).toBe(0);
    await page.getByLabel("Only from this many patients").fill("4");
    await page.getByLabel("Bins").fill("65");
    await propose().click();
    await expectFocus(page, page.getByLabel("Bins"));
    await page.getByText("Enter a whole number from 2 to 64.").first().waitFor();
    await page.getByLabel("Bins").fill("8");
    await page.getByText("Enter at least 5: whoever may read the run").first().waitFor();
    await looks(page, "plan-summary");
    await page.getByLabel("Only from this many patients").fill("5");
    await propose().click();
    const digest = await proposed(/heart-data/);
    expect(await planOf(digest)).toMatchObject({
      summary: { bins: 8 },
      rounds: { count: 1, stop: null },
      metrics: { minCount: 5, perSite: false },
    });
    const run = await approveAndRun(digest);
    await heart.untilPhase(run, "finished");

    await open(`/plans/new?from=${heart.plan}`);
    const own = page.getByRole("checkbox", { name: "Sites also show figures of their own patients" });
    await own.uncheck();
    const shift = page.getByLabel(/^Domain shift/);
    await shift.selectOption(run);
    await page.getByText("Tick that sites also show figures of their own patients").first().waitFor();
    await own.check();
    await page.getByRole("button", { name: "Add criterion" }).click();
    await propose().click();
    await expectFocus(page, page.getByLabel("Limit", { exact: true }));
    await page.keyboard.type("0.9");
    await clean(page, "plan-criteria");
    await propose().click();
    const compared = await planOf(await proposed(/v2/));
    expect(compared.metrics.shift).toMatchObject({ run, sites: SITES, bins: 8 });
    expect(compared.acceptance).toEqual([{ metric: "auroc", on: "pooled", limit: { atLeast: 0.9 } }]);
  });

  it("is gone through by keyboard alone: to the form, a base chosen, an error seen and mended, proposed; the run started, paused and resumed", async () => {
    await open("/plans");
    await tabTo(page, page.getByRole("link", { name: "Write plan" }).first());
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Write plan" }).waitFor();
    const base = page.getByRole("combobox", { name: "Base model" });
    await tabTo(page, base);
    await page.keyboard.type("heart-twin");
    await expect.poll(() => base.locator("option:checked").textContent()).toContain("heart-twin");
    await tabTo(page, purpose());
    await retype(page, "Heart disease, by keyboard alone.");
    await tabTo(page, page.getByLabel("Rounds", { exact: true }));
    await retype(page, "300");
    const batch = page.getByLabel("Batch", { exact: true });
    await tabTo(page, batch);
    await retype(page, "0");
    await tabTo(page, propose());
    await page.keyboard.press("Enter");
    await expectFocus(page, batch);
    const wrong = await batch.getAttribute("aria-describedby");
    expect(await page.locator(`[id="${wrong?.split(" ")[0] ?? ""}"]`).textContent()).toBe("Enter a whole number from 1 to 4,096.");
    await retype(page, "16");
    await tabTo(page, propose());
    await page.keyboard.press("Enter");
    const digest = await proposed(/heart-twin-head/);
    expect(await planOf(digest)).toMatchObject({ base: { name: "heart-twin" }, rounds: { count: 300 }, training: { batch: 16 } });

    await heart.federation.compareAll(digest, SITES);
    for (const site of SITES) await heart.federation.approve(site, digest, "--data", "main");
    await page.getByText("Enough approvals").waitFor();
    await tabTo(page, page.getByRole("button", { name: "Start run" }));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\//);
    const run = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
    await tabTo(page, page.getByRole("button", { name: "Steer run" }));
    await page.keyboard.press("Enter");
    await tabTo(page, page.getByRole("button", { name: "Pause run" }));
    await page.keyboard.press("Enter");
    await heart.until(run, ({ paused }) => paused !== null);
    await tabTo(page, page.getByRole("button", { name: "Resume run" }));
    await page.keyboard.press("Enter");
    await heart.until(run, ({ paused }) => paused === null);
    await page.keyboard.press("Escape");
    await expectFocus(page, page.getByRole("button", { name: "Steer run" }));
  });
});
