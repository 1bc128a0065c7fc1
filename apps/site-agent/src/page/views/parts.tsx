/** Small pieces of every page: icons, times, sizes, cards. */
import type { ReactNode } from "react";
import type { Words } from "../words.ts";

/** Drawings of lucide (ISC). */
const ICONS = {
  lock: ["M5 11h14a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2", "M7 11V7a5 5 0 0 1 10 0v4"],
  check: ["M20 6 9 17l-5-5"],
  cross: ["M18 6 6 18", "m6 6 12 12"],
  info: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20", "M12 16v-4", "M12 8h.01"],
  warn: ["m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3", "M12 9v4", "M12 17h.01"],
  pause: ["M8 5v14", "M16 5v14"],
  shield: [
    "M20 13c0 5-3.5 7.5-7.66 8.95a1 1 0 0 1-.67-.01C7.5 20.5 4 18 4 13V6a1 1 0 0 1 1-1c2 0 4.5-1.2 6.24-2.72a1.17 1.17 0 0 1 1.52 0C14.51 3.81 17 5 19 5a1 1 0 0 1 1 1z",
    "m9 12 2 2 4-4",
  ],
  download: ["M12 15V3", "M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4", "m7 10 5 5 5-5"],
} as const;

export const Icon = ({ name }: { readonly name: keyof typeof ICONS }) => (
  <svg className="ic" viewBox="0 0 24 24" aria-hidden="true">
    {ICONS[name].map((path) => (
      <path key={path} d={path} />
    ))}
  </svg>
);

/** What somebody else wrote, in English: the plan, the audit log, an error. */
export const English = ({ children }: { readonly children: ReactNode }) => <span lang="en">{children}</span>;

export function Card({
  title,
  id,
  end,
  children,
  live,
}: {
  readonly title: string;
  readonly id: string;
  readonly end?: ReactNode;
  readonly children: ReactNode;
  /** Swapped for a newer one while the page is open. */
  readonly live?: boolean;
}) {
  return (
    <section className="card" id={id} aria-labelledby={`${id}-title`} {...(live === true ? { "data-live": "" } : {})}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {end}
      </header>
      {children}
    </section>
  );
}

export function Banner({
  kind,
  title,
  children,
  id,
}: {
  readonly kind: "warn" | "bad" | "info";
  readonly title: string;
  readonly children?: ReactNode;
  readonly id?: string;
}) {
  return (
    <div className={`banner ${kind}`} id={id}>
      <Icon name={kind === "info" ? "info" : "warn"} />
      <div className="grow">
        <p className="b">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** A check that was made: never by colour alone. */
export const Verdict = ({ good, text }: { readonly good: boolean; readonly text: string }) => (
  <span className={`verdict ${good ? "ok" : "bad"}`}>
    <Icon name={good ? "check" : "cross"} />
    {text}
  </span>
);

export const timeOf = (t: Words, at: number): string =>
  new Date(at).toLocaleString(t.locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const dayOf = (t: Words, at: number): string =>
  new Date(at).toLocaleDateString(t.locale, { day: "numeric", month: "short", year: "numeric" });

/** To the second, as a log has it. */
export const stampOf = (t: Words, at: number): string =>
  new Date(at).toLocaleString(t.locale, {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });

/** In powers of 1000, figure and unit apart. */
export function sizeOf(t: Words, bytes: number): readonly [string, string] {
  const [value, unit] = bytes < 1e3 ? [bytes, "bytes"] : bytes < 1e6 ? [bytes / 1e3, "KB"] : [bytes / 1e6, "MB"];
  return [value.toLocaleString(t.locale, { maximumFractionDigits: value < 10 && unit !== "bytes" ? 1 : 0 }), unit];
}

export const timeTag = (at: number, text: string) => <time dateTime={new Date(at).toISOString()}>{text}</time>;
