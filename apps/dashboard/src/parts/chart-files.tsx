"use client";
/** The two files that every chart gives: its values as CSV, itself as PNG. */
import { Download, Image as ImageIcon } from "lucide-react";
import { useState, type RefObject } from "react";
import { catalogue, useWords } from "../words/language.ts";
import { Button } from "./button.tsx";
import { exactText } from "./figures.ts";
import type { LegendEntry, Picture } from "./chart-picture.ts";
import { useAnnounce } from "./announce.tsx";

const WORDS = catalogue(
  {
    csv: (title: string) => `Values of “${title}” as CSV`,
    png: (title: string) => `“${title}” as a picture, PNG`,
    failed: "The picture could not be made. The table and its CSV hold the same values.",
    foot: (source: string, at: string) => `${source}. Data as of ${at}.`,
  },
  {
    csv: (title) => `Werte von „${title}“ als CSV`,
    png: (title) => `„${title}“ als Bild, PNG`,
    failed: "Das Bild konnte nicht erstellt werden. Die Tabelle und ihre CSV-Datei enthalten dieselben Werte.",
    foot: (source, at) => `${source}. Stand der Daten: ${at}.`,
  },
);

interface ChartFilesProps {
  /** File name without its ending. */
  readonly name: string;
  readonly title: string;
  /** What else the picture says below its title: the sentence that describes the chart, if it is short. */
  readonly under?: string;
  readonly legend: readonly LegendEntry[];
  /** Where the data are from, for the picture's last line: a run, a release. */
  readonly source: string;
  /** Asked only when a file is wanted. */
  readonly csv: () => string;
  /** When the data are of: the last time they were heard of. Without it, now. */
  readonly at?: number;
  /** Holds the chart; null where the table is shown, which has no picture. */
  readonly chart: RefObject<HTMLElement | null> | null;
}

export function ChartFiles({ name, title, under, legend, source, csv, at, chart }: ChartFilesProps) {
  const words = useWords(WORDS);
  const announce = useAnnounce();
  const [failed, setFailed] = useState(false);
  const asPicture = async (root: HTMLElement): Promise<void> => {
    const picture: Picture = {
      title,
      ...(under !== undefined && { under }),
      legend,
      foot: words.foot(source, exactText(at ?? Date.now())),
    };
    try {
      const { chartPicture } = await import("./chart-picture.ts");
      save(`${name}.png`, await chartPicture(root, picture));
      setFailed(false);
    } catch {
      setFailed(true);
      announce(words.failed);
    }
  };
  return (
    <>
      {failed && <span className="text-12 text-bad">{words.failed}</span>}
      <Button
        size="small"
        aria-label={words.csv(title)}
        title={words.csv(title)}
        onClick={() => save(`${name}.csv`, new Blob([csv()], { type: "text/csv" }))}
      >
        <Download size={14} aria-hidden />
        CSV
      </Button>
      {chart !== null && (
        <Button
          size="small"
          aria-label={words.png(title)}
          title={words.png(title)}
          onClick={() => chart.current !== null && void asPicture(chart.current)}
        >
          <ImageIcon size={14} aria-hidden />
          PNG
        </Button>
      )}
    </>
  );
}

function save(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
