/** A secure attempt, site by site: how far each has come on the five steps, and where one was lost. */
import { SITE_STEPS, type AttemptView, type SiteInAttempt } from "@engraft/core/rounds/secure/view";
import type { RoundView, RunView } from "@engraft/core/rounds/view";
import type { Working } from "../use-run.ts";
import { STEP_WORDS, type StepWords } from "../words/steps.ts";

const STEP_COUNT = STEP_WORDS.en.steps.length;

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

/** The step at which the site was lost, from 0; undefined while it is in. */
export function lostAt(attempt: AttemptView, site: SiteInAttempt): number | undefined {
  const missing = attempt.failed?.missing.includes(site.site) === true;
  return site.dropped !== null || missing || reached(site) < closedSteps(attempt) ? reached(site) : undefined;
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
  return Array.from({ length: STEP_COUNT }, (_, step): Cell => {
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

export function rowsOf(attempt: AttemptView, round: number, known: Known, words: StepWords = STEP_WORDS.en): readonly StepRow[] {
  return attempt.sites.map((site) => ({ site: site.site, cells: cellsOf(attempt, site), ...stateOf(attempt, round, site, known, words) }));
}

type State = Pick<StepRow, "tone" | "words" | "more">;

function stateOf(attempt: AttemptView, round: number, site: SiteInAttempt, known: Known, words: StepWords): State {
  const lost = lostAt(attempt, site);
  const online = known.online(site.site);
  if (lost !== undefined) {
    const why = site.dropped === null ? (online ? words.noAnswer : words.offlineNoAnswer) : site.dropped.text;
    return { tone: "text-bad", words: words.lostAt(words.steps[lost]?.at ?? ""), more: why };
  }
  const done = reached(site);
  if (attempt.phase === "opened") {
    return { tone: "text-accent", words: words.inSum, more: done === STEP_COUNT ? "" : words.notNeeded };
  }
  if (attempt.phase === "failed") return { tone: "", words: words.wasReady, more: words.anew };
  if (!online) return { tone: "text-bad", words: words.offline, more: words.waitsBack };
  if (!isNow(attempt, done)) return { tone: "", words: words.ready, more: words.waits };
  const doing = done === 0 && known.evaluates ? words.measures : (words.doing[done] ?? "");
  return { tone: "", words: progressOf(known.working.get(site.site), round, words) ?? doing, more: words.underWay };
}

/** Of what takes long enough to be told: downloading, training, measuring, sending. */
function progressOf(working: Working | undefined, round: number, words: StepWords): string | undefined {
  if (working === undefined || working.newest.round !== round) return undefined;
  const { phase, done, total } = working.newest;
  const name = words.working[phase];
  return total > 0 ? `${name}, ${Math.min(100, Math.round((100 * done) / total))} %` : name;
}

/** What the sites do now, for people who watch. */
export const phaseWords = ({ phase }: AttemptView, evaluates: boolean, words: StepWords = STEP_WORDS.en): string =>
  words.phases[phase === "advertising" && evaluates ? "measuring" : phase];

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
export function lostOf(round: RoundView, sites: readonly string[] = [], words: StepWords = STEP_WORDS.en): readonly Lost[] {
  const attempt = round.attempts.at(-1);
  if (attempt === undefined) return [];
  const lost = attempt.sites.flatMap((site): Lost[] => {
    const step = lostAt(attempt, site);
    if (step === undefined) return [];
    const at = words.steps[step]?.at ?? "";
    return [{ site: site.site, at, text: site.dropped?.text ?? words.noAnswerText, code: site.dropped?.code ?? "" }];
  });
  return [...lost, ...notAsked(attempt, sites).map((site) => ({ site, at: words.start, text: words.wasOffline, code: "" }))];
}

/** When the round was over: its sum open, or given up; null while it is under way. */
export const endOf = (round: RoundView): number | null =>
  round.attempts.length === 0 ? (round.closed?.at ?? null) : (round.sum?.at ?? round.failed?.at ?? null);
