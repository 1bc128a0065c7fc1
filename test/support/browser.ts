/** Debian's chromium through playwright-core, and axe-core on its pages. */
import { readFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import type { Federation } from "../../tools/federation/federation.ts";

/** Screenshots for people; git ignores the folder. */
const SCREENS = resolve(import.meta.dirname, "../../artifacts/screens");

export async function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Who tests make the first admin. */
export const ADMIN = { name: "Anna Admin", email: "anna@hospital.example", password: "correct horse battery" };

/** Makes the first admin by the coordinator's one-time link and ends on Home, signed in. */
export async function firstAdmin(page: Page, { setupUrl }: Pick<Federation, "setupUrl">, { name, email, password } = ADMIN): Promise<void> {
  await page.goto(setupUrl ?? "");
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: /Create/ }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
}

export async function screenshot(page: Page, name: string): Promise<string> {
  await mkdir(SCREENS, { recursive: true });
  const path = join(SCREENS, `${name}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
  return path;
}

/** Violations of WCAG 2.2 AA on the page as it is now: rule, what it says, and where. Empty where there is none. */
export async function violations(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(context: unknown, options: unknown): Promise<{ violations: { id: string; help: string; nodes: { target: string[] }[] }[] }>;
      };
    };
    const { violations: found } = await axe.run(globalThis.document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    });
    return found.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(" ")).join("; ")})`);
  });
}
