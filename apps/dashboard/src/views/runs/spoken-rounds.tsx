"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { useEffect, useRef } from "react";
import { useAnnounce } from "../../parts/announce.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { settledMean } from "./chart-data.ts";

/** Speaks ends of rounds and of the run, nothing in between. */
export function SpokenRounds({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const announce = useAnnounce();
  const closed = view.rounds.filter((round) => round.checkpoint !== null).length;
  const spoken = useRef({ closed, ended: view.end !== null });
  useEffect(() => {
    if (view.end !== null && !spoken.current.ended) announce(`${view.run}: ${view.end.text}`);
    else if (closed > spoken.current.closed) {
      const round = view.rounds[closed - 1];
      const mean = view.curve.map((point) => settledMean(view, point, metric)).findLast((value) => value !== undefined);
      announce(
        `Round ${closed} closed: ${round?.closed?.survivors.length ?? 0} of ${round?.cohort.length ?? 0} in${mean === undefined ? "" : `, ${METRIC_TITLES[metric]} ${metricText(mean)} before it`}`,
      );
    }
    spoken.current = { closed, ended: view.end !== null };
  }, [announce, closed, metric, view]);
  return null;
}
