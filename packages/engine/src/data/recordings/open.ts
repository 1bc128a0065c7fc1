/** Which reader a file gets: by what it begins with where its format has a mark, else by its ending. Nothing is tried one after the other. */
import type { RecordingFiles } from "./bytes.ts";
import { openCsv, type CsvDeclaration } from "./csv.ts";
import { openEdf } from "./edf.ts";
import { openWfdb } from "./wfdb.ts";
import { unsupported, type Recording } from "./recording.ts";

type Format = "wfdb" | "edf" | "dicom" | "aecg" | "csv";

const ENDINGS: Readonly<Record<string, Format>> = {
  hea: "wfdb",
  edf: "edf",
  bdf: "edf",
  rec: "edf",
  dcm: "dicom",
  dicom: "dicom",
  xml: "aecg",
  csv: "csv",
  txt: "csv",
};

const MARK_BYTES = 132;

/** By the mark of a format; undefined where there is none. */
function formatByMark(start: string): Format | undefined {
  if (start.slice(128, 132) === "DICM") return "dicom";
  if (/^0 {7}/.test(start) || start.startsWith("\xffBIOSEMI")) return "edf";
  if (/^(\xef\xbb\xbf)?\s*<(\?xml|[A-Za-z!])/.test(start)) return "aecg";
  return undefined;
}

/** Throws `unsupported-recording` where mark and ending disagree, or say nothing. */
export async function formatOf({ name, main }: Pick<RecordingFiles, "name" | "main">): Promise<Format> {
  const start = Buffer.from(await main.read(0, Math.min(MARK_BYTES, main.size))).toString("latin1");
  const ending = /\.([A-Za-z]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const [marked, named] = [formatByMark(start), Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined];
  // These three have no mark that another format's reader would miss.
  const marksItself = named === undefined || named === "edf" || named === "dicom" || named === "aecg";
  const format = marksItself ? marked : named;
  if (format === undefined || (marked !== undefined && named !== undefined && marked !== named))
    throw unsupported("a file whose ending and beginning are of no format that is read, or of two");
  return format;
}

/** Throws `RecordingFault`. */
export async function openRecording(files: RecordingFiles, csv: CsvDeclaration): Promise<Recording> {
  const format = await formatOf(files);
  if (format === "wfdb") return openWfdb(files);
  if (format === "edf") return openEdf(files);
  if (format === "csv") return openCsv(files, csv);
  // Loaded late: their parsers are needed at few sites.
  if (format === "dicom") return (await import("./dicom-waveform.ts")).openDicomWaveform(files);
  return (await import("./aecg.ts")).openAecg(files);
}
