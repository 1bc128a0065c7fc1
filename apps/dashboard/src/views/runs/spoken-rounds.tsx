"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { useEffect, useRef } from "react";
import { useAnnounce } from "../../parts/announce.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { mainCurve } from "./main-curve.ts";

/** Speaks ends of rounds and of the run, nothing in between. */
export function SpokenRounds({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const announce = useAnnounce();
  const closed = view.rounds.filter((round) => round.checkpoint !== null).length;
  const spoken = useRef({ closed, ended: view.end !== null });
  useEffect(() => {
    if (view.end !== null && !spoken.current.ended) announce(`${view.run}: ${view.end.text}`);
    else if (closed > spoken.current.closed) {
      const round = view.rounds.findLast((each) => each.checkpoint !== null);
      const value = mainCurve(view, metric).at(-1)?.value;
      announce(
        `Round ${round?.round ?? closed} closed: ${round?.closed?.survivors.length ?? 0} of ${round?.cohort.length ?? 0} in${value === undefined ? "" : `, ${METRIC_TITLES[metric]} ${metricText(value)} before it`}`,
      );
    }
    spoken.current = { closed, ended: view.end !== null };
  }, [announce, closed, metric, view]);
  return null;
}
