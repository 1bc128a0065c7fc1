/** Hours of the day by the site's own clock on the wall: from `from` until `to`, over midnight where `to` is the earlier one. Pure. */
import * as z from "zod";

const Minute = z.int().min(0).max(1439);

/** Minutes of the day; `from` belongs to them, `to` does not. */
export const Hours = z
  .strictObject({ from: Minute, to: Minute })
  .refine(({ from, to }) => from !== to, "the hours begin and end at the same time; name two different ones");
export type Hours = z.infer<typeof Hours>;

const TIME = /^\s*(\d{1,2}):(\d{2})\s*$/;

/** Minutes of the day; 24:00 is midnight. Undefined where it is no time. */
export function minuteIn(text: string): number | undefined {
  const [, hour = "", minute = ""] = TIME.exec(text) ?? [];
  const at = 60 * Number(hour) + Number(minute);
  if (hour === "" || Number(minute) > 59 || at > 1440) return undefined;
  return at % 1440;
}

/** "20:00-06:00" or "20:00 to 06:00"; undefined for anything else. */
export function hoursIn(text: string): Hours | undefined {
  const [from, to, ...rest] = text.split(/-|\bto\b/).map(minuteIn);
  return rest.length > 0 ? undefined : Hours.safeParse({ from, to }).data;
}

export const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

export const hoursText = ({ from, to }: Hours): string => `${timeText(from)} to ${timeText(to)}`;

export const within = ({ from, to }: Hours, minute: number): boolean =>
  from < to ? from <= minute && minute < to : minute >= from || minute < to;

/**
 * What the clock on the wall says in a time zone (this machine's where none is named). In the hour that daylight saving skips it never
 * stands, in the one that is repeated twice: hours mean what people read off the wall.
 */
export function minuteOfDay(at: number, timeZone?: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).formatToParts(at);
  const of = (type: "hour" | "minute"): number => Number(parts.find((part) => part.type === type)?.value);
  return 60 * of("hour") + of("minute");
}
