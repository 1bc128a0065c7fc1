/** Which causes are new, which are over, and what is said of them to whom. Pure: the database only remembers. */
import type { Language } from "@engraft/core/needs/language";
import { needText } from "@engraft/core/needs/words";
import { MANNERS, type Standing, type StandingKind } from "./kinds.ts";

export interface Known extends Standing {
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly alertedAt: number | null;
}

export interface Receiver {
  readonly id: string;
  readonly causes: readonly string[];
  readonly language: Language;
}

export interface Body {
  readonly state: "open" | "over" | "ended" | "test";
  readonly kind: string;
  /** Absent in what an earlier version left to be sent: English. */
  readonly language?: Language;
  readonly what: string;
  readonly next: string;
  readonly href: string;
  readonly since: number;
}

export interface Said {
  readonly channel: string;
  /** Nothing is said twice about the same. */
  readonly about: string;
  readonly body: Body;
}

export interface Step {
  readonly keep: readonly Known[];
  readonly drop: readonly string[];
  readonly say: readonly Said[];
}

export interface Seen {
  readonly known: readonly Known[];
  readonly standing: readonly Standing[];
  readonly receivers: readonly Receiver[];
  readonly patienceMs: number;
  readonly now: number;
}

/** `keep`: new and changed causes alone. */
export function step({ known, standing, receivers, patienceMs, now }: Seen): Step {
  const say: Said[] = [];
  const tell = (cause: Known, state: "open" | "over"): void => {
    const { kind, href, since } = cause;
    for (const { id, causes, language } of receivers)
      if (causes.includes(kind))
        say.push({
          channel: id,
          about: `${cause.key}@${since}:${state}:${id}`,
          body: { state, kind, ...textOf(cause, language), href, since },
        });
  };
  const keep: Known[] = [];
  for (const cause of standing) {
    const before = known.find(({ key }) => key === cause.key);
    const since = before?.since ?? now;
    const due = (before?.alertedAt ?? null) === null && now - since >= settles(cause.kind, patienceMs);
    const after: Known = { ...cause, since, alertedAt: due ? now : (before?.alertedAt ?? null) };
    if (due) tell(after, "open");
    if (before === undefined || due || before.what !== cause.what || before.next !== cause.next) keep.push(after);
  }
  const gone = known.filter(({ key }) => !standing.some((cause) => cause.key === key));
  for (const cause of gone) if (cause.alertedAt !== null && MANNERS[cause.kind].over) tell(cause, "over");
  return { keep, drop: gone.map(({ key }) => key), say };
}

function textOf({ about, what, next }: Standing, language: Language): Pick<Body, "language" | "what" | "next"> {
  if (about === null) return { language: "en", what, next };
  const text = needText(about, language);
  return { language, what: text.what, next: `${text.english} ${text.next}`.trim() };
}

const settles = (kind: StandingKind, patienceMs: number): number => {
  const { after } = MANNERS[kind];
  return after === "patience" ? patienceMs : after;
};
