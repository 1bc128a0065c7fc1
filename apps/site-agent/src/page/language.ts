/** Which of the page's languages somebody reads. Pure. */
import type { Language } from "./words.ts";

/** The first of the browser's languages that is here; English where none is. `chosen` was chosen on the page. */
export function languageOf(chosen: string | undefined, accepted: string | undefined): Language {
  if (chosen === "en" || chosen === "de") return chosen;
  const wishes = (accepted ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", quality] = part.trim().split(";q=");
      return { tag: tag.toLowerCase().split("-")[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  const first = wishes.find(({ tag }) => tag === "en" || tag === "de");
  return first?.tag === "de" ? "de" : "en";
}
