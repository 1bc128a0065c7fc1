/** A page as somebody walks it with the keyboard alone: what Tab reaches, and whether one sees where one is. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";

/** More stops than any page has. */
const MOST_STOPS = 400;

/** What has the focus, and whether a ring of its own or of what holds it shows that. */
async function stop(page: Page): Promise<{ readonly what: string; readonly seen: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement;
    const ringed = (one: Element | null): boolean => {
      if (one === null) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
    };
    const box = element?.getBoundingClientRect();
    const onScreen = box !== undefined && box.bottom > 0 && box.top < innerHeight;
    return {
      what: `${element?.tagName ?? ""} ${element?.getAttribute("aria-label") ?? element?.id ?? ""} ${(element?.textContent ?? "").slice(0, 40)}`,
      seen: onScreen && (ringed(element) || ringed(element?.parentElement ?? null)),
    };
  });
}

/** Whether the focus is on it, and shows. */
export async function expectFocus(page: Page, wanted: Locator): Promise<void> {
  await expect.poll(() => wanted.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await stop(page)).toMatchObject({ seen: true });
}

/** Tab, or Shift+Tab, until the focus is there. Fails where a stop on the way cannot be seen, or the way does not lead there. */
export async function tabTo(page: Page, wanted: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await wanted.waitFor();
  const unseen: string[] = [];
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press(key);
    const there = await wanted.evaluate((element) => element === document.activeElement);
    const { what, seen } = await stop(page);
    if (!seen && what.trim() !== "BODY") unseen.push(what);
    if (!there) continue;
    expect(unseen).toEqual([]);
    return;
  }
  throw new Error(`${MOST_STOPS} times ${key} do not lead to ${String(wanted)}`);
}

/** Puts a text in place of what stands in the field in focus. */
export async function retype(page: Page, text: string): Promise<void> {
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
}
