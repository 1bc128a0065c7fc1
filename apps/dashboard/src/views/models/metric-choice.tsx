"use client";
import type { MetricName } from "@engraft/core/models/plan";
import { METRIC_TITLES } from "../../parts/figures.ts";
import { Segmented } from "../../parts/segmented.tsx";
import { useWords } from "../../words/language.ts";
import { releaseWords } from "./words.ts";

interface Props {
  readonly names: readonly MetricName[];
  readonly metric: MetricName | undefined;
  readonly onChange: (metric: MetricName) => void;
}

/** Which figure a table shows; nothing where there is no choice. */
export function MetricChoice({ names, metric, onChange }: Props) {
  const words = useWords(releaseWords);
  if (names.length < 2 || metric === undefined) return null;
  return (
    <Segmented
      label={words.metric}
      value={metric}
      onChange={onChange}
      options={names.map((name) => ({ value: name, text: METRIC_TITLES[name] }))}
    />
  );
}
