"use client";
import { Monitor, Moon, Sun } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "../parts/button.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { THEME_KEY } from "./theme-script.ts";

type Choice = "system" | "light" | "dark";
const CHOICES: readonly Choice[] = ["system", "light", "dark"];

function stored(): Choice {
  try {
    const choice = localStorage.getItem(THEME_KEY);
    return choice === "light" || choice === "dark" ? choice : "system";
  } catch {
    return "system";
  }
}

export function ThemeButton() {
  const words = useWords(shellWords);
  const [choice, setChoice] = useState<Choice>("system");
  useEffect(() => setChoice(stored()), []);
  const next = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? "system";
  const turn = (): void => {
    try {
      if (next === "system") localStorage.removeItem(THEME_KEY);
      else localStorage.setItem(THEME_KEY, next);
    } catch {
      // A browser that keeps nothing: the choice holds for this page only.
      document.documentElement.dataset.theme = next;
    }
    dispatchEvent(new Event(THEME_KEY));
    setChoice(next);
  };
  const Icon = choice === "system" ? Monitor : choice === "light" ? Sun : Moon;
  return (
    <Button
      kind="ghost"
      icon
      size="small"
      onClick={turn}
      aria-label={words.coloursNext(words.colours[choice], words.colours[next])}
      title={words.coloursNow(words.colours[choice])}
    >
      <Icon size={16} aria-hidden />
    </Button>
  );
}
