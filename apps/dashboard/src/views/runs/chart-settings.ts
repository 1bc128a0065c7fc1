"use client";
/**
 * How the reader wants the charts of a run. Kept in the page's address, so that it survives a reload and goes along with a link that is
 * sent to somebody; live updates never touch it.
 */
import type { MetricName } from "@engraft/core/models/plan";
import { useCallback, useState } from "react";

/** By shift only where the plan compares with a summary. */
export const ORDERS = ["gain", "shift", "n"] as const;
export type Order = (typeof ORDERS)[number];

export interface ChartSettings {
  readonly metric: MetricName;
  /** Share of the smoothed value that is carried on from one round to the next; 0 turns smoothing off. */
  readonly smoothing: number;
  readonly log: boolean;
  /** Whether the names at the line ends say the best value instead of the last. */
  readonly best: boolean;
  readonly table: boolean;
  readonly order: Order;
}

export const MOST_SMOOTHING = 0.95;

/** Anything that is not a setting of this plan counts as not set. */
export function readSettings(search: string, names: readonly MetricName[]): ChartSettings {
  const query = new URLSearchParams(search);
  const smoothing = Number(query.get("smoothing"));
  return {
    metric: names.find((name) => name === query.get("metric")) ?? names[0] ?? "auroc",
    smoothing: smoothing > 0 && smoothing <= MOST_SMOOTHING ? smoothing : 0,
    log: query.get("axis") === "log",
    best: query.get("label") === "best",
    table: query.get("show") === "table",
    order: ORDERS.find((order) => order === query.get("order")) ?? "gain",
  };
}

/** The address's query with these settings; what is as it comes is left out, and what belongs to others stays. */
export function writeSettings(search: string, settings: ChartSettings, names: readonly MetricName[]): string {
  const query = new URLSearchParams(search);
  const set = (name: string, value: string | null): void => (value === null ? query.delete(name) : query.set(name, value));
  set("metric", settings.metric === names[0] ? null : settings.metric);
  set("smoothing", settings.smoothing === 0 ? null : String(settings.smoothing));
  set("axis", settings.log ? "log" : null);
  set("label", settings.best ? "best" : null);
  set("show", settings.table ? "table" : null);
  set("order", settings.order === "gain" ? null : settings.order);
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function useChartSettings(names: readonly MetricName[]): readonly [ChartSettings, (change: Partial<ChartSettings>) => void] {
  const [settings, setSettings] = useState(() => readSettings(location.search, names));
  const change = useCallback(
    (changed: Partial<ChartSettings>) => {
      const next = { ...readSettings(location.search, names), ...changed };
      history.replaceState(null, "", `${location.pathname}${writeSettings(location.search, next, names)}${location.hash}`);
      setSettings(next);
    },
    [names],
  );
  return [settings, change];
}
