/** One message at the end of a run: to channels that want it, and to whoever started it. */
import type { Language } from "@engraft/core/needs/language";
import type { RunSummary } from "../api/views.ts";
import type { Body } from "./step.ts";

/** After a longer standstill nobody wants to know any more. */
export const TOLD_WITHIN_MS = 7 * 86_400_000;

export interface EndReceiver {
  readonly id: string;
  readonly causes: readonly string[];
  readonly to: readonly string[];
  readonly language: Language;
  /** Ends before that are no news to it. */
  readonly since: number;
}

export interface RunEnd {
  readonly about: string;
  readonly channel: string | null;
  readonly to: string;
  readonly body: Body;
}

const WORDS = {
  en: {
    did: { finished: "has finished", stopped: "was stopped", failed: "has failed" } as Readonly<Record<string, string>>,
    ended: "has ended",
    round: (round: number, of: number) => `Round ${round} of ${of}.`,
    value: (value: number) => value.toFixed(3),
    over: (secure: boolean) => (secure ? "over all its sites' patients" : "the mean over its sites"),
  },
  de: {
    did: { finished: "ist fertig", stopped: "wurde abgebrochen", failed: "ist gescheitert" } as Readonly<Record<string, string>>,
    ended: "ist zu Ende",
    round: (round: number, of: number) => `Runde ${round} von ${of}.`,
    value: (value: number) => value.toFixed(3).replace(".", ","),
    over: (secure: boolean) => (secure ? "über alle Patienten seiner Standorte" : "im Mittel seiner Standorte"),
  },
};

/** Whoever started a run and wants a mail. */
export interface Starter {
  readonly email: string;
  readonly language: Language;
}

/** Result figures are those that the first page shows. */
export function endBody({ run, phase, round, rounds, endedAt, endText, metric, aggregation }: RunSummary, language: Language): Body {
  const words = WORDS[language];
  const value = metric?.values.at(-1);
  const figures =
    metric === null || value === undefined ? "" : ` ${metric.name} ${words.value(value)}, ${words.over(aggregation === "secure")}.`;
  return {
    state: "ended",
    kind: "run-ended",
    language,
    what: `${run} ${words.did[phase] ?? words.ended}.`,
    next: `${words.round(round, rounds)}${figures}${phase === "finished" ? "" : ` ${endText ?? ""}`}`.trimEnd(),
    href: `/runs/${run}`,
    since: endedAt ?? 0,
  };
}

/** A failed run is told of as such to channels that take that. */
export function runEnds(run: RunSummary, receivers: readonly EndReceiver[], starter: Starter | undefined): readonly RunEnd[] {
  const ended = run.endedAt ?? 0;
  const hears = ({ causes }: EndReceiver): boolean => causes.includes(run.phase === "failed" ? "run-failed" : "run-ended");
  const told = receivers.filter((receiver) => receiver.since <= ended && run.phase !== "failed" && hears(receiver));
  const known = receivers.some(
    (receiver) => receiver.since <= ended && hears(receiver) && starter !== undefined && receiver.to.includes(starter.email),
  );
  return [
    ...told.map(({ id, language }) => ({ about: `run-ended:${run.run}:${id}`, channel: id, to: "", body: endBody(run, language) })),
    ...(starter === undefined || known
      ? []
      : [{ about: `run-ended:${run.run}:starter`, channel: null, to: starter.email, body: endBody(run, starter.language) }]),
  ];
}
