import type { AuditView } from "@engraft/coordinator/api/views";
import { Ban, ClockAlert } from "lucide-react";
import { Card } from "../../parts/card.tsx";
import { personText, plural } from "../../parts/figures.ts";
import { When } from "../../parts/time.tsx";

/** A good answer that came when it was not needed any more, as happens where a sum opens before the last site has answered. */
const isLate = ({ code }: AuditView): boolean => code === "stale-round" || code === "attempt-stale";

export function RefusalsCard({ refusals }: { readonly refusals: readonly AuditView[] }) {
  return (
    <Card title="Refused answers" aside={refusals.length === 0 ? "none" : plural(refusals.length, "answer")}>
      {refusals.length > 0 && refusals.every(isLate) && (
        <p className="border-b border-line px-4 py-3 text-fg-2">
          All of them only came late: the others had gone on, or the sum was open already. Nothing is wrong with them.
        </p>
      )}
      {refusals.length === 0 ? (
        <p className="px-4 py-3 text-fg-2">Every answer so far was well formed, signed and in time.</p>
      ) : (
        <ul className="list tight">
          {refusals.map((refusal) => (
            <li key={refusal.seq} className="flex flex-wrap items-start gap-x-3 gap-y-0.5">
              {isLate(refusal) ? (
                <ClockAlert size={14} className="mt-1 flex-none text-warn" role="img" aria-label="Late" />
              ) : (
                <Ban size={14} className="mt-1 flex-none text-bad" role="img" aria-label="Refused" />
              )}
              <span className="w-26 font-mono text-12 leading-5 text-fg-3">
                <When at={refusal.at} />
              </span>
              <span className="font-medium">{personText(refusal.actor)}</span>
              <span className="min-w-0 flex-1 basis-60 text-fg-2">{refusal.text}</span>
              {refusal.code !== null && <code className="text-fg-3">{refusal.code}</code>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
