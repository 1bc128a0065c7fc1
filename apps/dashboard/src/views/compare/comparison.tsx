"use client";
import type { CurveView, SettingsView } from "@engraft/coordinator/api/curve-views";
import type { RunSummary } from "@engraft/coordinator/api/views";
import { hasDirection } from "@engraft/core/models/metric-names";
import type { MetricName } from "@engraft/core/models/plan";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useState, type ReactNode } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { useWords } from "../../words/language.ts";
import { ChooseCard } from "./choose-card.tsx";
import { CurvesCard } from "./curves-card.tsx";
import { linesOf, MAX_IN_COLOUR, ranked, toggled } from "./lines.ts";
import { ParallelCard } from "./parallel-chart.tsx";
import { RankingCard } from "./ranking-card.tsx";
import { SitesCard } from "./sites-card.tsx";
import { compareWords } from "./words.ts";

interface ComparisonProps {
  readonly runs: readonly RunSummary[];
  readonly compared: readonly string[];
  /** A metric, as the address has it. */
  readonly wanted: string | undefined;
  readonly onChange: (runs: readonly string[], metric: string | undefined) => void;
}

export function Comparison({ runs, compared, wanted, onChange }: ComparisonProps) {
  const trpc = useTRPC();
  const words = useWords(compareWords);
  const asked = { placeholderData: keepPreviousData, enabled: compared.length > 0 };
  const settings = useQuery({ ...trpc.runs.settings.queryOptions({ runs: [...compared] }), ...asked });
  const names = settings.data?.metrics.filter((name) => hasDirection(name)) ?? [];
  const usual = runs.find(({ run, metric }) => compared.includes(run) && metric !== null)?.metric?.name;
  const metric = names.find((name) => name === wanted) ?? names.find((name) => name === usual) ?? names[0] ?? usual ?? "auroc";
  const curves = useQuery({ ...trpc.runs.curves.queryOptions({ runs: [...compared], metric, sites: false }), ...asked });
  const choose = <ChooseCard runs={runs} chosen={compared} onChoose={(list) => onChange(list, wanted)} />;
  if (compared.length === 0)
    return (
      <Beside choose={choose}>
        <section className="card grid h-full place-items-center" aria-label={words.curves}>
          <Empty title={words.nothing}>{words.noneChosen}</Empty>
        </section>
      </Beside>
    );
  return (
    <Loaded query={settings} rows={10}>
      {(known) => (
        <Loaded query={curves} rows={10}>
          {(list) => (
            <Compared
              choose={choose}
              curves={list}
              settings={known}
              metric={metric}
              names={names}
              runs={runs}
              onMetric={(name) => onChange(compared, name)}
            />
          )}
        </Loaded>
      )}
    </Loaded>
  );
}

function Beside({ choose, children }: { readonly choose: ReactNode; readonly children: ReactNode }) {
  return (
    <div className="cols items-stretch!">
      <div className="c4">{choose}</div>
      <div className="c8">{children}</div>
    </div>
  );
}

interface ComparedProps {
  readonly choose: ReactNode;
  readonly curves: readonly CurveView[];
  readonly settings: SettingsView;
  readonly metric: MetricName;
  readonly names: readonly MetricName[];
  readonly runs: readonly RunSummary[];
  readonly onMetric: (metric: MetricName) => void;
}

function Compared({ choose, curves, settings, metric, names, runs, onMetric }: ComparedProps) {
  const trpc = useTRPC();
  const [focused, setFocused] = useState<string | null>(null);
  const [zoom, setZoom] = useState<readonly [number, number] | null>(null);
  const [picked, setPicked] = useState<readonly string[] | undefined>(undefined);
  const first = useMemo(
    () =>
      ranked(linesOf(curves, metric, []).lines, metric)
        .slice(0, MAX_IN_COLOUR)
        .map(({ run }) => run),
    [curves, metric],
  );
  const inColour = picked ?? first;
  const lines = useMemo(() => linesOf(curves, metric, inColour), [curves, metric, inColour]);
  const best = useMemo(() => ranked(lines.lines, metric), [lines, metric]);
  const coloured = lines.lines.filter(({ slot }) => slot !== null).map(({ run }) => run);
  const bySite = useQuery({
    ...trpc.runs.curves.queryOptions({ runs: coloured, metric, sites: true }),
    enabled: coloured.length > 0,
    placeholderData: keepPreviousData,
  });
  const onToggle = useCallback((run: string) => setPicked((now) => toggled(now ?? first, run)), [first]);
  return (
    <div className="stack">
      <Beside choose={choose}>
        <CurvesCard
          lines={lines}
          ranked={best}
          metric={metric}
          names={names}
          onMetric={onMetric}
          zoom={zoom}
          onZoom={setZoom}
          focused={focused}
          onFocus={setFocused}
        />
      </Beside>
      <RankingCard lines={best} runs={runs} focused={focused} onToggle={onToggle} />
      <ParallelCard lines={lines.lines} settings={settings} metric={metric} focused={focused} onFocus={setFocused} />
      <Loaded query={coloured.length === 0 ? { ...bySite, data: [], error: null } : bySite} rows={6}>
        {(list) => <SitesCard curves={list} slotOf={(run) => inColour.indexOf(run)} zoom={zoom} focused={focused} />}
      </Loaded>
    </div>
  );
}
