/**
 * What the `doctor` commands of both programs share: checks that are looked at one after the other, each with a finding of a
 * stable code and a next step, and how findings are shown. A check only looks; it never repairs.
 */
import { EngraftError } from "@engraft/core/base/errors";

/** `skipped`: could not be looked at, because a check that comes before it found a problem. */
export type Level = "ok" | "warning" | "problem" | "skipped";

export interface Finding {
  readonly level: Level;
  /** Stable; `ok` where nothing was found. */
  readonly code: string;
  /** What was seen: never a secret and never a value of a record. */
  readonly text: string;
  /** What to do; null where nothing is to be done. */
  readonly next: string | null;
}

export interface Check {
  readonly name: string;
  /** For people, for example "Clock". */
  readonly title: string;
  /** Names of checks without which this one says nothing. */
  readonly needs?: readonly string[];
  /** A fault that it throws is a problem with the fault's code. */
  readonly look: () => Promise<Finding | readonly Finding[]>;
}

export interface Looked extends Finding {
  readonly check: string;
  readonly title: string;
}

export const ok = (text: string): Finding => ({ level: "ok", code: "ok", text, next: null });
export const warning = (code: string, text: string, next: string): Finding => ({ level: "warning", code, text, next });
export const problem = (code: string, text: string, next: string): Finding => ({ level: "problem", code, text, next });
export const skipped = (text: string): Finding => ({ level: "skipped", code: "not-looked-at", text, next: null });

/** The same value for everybody who asks: several checks look at one answer. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

interface Watching {
  /** Before a check is looked at; `at` counts from 1. */
  readonly start?: (check: Check, at: number) => void;
  readonly done?: (looked: Looked) => void;
}

/** Looks at all checks in order. Never throws. */
export async function lookAtAll(checks: readonly Check[], { start, done }: Watching = {}): Promise<readonly Looked[]> {
  const all: Looked[] = [];
  for (const [index, check] of checks.entries()) {
    start?.(check, index + 1);
    for (const finding of await findingsOf(check, all)) {
      const looked = { check: check.name, title: check.title, ...finding };
      all.push(looked);
      done?.(looked);
    }
  }
  return all;
}

async function findingsOf(check: Check, before: readonly Looked[]): Promise<readonly Finding[]> {
  const blocking = before.find(
    ({ check: name, level }) => (check.needs ?? []).includes(name) && (level === "problem" || level === "skipped"),
  );
  if (blocking !== undefined)
    return [blocking.level === "skipped" ? skipped(blocking.text) : skipped(`Not looked at: "${blocking.title}" comes first.`)];
  try {
    const found = await check.look();
    return "level" in found ? [found] : found;
  } catch (error) {
    if (error instanceof EngraftError) return [problem(error.code, error.message, "Do what the message says, and run doctor again.")];
    const why = error instanceof Error ? error.message : String(error);
    return [problem("check-failed", `This could not be looked at: ${why}`, "Run doctor again; where it stays, report it with this text.")];
  }
}

export interface Report {
  /** True where no check found a problem. */
  readonly ok: boolean;
  readonly problems: number;
  readonly warnings: number;
  readonly checks: readonly Looked[];
}

export function reportOf(checks: readonly Looked[]): Report {
  const count = (level: Level): number => checks.filter((looked) => looked.level === level).length;
  return { ok: count("problem") === 0, problems: count("problem"), warnings: count("warning"), checks };
}

const MARKS: Readonly<Record<Level, string>> = { ok: "ok", warning: "WARNING", problem: "PROBLEM", skipped: "-" };
const MARK_WIDTH = 9;
const TITLE_WIDTH = 20;

/** One finding as lines for a terminal. */
export function findingLines({ level, code, title, text, next }: Looked): string {
  const indent = " ".repeat(MARK_WIDTH + TITLE_WIDTH);
  const named = level === "warning" || level === "problem" ? ` (${code})` : "";
  const first = `${MARKS[level].padEnd(MARK_WIDTH)}${title.padEnd(TITLE_WIDTH)}${text.replaceAll("\n", `\n${indent}`)}${named}`;
  return next === null ? first : `${first}\n${indent}Next: ${next.replaceAll("\n", `\n${indent}`)}`;
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;

export const summaryLine = ({ problems, warnings }: Report): string =>
  problems + warnings === 0 ? "Nothing is wrong." : `${counted(problems, "problem")}, ${counted(warnings, "warning")}.`;

const FOUND_A_PROBLEM = 1;

/**
 * Looks at everything and says it: with `json` one object on stdout at the end, else a line for each finding as it comes, and on
 * a terminal which check is being looked at. Returns the exit code: 0 only where there is no problem.
 */
export async function runDoctor(checks: readonly Check[], json: boolean): Promise<number> {
  const live = !json && process.stderr.isTTY;
  const clear = (): void => void (live && process.stderr.write("\r\u001b[2K"));
  const looked = await lookAtAll(checks, {
    start: (check, at) => void (live && process.stderr.write(`\r\u001b[2K[${at} of ${checks.length}] ${check.title} ...`)),
    done: (one) => {
      clear();
      if (!json) process.stdout.write(`${findingLines(one)}\n`);
    },
  });
  const report = reportOf(looked);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : `\n${summaryLine(report)}\n`);
  return report.ok ? 0 : FOUND_A_PROBLEM;
}
