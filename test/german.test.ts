/** Every page in German, empty and filled: no English word of a catalogue is left on one, in a real browser over a federation that has trained. */
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { firstAdmin, openBrowser, screenshot, violations } from "./support/browser.ts";
import { Heart, heartPlan, shortPlan } from "./support/heart.ts";
import { looks } from "./support/looks.ts";
import { findChromium, requireOrSkip } from "./support/require.ts";

const SITES = ["cleveland", "hungary", "switzerland"];
const DASHBOARD = resolve(import.meta.dirname, "../apps/dashboard");

/** Strings of a catalogue's English half that its German half has otherwise; functions are left out. */
function differing(en: unknown, de: unknown): readonly string[] {
  if (typeof en === "string") return typeof de === "string" && en !== de ? [en] : [];
  if (typeof en !== "object" || en === null || typeof de !== "object" || de === null) return [];
  return Object.entries(en).flatMap(([key, value]) => differing(value, (de as Record<string, unknown>)[key]));
}

const isCatalogue = (value: unknown): value is { readonly en: unknown; readonly de: unknown } =>
  typeof value === "object" && value !== null && "en" in value && "de" in value;

async function english(): Promise<ReadonlySet<string>> {
  const files = readdirSync(join(DASHBOARD, "src"), { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".ts") && /words/.test(path) && !/\.test\.|language/.test(path),
  );
  const modules = await Promise.all(files.map((path) => import(join(DASHBOARD, "src", path)) as Promise<Record<string, unknown>>));
  const catalogues = modules.flatMap((module) => Object.values(module).filter(isCatalogue));
  const words = catalogues.flatMap(({ en, de }) => differing(en, de));
  // German may use an English word for something else ("Name", "Plan", "Admin").
  const german = new Set(catalogues.flatMap(({ en, de }) => differing(de, en)));
  return new Set(words.filter((word) => /\p{L}{2}/u.test(word) && !german.has(word)).map((word) => word.trim()));
}

requireOrSkip("chromium", findChromium).describe("the dashboard in German", (chromium) => {
  let heart: Heart;
  let browser: Browser;
  let page: Page;
  let digest: string;
  let runs: readonly string[];
  let words: ReadonlySet<string>;

  beforeAll(async () => {
    words = await english();
    const criterion = { metric: "auroc", on: "pooled", limit: { atLeast: 0.5 } } as const;
    heart = await Heart.start({
      dashboard: true,
      sites: SITES,
      aggregation: "secure",
      plan: (plan) => ({ ...shortPlan(3)(plan), acceptance: [criterion] }),
    });
    runs = [await trained(heart.plan, "1.0"), await trained((digest = await second()), "1.1")];
    browser = await openBrowser(chromium);
    page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(30_000);
    await firstAdmin(page, heart.federation);
    await page.getByRole("button", { name: "Deutsch" }).first().click();
    await page.getByRole("heading", { name: "Übersicht" }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await heart?.stop();
  });

  /** Another plan of the name, approved everywhere. */
  async function second(): Promise<string> {
    const { federation, dir } = heart;
    const draft = await heartPlan("secure");
    const path = join(dir, "second.json");
    const training = { ...draft.training, trainable: { part: "head" }, amount: { unit: "updates", count: 20 } };
    await writeFile(path, JSON.stringify({ ...draft, version: 2, training, rounds: { count: 3, stop: null } }));
    const proposed = String((await federation.coordinatorCommandOk("plan", "propose", path))["digest"]);
    await federation.compareAll(proposed, SITES);
    for (const site of SITES) await federation.approve(site, proposed, "--data", "main", "--site-metrics");
    return proposed;
  }

  /** A run of it, released. */
  async function trained(plan: string, as: string): Promise<string> {
    const { run } = (await heart.federation.coordinatorCommandOk("run", "start", plan)) as { run: string };
    await heart.untilPhase(run, "finished");
    const api = await heart.federation.api();
    const there = async (): Promise<void> => {
      if ((await api.runs.get.query({ run })).release === null) throw new Error("The run has no model yet.");
    };
    await vi.waitFor(there, { timeout: 30_000 });
    await heart.federation.coordinatorCommandOk("release", "make", run, "--name", "heart", "--as", as, "--notes", "Ein Versuch.");
    return run;
  }

  /** What is read or heard on the page, outside what is marked as English. */
  const said = () =>
    page.evaluate(() => {
      const texts: string[] = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const outside = (element: Element | null): boolean =>
        element !== null && element.closest('[lang="en"], script, style, code, pre') === null;
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        if (outside(node.parentElement)) texts.push((node.textContent ?? "").trim());
      }
      for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
        if (outside(element)) texts.push(...["aria-label", "title", "placeholder"].map((name) => element.getAttribute(name) ?? ""));
      }
      return [...new Set(texts.filter((text) => text !== ""))];
    });

  /** English words of a catalogue that are left on the page, and whatever else is wrong with how it looks. */
  async function faults(path: string): Promise<readonly string[]> {
    await page.goto(`${heart.federation.url}${path}`);
    await page.getByRole("heading").first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await expect.poll(() => page.evaluate(() => document.documentElement.lang)).toBe("de");
    const left = (await said()).filter((text) => words.has(text));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await screenshot(page, `german${path.replaceAll(/\W+/g, "-").replaceAll(/-$/g, "") || "-home"}`.replace(digest, "digest"));
    return [...left, ...(wide > 0 ? [`${wide} px too wide`] : []), ...(await violations(page))];
  }

  it("leaves no English word of a catalogue on any page, empty or filled, and every page clean", async () => {
    const manifest = JSON.parse(await readFile(join(DASHBOARD, ".next/app-path-routes-manifest.json"), "utf8")) as Record<string, string>;
    const routes = Object.values(manifest).filter((route) => !/^\/_|\.svg$|^\/setup$/.test(route));
    expect(routes.length).toBeGreaterThan(15);
    const [run = ""] = runs;
    const filled: Readonly<Record<string, string>> = {
      "[digest]": digest,
      "[run]": run,
      "[id]": run,
      "[name]": "cleveland",
      "[secret]": "none",
    };
    const empty: Readonly<Record<string, string>> = { ...filled, "[run]": "none.1", "[id]": "none.1" };
    const paths = [filled, empty].flatMap((values) => routes.map((route) => route.replaceAll(/\[\w+\]/g, (part) => values[part] ?? part)));
    const left: Record<string, readonly string[]> = {};
    for (const path of new Set([...paths, `/plans/new?from=${digest}`])) {
      const found = await faults(path);
      if (found.length > 0) left[path] = found;
    }
    expect(left).toEqual({});
  });

  it.each([
    ["plan", (): string => `/plans/${digest}`, "Freigaben"],
    ["release", (): string => `/models/${runs[1] ?? ""}`, "Prüfen"],
    ["models-compare", (): string => "/models/compare", "vergleichen"],
    ["run", (): string => `/runs/${runs[1] ?? ""}`, "Zurückgehaltene Patienten"],
  ] as const)("shows a filled %s page whole, in the dark, on a phone and wide", async (name, path, text) => {
    await page.goto(`${heart.federation.url}${path()}`);
    await page.getByText(text).first().waitFor();
    await page.waitForLoadState("networkidle").catch(() => undefined);
    await looks(page, `german-filled-${name}`);
  });

  it("leads a phone to what the tab bar has no room for: account, alerts, tokens, users", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${heart.federation.url}/`);
    const tabs = page.getByRole("navigation", { name: "Hauptmenü, Telefon" });
    await tabs.getByRole("button", { name: "Mehr" }).press("Enter");
    const sheet = page.getByRole("dialog", { name: "Weitere Seiten" });
    for (const name of ["Veröffentlichungen", "Ihre Zugangstoken", "Benachrichtigungen", "Prüfprotokoll", "Konten"])
      await sheet.getByRole("link", { name, exact: true }).waitFor();
    await screenshot(page, "german-phone-more");
    expect(await violations(page)).toEqual([]);
    await sheet.getByRole("link", { name: "Ihr Konto", exact: true }).click();
    await page.getByRole("heading", { name: "Anna Admin", level: 1 }).waitFor();
    expect(await sheet.count()).toBe(0);
    expect(await tabs.getByRole("button", { name: "Mehr" }).getAttribute("aria-current")).toBe("true");
    await tabs.getByRole("button", { name: "Mehr" }).click();
    await page.keyboard.press("Escape");
    await expect
      .poll(() => tabs.getByRole("button", { name: "Mehr" }).evaluate((element) => element === document.activeElement))
      .toBe(true);
    await tabs.getByRole("button", { name: "Mehr" }).click();
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 1440, height: 1000 });
  });
});
