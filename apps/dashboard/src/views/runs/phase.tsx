"use client";
/** A run's phase as a word and a tone. */
import type { RunPhase } from "@engraft/core/rounds/view";
import { Activity, CircleCheck, CircleStop, Hourglass, OctagonX, Sigma, Stethoscope, type LucideIcon } from "lucide-react";
import { Chip, type Tone } from "../../parts/chip.tsx";
import { useLanguage } from "../../words/language.ts";

export const PHASE_CHIPS: Readonly<Record<RunPhase, { readonly text: string; readonly tone: Tone; readonly icon: LucideIcon }>> = {
  gathering: { text: "Gathering sites", tone: "info", icon: Hourglass },
  collecting: { text: "Round under way", tone: "ok", icon: Activity },
  advertising: { text: "Training", tone: "ok", icon: Activity },
  dealing: { text: "Sharing secrets", tone: "ok", icon: Activity },
  masking: { text: "Sending masked vectors", tone: "ok", icon: Activity },
  unmasking: { text: "Opening the sum", tone: "ok", icon: Activity },
  combining: { text: "Taking the mean", tone: "ok", icon: Sigma },
  evaluating: { text: "Last evaluation", tone: "ok", icon: Stethoscope },
  finished: { text: "Finished", tone: "ok", icon: CircleCheck },
  stopped: { text: "Stopped", tone: "neutral", icon: CircleStop },
  failed: { text: "Failed", tone: "bad", icon: OctagonX },
};

/** German; English stands beside the tones. */
const GERMAN: Readonly<Record<RunPhase, string>> = {
  gathering: "Standorte sammeln sich",
  collecting: "Runde im Gang",
  advertising: "Training",
  dealing: "Geheimnisse werden geteilt",
  masking: "Maskierte Vektoren kommen",
  unmasking: "Summe wird geöffnet",
  combining: "Mittel wird gebildet",
  evaluating: "Letzte Auswertung",
  finished: "Fertig",
  stopped: "Beendet",
  failed: "Gescheitert",
};

export const hasEnded = (phase: RunPhase): boolean => phase === "finished" || phase === "stopped" || phase === "failed";

export function PhaseChip({ phase }: { readonly phase: RunPhase }) {
  const { text, tone, icon: Icon } = PHASE_CHIPS[phase];
  const german = useLanguage() === "de";
  return (
    <Chip tone={tone} icon={<Icon aria-hidden />}>
      {german ? GERMAN[phase] : text}
    </Chip>
  );
}
