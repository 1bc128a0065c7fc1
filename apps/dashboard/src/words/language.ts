"use client";
/**
 * The message catalogue. Each folder of views has a `words.ts` with the same words in every language; sentences with
 * figures are functions, so that each language orders them as it likes, and a missing one does not compile. What comes from
 * elsewhere stays in English: plan words, audit entries and errors are the exact words that stewards read and sign.
 */
import { LANGUAGES, type Language } from "@engraft/core/needs/language";
import { useSyncExternalStore } from "react";
import { LANGUAGE_KEY } from "./language-script.ts";

export { LANGUAGES, type Language };
/** Each language names itself. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: "English", de: "Deutsch" };

export type Catalogue<Words> = Readonly<Record<Language, Words>>;

/** English decides which words there are. */
export const catalogue = <Words>(en: Words, de: NoInfer<Words>): Catalogue<Words> => ({ en, de });

const isLanguage = (text: string | undefined): text is Language => (LANGUAGES as readonly (string | undefined)[]).includes(text);

const current = (): Language => {
  const { lang } = document.documentElement;
  return isLanguage(lang) ? lang : "en";
};

function watch(changed: () => void): () => void {
  addEventListener(LANGUAGE_KEY, changed);
  return () => removeEventListener(LANGUAGE_KEY, changed);
}

/** English until the page is alive: what the server sends is the same for all. */
export const useLanguage = (): Language => useSyncExternalStore(watch, current, () => "en");

export const useWords = <Words>(words: Catalogue<Words>): Words => words[useLanguage()];

export function chooseLanguage(language: Language): void {
  try {
    localStorage.setItem(LANGUAGE_KEY, language);
  } catch {
    // A browser that keeps nothing: the choice holds for this page only.
  }
  document.documentElement.lang = language;
  dispatchEvent(new Event(LANGUAGE_KEY));
}
