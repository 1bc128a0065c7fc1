/** How a page looks to people: kept as pictures, and checked for what a machine can see. */
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { screenshot, violations } from "./browser.ts";

/** A screenshot from the page's top; fails where the page scrolls sideways (only tables may) or WCAG 2.2 AA is violated. */
export async function clean(page: Page, name: string): Promise<void> {
  await page.evaluate(() => scrollTo(0, 0));
  await screenshot(page, name);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await violations(page)).toEqual([]);
}

/** `clean` in the dark, as narrow as a phone, and in the light, as the page is left. */
export async function looks(page: Page, name: string, { width, height } = { width: 1440, height: 1000 }): Promise<void> {
  for (const [colorScheme, wide] of [
    ["dark", width],
    ["light", 390],
    ["light", width],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: wide, height });
    await clean(page, `${name}-${colorScheme}-${wide}`);
  }
}
