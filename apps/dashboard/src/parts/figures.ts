/** How figures and times are written: leading zero, three decimals for metrics, true minus, powers of 1000, 24-hour clock. */
import type { MetricName } from "@engraft/core/models/plan";
import { partWords } from "../words/parts.ts";

export const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  auroc: "AUROC",
  auprc: "AUPRC",
  accuracy: "Accuracy",
  loss: "Loss",
  brier: "Brier",
  sensitivity: "Sensitivity",
  specificity: "Specificity",
  ppv: "PPV",
  npv: "NPV",
  f1: "F1",
  ece: "ECE",
  "calibration-slope": "Calibration slope",
  "calibration-intercept": "Calibration intercept",
  "balanced-accuracy": "Balanced accuracy",
  "macro-f1": "Macro F1",
  "weighted-kappa": "Weighted kappa",
  mae: "MAE",
  rmse: "RMSE",
  r2: "R²",
  "c-index": "C-index",
  "integrated-brier": "Integrated Brier",
  "observed-expected": "Observed/expected",
};

const minus = (text: string): string => text.replace("-", "−");

export const metricText = (value: number): string => minus(value.toFixed(3));

/** With its sign, for differences. A difference that rounds to nothing has none. */
export function gainText(value: number): string {
  const text = value.toFixed(3);
  if (Number(text) === 0) return "0.000";
  return value > 0 ? `+${text}` : minus(text);
}

export const countText = (value: number): string => value.toLocaleString("en-GB");

export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["KB", "MB", "GB", "TB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A length of time: 0.42 s, 12 s, 9:46 (minutes:seconds), 3:07 h. */
export function lengthText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(seconds < 1 ? 2 : 1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)} h`;
}

/** A countdown: 2:14, 0:09, 3:07:05. */
export function countdownText(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms / 1000));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

const two = (value: number): string => String(value).padStart(2, "0");

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

type TimeWords = typeof partWords.en;

/** Day and exact time in each language, made once: making a format costs more than using it. */
const DATES = new Map(
  [partWords.en, partWords.de].map(({ locale }) => [
    locale,
    {
      day: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" }),
      dayYear: new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" }),
      exact: new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" }),
    },
  ]),
);

/** The same in every language. */
export const clockText = (at: number): string => CLOCK.format(at);
export const exactText = (at: number, { locale }: TimeWords = partWords.en): string => DATES.get(locale)?.exact.format(at) ?? "";

/** The clock for today, else the day. */
export function whenText(at: number, now: number, { locale }: TimeWords = partWords.en): string {
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clockText(at);
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const dates = DATES.get(locale);
  return `${(sameYear ? dates?.day : dates?.dayYear)?.format(at) ?? ""}, ${clockText(at).slice(0, 5)}`;
}

export function agoText(at: number, now: number, words: TimeWords = partWords.en): string {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 5) return words.now;
  if (seconds < 60) return words.secondsAgo(seconds);
  if (seconds < 3600) return words.minutesAgo(Math.floor(seconds / 60));
  if (seconds < 48 * 3600) return words.hoursAgo(Math.floor(seconds / 3600));
  return words.daysAgo(Math.floor(seconds / 86_400));
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Names as people list them: a, b and c. `and`: that word, in a language other than English. */
export const listed = (names: readonly string[], and = "and"): string =>
  names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} ${and} ${names.at(-1)}`;

/** An actor of the audit log as a name: `admin:ada@x.example` is `ada@x.example`. */
export const personText = (actor: string): string => actor.replace(/^(?:admin|researcher|steward|site):/, "");

export const shortDigest = (digest: string): string => `${digest.slice(0, 4)} ${digest.slice(4, 8)} … ${digest.slice(-4)}`;
