/** One attempt at a sum: a row for each site, a column for each step. */
import { Check, CircleDashed, CircleDot, Minus, OctagonX, type LucideIcon } from "lucide-react";
import { SiteKey } from "../../../parts/site-key.tsx";
import { useWords } from "../../../words/language.ts";
import { STEP_WORDS } from "../words/steps.ts";
import type { Cell, StepRow } from "./steps.ts";

const LOOKS: Readonly<Record<Cell, { readonly icon: LucideIcon; readonly tone: string }>> = {
  done: { icon: Check, tone: "text-accent" },
  now: { icon: CircleDot, tone: "text-info" },
  ahead: { icon: CircleDashed, tone: "text-fg-3" },
  lost: { icon: OctagonX, tone: "text-bad" },
  spare: { icon: Minus, tone: "text-fg-2" },
};

interface TableProps {
  readonly rows: readonly StepRow[];
  /** Places of the run's sites, for their marks. */
  readonly sites: readonly string[];
  readonly caption: string;
}

export function AttemptTable({ rows, sites, caption }: TableProps) {
  const words = useWords(STEP_WORDS);
  return (
    <table className="steps">
      <caption className="sr-only">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          {words.steps.map(({ name }) => (
            <th scope="col" key={name} className="step">
              {name}
            </th>
          ))}
          <th scope="col" className="desk">
            {words.stands}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.site}>
            <th scope="row">
              <SiteKey site={row.site} slot={sites.indexOf(row.site)} />
              {/* On a narrow screen the state stands under the name. */}
              <span className={`phone block text-12 ${row.tone === "" ? "text-fg-2" : row.tone}`}>{row.words}</span>
            </th>
            {row.cells.map((cell, step) => (
              <StepCell key={words.steps[step]?.name} cell={cell} />
            ))}
            <td className="desk">
              <span className={row.tone === "" ? "text-fg" : `font-medium ${row.tone}`}>{row.words}</span>
              {row.more !== "" && <span className="text-fg-2"> · {row.more}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function StepCell({ cell }: { readonly cell: Cell }) {
  const words = useWords(STEP_WORDS);
  const { icon: Icon, tone } = LOOKS[cell];
  return (
    <td className={`step ${cell}`}>
      <span className={`inline-flex items-center gap-1.5 ${tone}`}>
        <Icon size={15} aria-hidden />
        <span className="word">{words.cells[cell]}</span>
      </span>
    </td>
  );
}
