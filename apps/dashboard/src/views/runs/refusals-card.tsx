"use client";
import type { AuditView } from "@engraft/coordinator/api/views";
import { Ban, ClockAlert } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { personText } from "../../parts/figures.ts";
import { When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { PAGE_WORDS } from "./words/page.ts";

/** A good answer that came when it was not needed any more, as happens where a sum opens before the last site has answered. */
const isLate = ({ code }: AuditView): boolean => code === "stale-round" || code === "attempt-stale";

export function RefusalsCard({ refusals }: { readonly refusals: readonly AuditView[] }) {
  const words = useWords(PAGE_WORDS);
  return (
    <Card title={words.refused} aside={refusals.length === 0 ? words.none : words.answers(refusals.length)}>
      {refusals.length > 0 && refusals.every(isLate) && <p className="border-b border-line px-4 py-3 text-fg-2">{words.onlyLate}</p>}
      {refusals.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">{words.noneRefused}</p>
      ) : (
        <ul className="list tight">
          {refusals.map((refusal) => (
            <li key={refusal.seq} className="flex flex-wrap items-start gap-x-3 gap-y-0.5">
              {isLate(refusal) ? (
                <ClockAlert size={14} className="mt-1 flex-none text-warn" role="img" aria-label={words.late} />
              ) : (
                <Ban size={14} className="mt-1 flex-none text-bad" role="img" aria-label={words.refusedOne} />
              )}
              <span className="w-26 font-mono text-12 leading-5 text-fg-3">
                <When at={refusal.at} />
              </span>
              <span className="font-medium">{personText(refusal.actor)}</span>
              <span lang="en" className="min-w-0 flex-1 basis-60 text-fg-2">
                {refusal.text}
              </span>
              {refusal.code !== null && <code className="text-fg-3">{refusal.code}</code>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
