/** A secure attempt, site by site: how far each has come on the five steps, and where one was lost. */
import { SITE_STEPS, type AttemptView, type SiteInAttempt } from "@engraft/core/rounds/secure/view";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import type { Working } from "../use-run.ts";

/** What a site does in an attempt, in this order. */
export const STEPS = [
  { name: "Keys", at: "keys", says: "The site trains on its own patients, then sends keys that were made for this attempt alone." },
  { name: "Shares", at: "shares", says: "It splits the secrets behind its masks into shares and seals one for each other site." },
  { name: "Masked", at: "its masked vector", says: "It sends its update under masks that cancel in the sum of all and nowhere else." },
  {
    name: "Survivors",
    at: "the list of survivors",
    says: "It confirms whose vectors are in the sum, so that all sites release shares for the same list.",
  },
  {
    name: "Release",
    at: "the release",
    says: "It releases, for each site, a share of one secret: with enough of them the sum opens, and no single update.",
  },
] as const;

/** `spare`: the sum was opened without it. */
export type Cell = "done" | "now" | "ahead" | "lost" | "spare";

export interface StepRow {
  readonly site: string;
  /** One for each step. */
  readonly cells: readonly Cell[];
  readonly tone: "" | "text-accent" | "text-bad";
  readonly words: string;
  readonly more: string;
}

/** Training rounds, then the evaluation at the end. */
export const allRounds = (view: RunView): readonly RoundView[] =>
  view.evaluationRound === null ? view.rounds : [...view.rounds, view.evaluationRound];

/** How many steps the site has done. */
const reached = ({ step }: SiteInAttempt): number => SITE_STEPS.indexOf(step);

const CLOSED = { advertising: 0, dealing: 1, masking: 2, unmasking: 3, opened: 3 } as const;

/** How many steps are over for all: who has not done one of them is out of this attempt. */
function closedSteps({ phase, sites, inputs, failed }: AttemptView): number {
  if (phase !== "failed") return CLOSED[phase];
  if (inputs !== null) return CLOSED.unmasking;
  const waited = sites.filter(({ site, dropped }) => dropped === null && failed?.missing.includes(site) === true);
  // Where nobody was waited for, all that were missing had been dropped, and somebody was a step ahead of them.
  return waited.length > 0 ? Math.max(...waited.map(reached)) : Math.max(0, ...sites.map((site) => reached(site) - 1));
}

/** The step at which the site was lost; undefined while it is in. */
export function lostAt(attempt: AttemptView, site: SiteInAttempt): (typeof STEPS)[number] | undefined {
  const missing = attempt.failed?.missing.includes(site.site) === true;
  return site.dropped !== null || missing || reached(site) < closedSteps(attempt) ? STEPS[reached(site)] : undefined;
}

/** How many sites have done the step under way. */
export const readyIn = (attempt: AttemptView): number =>
  attempt.sites.filter((site) => lostAt(attempt, site) === undefined && reached(site) > closedSteps(attempt)).length;

export const isLive = (round: RoundView, { phase }: AttemptView): boolean =>
  round.sum === null && round.failed === null && phase !== "opened" && phase !== "failed";

const isNow = ({ phase }: AttemptView, done: number): boolean =>
  phase === "unmasking" ? done === 3 || done === 4 : phase !== "failed" && phase !== "opened" && done === CLOSED[phase];

function cellsOf(attempt: AttemptView, site: SiteInAttempt): readonly Cell[] {
  const done = reached(site);
  const lost = lostAt(attempt, site) !== undefined;
  return STEPS.map((_, step): Cell => {
    if (step < done) return "done";
    if (lost) return step === done ? "lost" : "ahead";
    if (attempt.phase === "opened") return "spare";
    return step === done && isNow(attempt, done) ? "now" : "ahead";
  });
}

interface Known {
  readonly working: ReadonlyMap<string, Working>;
  readonly online: (site: string) => boolean;
  readonly evaluates: boolean;
}

export function rowsOf(attempt: AttemptView, round: number, known: Known): readonly StepRow[] {
  return attempt.sites.map((site) => ({ site: site.site, cells: cellsOf(attempt, site), ...stateOf(attempt, round, site, known) }));
}

type State = Pick<StepRow, "tone" | "words" | "more">;

function stateOf(attempt: AttemptView, round: number, site: SiteInAttempt, known: Known): State {
  const lost = lostAt(attempt, site);
  const online = known.online(site.site);
  if (lost !== undefined) {
    const why = site.dropped === null ? (online ? "no answer in time" : "offline, no answer in time") : site.dropped.text;
    return { tone: "text-bad", words: `lost at ${lost.at}`, more: why };
  }
  const done = reached(site);
  if (attempt.phase === "opened") {
    return { tone: "text-accent", words: "in the sum", more: done === STEPS.length ? "" : "opened before its release was needed" };
  }
  if (attempt.phase === "failed") return { tone: "", words: "was ready", more: "begins anew with the others" };
  if (!online) return { tone: "text-bad", words: "offline", more: "waiting for it to come back" };
  if (!isNow(attempt, done)) return { tone: "", words: "ready", more: "waits for the others" };
  return { tone: "", words: progressOf(known.working.get(site.site), round) ?? doing(done, known.evaluates), more: "under way" };
}

const doing = (done: number, evaluates: boolean): string =>
  [evaluates ? "measures" : "asked to train", "deals shares", "sends its vector", "confirms the list", "releases shares"][done] ?? "";

/** Of what takes long enough to be told: downloading, training, measuring, sending. */
function progressOf(working: Working | undefined, round: number): string | undefined {
  if (working === undefined || working.newest.round !== round) return undefined;
  const { phase, done, total } = working.newest;
  return total > 0 ? `${phase}, ${Math.min(100, Math.round((100 * done) / total))} %` : phase;
}

/** A row in words, for screen readers. */
export const CELL_WORDS: Readonly<Record<Cell, string>> = {
  done: "done",
  now: "now",
  ahead: "not yet",
  lost: "lost here",
  spare: "not needed",
};

/** What the sites do now, for people who watch. */
export function phaseWords(attempt: AttemptView, evaluates: boolean): string {
  switch (attempt.phase) {
    case "advertising":
      return evaluates
        ? "Sites measure the last checkpoint and send fresh keys."
        : "Sites train on their own patients and send fresh keys.";
    case "dealing":
      return "Sites deal shares of the secrets behind their masks.";
    case "masking":
      return "Sites send their masked vectors.";
    case "unmasking":
      return "Sites confirm whose vectors are in, then release the shares that open the sum.";
    case "opened":
      return "The sum is open.";
    case "failed":
      return "This attempt ended without a sum.";
    default:
      return attempt.phase satisfies never;
  }
}

/** Sites of the run that were away when the attempt opened. */
export const notAsked = (attempt: AttemptView, sites: readonly string[]): readonly string[] =>
  sites.filter((name) => !attempt.sites.some(({ site }) => site === name));

export interface Lost {
  readonly site: string;
  /** What it was lost at. */
  readonly at: string;
  readonly text: string;
  /** Empty where the site said nothing. */
  readonly code: string;
}

/** Sites of the round that are not in its sum, or are lost so far; with the run's sites also those that were not asked. */
export function lostOf(round: RoundView, sites: readonly string[] = []): readonly Lost[] {
  const attempt = round.attempts.at(-1);
  if (attempt === undefined) return [];
  const lost = attempt.sites.flatMap((site): Lost[] => {
    const step = lostAt(attempt, site);
    if (step === undefined) return [];
    return [{ site: site.site, at: step.at, text: site.dropped?.text ?? "No answer in time.", code: site.dropped?.code ?? "" }];
  });
  return [...lost, ...notAsked(attempt, sites).map((site) => ({ site, at: "the start", text: "It was offline.", code: "" }))];
}

/** When the round was over: its sum open, or given up; null while it is under way. */
export const endOf = (round: RoundView): number | null =>
  round.attempts.length === 0 ? (round.closed?.at ?? null) : (round.sum?.at ?? round.failed?.at ?? null);
