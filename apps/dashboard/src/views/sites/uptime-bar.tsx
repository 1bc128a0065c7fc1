"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { useWords } from "../../words/language.ts";
import { SITES } from "./words.ts";

const DAYS = ["u", "c", "d", "n", "x"] as const;
type Mark = (typeof DAYS)[number];

const [STEP, WIDE, HIGH] = [5, 4, 16];

/** One path for each kind of day, so that 200 bars stay light. Kinds differ in shape, not in colour alone. */
function shapes(days: string): Readonly<Record<Mark | "cut", string>> {
  const paths: Record<Mark | "cut", string> = { u: "", c: "", d: "", n: "", x: "", cut: "" };
  days.split("").forEach((mark, index) => {
    const x = index * STEP;
    const box = (y: number, high: number): string => `M${x} ${y}h${WIDE}v${high}h-${WIDE}z`;
    if (mark === "u") paths.u += box(0, HIGH);
    else if (mark === "c") {
      paths.cut += box(0, HIGH / 2);
      paths.u += box(HIGH / 2, HIGH / 2);
    } else if (mark === "d") paths.d += box(HIGH - 5, 5);
    else if (mark === "n") paths.n += box(0, HIGH);
    else paths.x += `M${x + WIDE / 2} 4v${HIGH - 8}`;
  });
  return paths;
}

function Shapes({ days }: { readonly days: string }) {
  const { u, cut, d, n, x } = shapes(days);
  return (
    <>
      {n !== "" && <path d={n} fill="var(--border)" />}
      {u !== "" && <path d={u} fill="var(--accent)" />}
      {cut !== "" && <path d={cut} fill="var(--warn)" />}
      {d !== "" && <path d={d} fill="var(--bad)" />}
      {x !== "" && <path d={x} stroke="var(--text-3)" strokeWidth="1" strokeDasharray="2 2" fill="none" />}
    </>
  );
}

export const percentText = (percent: number | null): string =>
  percent === null ? "–" : percent >= 99.95 ? "100" : (Math.floor(percent * 10) / 10).toFixed(1);

export function UptimeBar({ site }: { readonly site: Pick<SiteView, "name" | "uptime"> }) {
  const words = useWords(SITES);
  const { days, percent } = site.uptime;
  return (
    <svg
      role="img"
      aria-label={words.uptimeSays(percent === null ? "–" : `${percentText(percent)} %`, site.name)}
      width={days.length * STEP}
      height={HIGH}
      className="block"
    >
      <Shapes days={days} />
    </svg>
  );
}

export function UptimeLegend() {
  const words = useWords(SITES);
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-1 text-12 text-fg-2">
      {DAYS.map((mark) => (
        <li key={mark} className="flex items-center gap-1.5">
          <svg width={WIDE} height={HIGH} aria-hidden>
            <Shapes days={mark} />
          </svg>
          {words.days[mark]}
        </li>
      ))}
    </ul>
  );
}
