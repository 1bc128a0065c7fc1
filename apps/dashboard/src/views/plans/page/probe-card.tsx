"use client";
import type { PlanView } from "@engraft/coordinator/api/views";
import { commonDepth } from "@engraft/core/models/probe-depth";
import type { Estimate } from "@engraft/core/models/metrics";
import { Card } from "../../../parts/card.tsx";
import { METRIC_TITLES, metricText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { formWords } from "../form/form-words.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

/** What sites have tried before the run; nothing where none has said it. */
export function ProbeCard({ plan: { probes } }: { readonly plan: PlanView }) {
  const words = useWords(formWords);
  const [first] = probes;
  if (first === undefined) return null;
  const depth = commonDepth(probes.map(({ report }) => report.depth));
  return (
    <Card
      title={words.transferProbe}
      aside={`${METRIC_TITLES[first.report.metric]}, ${words.sitesCount(probes.length)}`}
      footer={<p className="text-12 text-fg-2">{words.triedAtEachSiteOnIts}</p>}
    >
      <ScrollTable label={words.transferProbeTable} caption={words.transferProbeBySite}>
        <thead>
          <tr>
            <th scope="col">{words.site}</th>
            <th scope="col" className="n">
              {words.baseUnchanged}
            </th>
            <th scope="col" className="n">
              {words.headOnItsFeatures}
            </th>
            <th scope="col" className="n">
              {words.fromNothing}
            </th>
            <th scope="col">{words.train}</th>
          </tr>
        </thead>
        <tbody>
          {probes.map(({ site, report }) => (
            <tr key={site}>
              <th scope="row">{site}</th>
              <Figure of={report.base} />
              <Figure of={report.head} />
              <Figure of={report.scratch} />
              <td>{report.depth}</td>
            </tr>
          ))}
          <tr>
            <th scope="row" colSpan={4}>
              {words.allSitesTogether}
            </th>
            <td className="font-semibold">{depth}</td>
          </tr>
        </tbody>
      </ScrollTable>
    </Card>
  );
}

function Figure({ of }: { readonly of: Estimate | null }) {
  const words = useWords(formWords);
  if (of === null) return <td className="n text-fg-3">{words.notKnown}</td>;
  return (
    <td className="n">
      {metricText(of.value)}
      <span className="block text-12 text-fg-3">
        {metricText(of.low)}–{metricText(of.high)}
      </span>
    </td>
  );
}
