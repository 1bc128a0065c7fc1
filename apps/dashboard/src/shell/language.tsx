"use client";
import { Languages } from "lucide-react";
import { Button } from "../parts/button.tsx";
import { chooseLanguage, LANGUAGE_NAMES, LANGUAGES, useLanguage } from "../words/language.ts";

/** Turns to the next language; its name is written in that language, so that whoever needs it can read it. */
export function LanguageButton() {
  const language = useLanguage();
  const next = LANGUAGES[(LANGUAGES.indexOf(language) + 1) % LANGUAGES.length] ?? "en";
  return (
    <Button
      kind="ghost"
      icon
      size="small"
      lang={next}
      onClick={() => chooseLanguage(next)}
      aria-label={LANGUAGE_NAMES[next]}
      title={LANGUAGE_NAMES[next]}
    >
      <Languages size={16} aria-hidden />
    </Button>
  );
}
