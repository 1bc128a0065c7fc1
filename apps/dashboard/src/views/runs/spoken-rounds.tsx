"use client";
import type { MetricName } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { memo, useEffect, useRef } from "react";
import { useAnnounce } from "../../parts/announce.tsx";
import { METRIC_TITLES, metricText } from "../../parts/figures.ts";
import { useWords } from "../../words/language.ts";
import { mainCurve } from "./main-curve.ts";
import { PAGE_WORDS } from "./words/page.ts";

/** Speaks ends of rounds and of the run, nothing in between. */
export const SpokenRounds = memo(function SpokenRounds({ view, metric }: { readonly view: RunView; readonly metric: MetricName }) {
  const announce = useAnnounce();
  const words = useWords(PAGE_WORDS);
  const closed = view.rounds.filter((round) => round.checkpoint !== null).length;
  const spoken = useRef({ closed, ended: view.end !== null });
  useEffect(() => {
    if (view.end !== null && !spoken.current.ended) announce(`${view.run}: ${view.end.text}`);
    else if (closed > spoken.current.closed) {
      const round = view.rounds.findLast((each) => each.checkpoint !== null);
      const value = mainCurve(view, metric).at(-1)?.value;
      announce(
        `${words.closed(round?.round ?? closed, round?.closed?.survivors.length ?? 0, round?.cohort.length ?? 0)}${value === undefined ? "" : words.before(METRIC_TITLES[metric], metricText(value))}`,
      );
    }
    spoken.current = { closed, ended: view.end !== null };
  }, [announce, closed, metric, view, words]);
  return null;
});
