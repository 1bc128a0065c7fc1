"use client";
import { useId } from "react";
import { Segmented } from "../../parts/segmented.tsx";
import { useWords } from "../../words/language.ts";
import { MOST_SMOOTHING, type ChartSettings } from "./chart-settings.ts";
import { CHART_WORDS } from "./words/charts.ts";

interface ControlsProps {
  readonly settings: ChartSettings;
  readonly onSettings: (change: Partial<ChartSettings>) => void;
  /** Whether every value is above 0, of a metric that may be anything above it. */
  readonly logOffered: boolean;
}

export function ChartControls({ settings, onSettings, logOffered }: ControlsProps) {
  const words = useWords(CHART_WORDS);
  const slider = useId();
  const { smoothing } = settings;
  const strength = smoothing === 0 ? words.smoothingOff : smoothing.toFixed(2);
  return (
    <div className="ml-auto flex flex-wrap items-center gap-x-4 gap-y-2">
      {logOffered && (
        <Segmented
          label={words.axis}
          value={settings.log ? "log" : "linear"}
          onChange={(axis) => onSettings({ log: axis === "log" })}
          options={[
            { value: "linear", text: words.linear },
            { value: "log", text: words.log },
          ]}
        />
      )}
      <div className="flex items-center gap-2 text-12 text-fg-2">
        <label htmlFor={slider}>
          {words.smoothing} <span className="inline-block w-7 tabular-nums">{strength}</span>
        </label>
        <input
          id={slider}
          className="slider"
          type="range"
          min={0}
          max={MOST_SMOOTHING}
          step={0.05}
          value={smoothing}
          aria-valuetext={strength}
          onChange={(event) => onSettings({ smoothing: Number(event.target.value) })}
        />
      </div>
      <Segmented
        label={words.label}
        value={settings.best ? "best" : "last"}
        onChange={(label) => onSettings({ best: label === "best" })}
        options={[
          { value: "last", text: words.last },
          { value: "best", text: words.best },
        ]}
      />
    </div>
  );
}
