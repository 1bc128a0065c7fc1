"use client";
import { rangeInWords } from "@engraft/core/models/summary/words";
import type { SummaryFigures, SummaryMeasure, SummaryTable } from "@engraft/core/models/summary/table";
import { useQuery } from "@tanstack/react-query";
import { useTRPC } from "../../../api/trpc.ts";
import { Card } from "../../../parts/card.tsx";
import { countText, listed } from "../../../parts/figures.ts";
import { Loaded } from "../../../parts/states.tsx";
import { useWords } from "../../../words/language.ts";
import { barsOf } from "./bars.ts";
import { summaryWords } from "./words.ts";

/** What the run of a summary has found; `ready`: its sum is open. */
export function SummaryCard({ run, ready }: { readonly run: string; readonly ready: boolean }) {
  const trpc = useTRPC();
  const query = useQuery({ ...trpc.runs.summary.queryOptions({ run }), enabled: ready, staleTime: Infinity });
  const words = useWords(summaryWords);
  if (!ready)
    return (
      <Card title={words.title}>
        <p className="px-4 py-3 text-fg-2">{words.notYet}</p>
      </Card>
    );
  return (
    <Loaded query={query} rows={8}>
      {({ table }) => (
        <Card title={words.title} aside={words.counted(table.figures.patients, table.sites.length)}>
          <About table={table} />
          <div className="grid gap-6 p-4 sm:grid-cols-2 xl:grid-cols-3">
            {table.figures.measures.map((measure) => (
              <Histogram key={measure.name} measure={measure} figures={table.figures} />
            ))}
          </div>
        </Card>
      )}
    </Loaded>
  );
}

function About({ table: { sites, figures } }: { readonly table: SummaryTable }) {
  const { testPatients, minCount, labels } = figures;
  const words = useWords(summaryWords);
  return (
    <div className="grid gap-1 border-b border-line px-4 py-3 text-fg-2">
      <p>
        {words.whose(listed(sites, words.and))} {words.held(testPatients === null ? words.fewerThan(minCount) : countText(testPatients))}{" "}
        {words.joined(minCount)}
      </p>
      {labels.map(({ name, title, classes }) => (
        <p key={name}>
          <b className="font-semibold text-fg">{title}:</b>{" "}
          {classes === null ? words.tooFewOfClass : classes.map(({ name: its, count }) => `${its} ${countText(count)}`).join(", ")}
        </p>
      ))}
    </div>
  );
}

const WIDTH = 240;
const HEIGHT = 72;

function Histogram({ measure, figures }: { readonly measure: SummaryMeasure; readonly figures: SummaryFigures }) {
  const unit = measure.kind === "number" && measure.unit !== "1" ? measure.unit : undefined;
  const words = useWords(summaryWords);
  const cells = (measure.cells ?? []).map(({ text, count }) => `${text} ${count}`);
  return (
    <figure className="m-0 grid content-start gap-1.5">
      <figcaption className="font-medium">
        {measure.title} {unit !== undefined && <span className="text-12 font-normal text-fg-3">{unit}</span>}
      </figcaption>
      {measure.cells === null ? (
        <p className="text-12 text-fg-2">{words.tooFewValues(figures.minCount)}</p>
      ) : (
        <>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width="100%" role="img" aria-label={`${measure.title}: ${listed(cells, words.and)}.`}>
            {barsOf(measure).map(({ text, count, x, width, height, apart }) => (
              <rect
                key={text}
                x={x * WIDTH + 0.5}
                width={Math.max(1, width * WIDTH - 1)}
                y={(1 - height) * (HEIGHT - 2)}
                height={height * (HEIGHT - 2)}
                fill={apart ? "var(--text-3)" : "var(--accent)"}
              >
                <title>{`${text}: ${count}`}</title>
              </rect>
            ))}
            <path d={`M0 ${HEIGHT - 1}H${WIDTH}`} stroke="var(--axis)" />
          </svg>
          <Quantiles measure={measure} />
          <Cells measure={measure} />
        </>
      )}
    </figure>
  );
}

function Quantiles({ measure }: { readonly measure: SummaryMeasure }) {
  const { quartiles } = useWords(summaryWords);
  if (measure.kind !== "number" || measure.quantiles === null) return null;
  const said = measure.quantiles.filter(({ p }) => p === 0.25 || p === 0.5 || p === 0.75);
  const names: Readonly<Record<number, string>> = { 0.25: quartiles.lower, 0.5: quartiles.median, 0.75: quartiles.upper };
  return <p className="text-12 text-fg-2">{said.map(({ p, from, to }) => `${names[p] ?? ""} ${rangeInWords(from, to)}`).join(", ")}</p>;
}

function Cells({ measure }: { readonly measure: SummaryMeasure }) {
  const words = useWords(summaryWords);
  return (
    <details className="text-12">
      <summary>{words.table}</summary>
      <table className="dense">
        <caption className="sr-only">{words.patients(measure.title)}</caption>
        <tbody>
          {measure.cells?.map(({ text, count }) => (
            <tr key={text}>
              <th scope="row">{text}</th>
              <td className="n">{countText(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {measure.byLabel.map(({ label, classes, cells }) => (
        <table className="dense" key={label}>
          <caption className="sr-only">{words.patientsBy(measure.title, label)}</caption>
          <thead>
            <tr>
              <th scope="col">{words.by(label)}</th>
              {classes.map((name) => (
                <th scope="col" className="n" key={name}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map(({ text, counts }) => (
              <tr key={text}>
                <th scope="row">{text}</th>
                {counts.map((count, at) => (
                  <td className="n" key={classes[at]}>
                    {countText(count)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </details>
  );
}
