"use client";
import { bytesText, lengthText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { isEarlier, type Bar, type Lane } from "./lanes.ts";
import { timelineWords } from "./words.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

/** Every bar in figures, also those that are too narrow to be pointed at. */
export function LanesTable({ lanes, name }: { readonly lanes: readonly Lane[]; readonly name: string }) {
  const words = useWords(timelineWords);
  const secure = lanes.some(({ attempt }) => attempt !== null);
  return (
    <ScrollTable className="max-h-[360px] overflow-y-auto" label={name} caption={name}>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          <th scope="col">{words.phaseHead}</th>
          {secure && <th scope="col">{words.attempt}</th>}
          {[words.from, words.length, words.bytes].map((head) => (
            <th key={head} scope="col" className="n">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {lanes.flatMap((lane) =>
          lane.bars.map((bar) => <Row key={`${lane.site}-${bar.kind}-${bar.from}`} lane={lane} bar={bar} secure={secure} />),
        )}
      </tbody>
    </ScrollTable>
  );
}

function Row({ lane, bar, secure }: { readonly lane: Lane; readonly bar: Bar; readonly secure: boolean }) {
  const words = useWords(timelineWords);
  const failed = bar.kind === "failed";
  const { bytes, moved, attempt } = bar;
  return (
    <tr>
      <th scope="row">{lane.site}</th>
      <td className={failed ? "text-bad" : undefined}>
        {bar.lostIn !== undefined
          ? words.state.failedIn(words.phase[bar.lostIn])
          : bar.kind === "failed"
            ? lane.words
            : words.phase[bar.kind]}
      </td>
      {secure && <td>{attempt === null ? "–" : isEarlier(bar, lane) ? words.earlier(attempt) : attempt}</td>}
      <td className="n">{lengthText(bar.from)}</td>
      <td className="n">{failed ? "–" : lengthText(bar.to - bar.from)}</td>
      <td className="n">
        {bytes === null ? "–" : moved !== null && moved < bytes ? words.movedOf(bytesText(moved), bytesText(bytes)) : bytesText(bytes)}
      </td>
    </tr>
  );
}
