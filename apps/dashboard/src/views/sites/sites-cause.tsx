import type { SiteView } from "@engraft/coordinator/api/views";
import { CircleCheck, TriangleAlert, Unplug } from "lucide-react";
import { lengthText } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { CAUSE_TONES, CAUSES } from "./causes.ts";

export function skewText(ms: number): string {
  const size = Math.abs(ms);
  if (size < 50) return "0.0 s";
  return `${ms < 0 ? "−" : "+"}${size < 1000 ? `${(size / 1000).toFixed(1)} s` : lengthText(size)}`;
}

const ICONS = { ok: CircleCheck, warn: TriangleAlert, bad: Unplug } as const;
const COLORS = { ok: "text-accent", warn: "text-warn", bad: "text-bad" } as const;

export function CauseTitle({ site }: { readonly site: SiteView }) {
  const { title } = useWords(CAUSES)[site.cause.code];
  const tone = CAUSE_TONES[site.cause.code] as keyof typeof ICONS;
  const Icon = ICONS[tone];
  return (
    <span className={`flex items-center gap-1.5 font-medium ${COLORS[tone]}`}>
      <Icon size={14} aria-hidden className="flex-none" />
      {title}
    </span>
  );
}
