/**
 * EDF (Kemp et al. 1992), EDF+ (Kemp and Olivan 2003) and BDF (BioSemi): data records that hold a stretch of every signal, in two or three bytes
 * for a point. Annotations of EDF+ and BDF+ are read; triggers in BioSemi's Status channel are not.
 */
import { BLOCK, type RecordingFiles } from "./bytes.ts";
import { parseTals, type Tal } from "./edf-annotations.ts";
import { checkedLead, damaged, MAX_LEADS, unreadable, unsupported, type Annotation, type Lead, type Recording } from "./recording.ts";

interface Signal {
  readonly name: string;
  readonly unit: string;
  readonly physical: readonly [number, number];
  readonly digital: readonly [number, number];
  /** Points in each data record, and where in it they begin, in points. */
  readonly points: number;
  readonly at: number;
}

interface Layout {
  /** Of a point. */
  readonly bytes: 2 | 3;
  readonly plus: boolean;
  readonly discontinuous: boolean;
  readonly header: number;
  readonly records: number;
  /** Of a data record. */
  readonly seconds: number;
  /** Points of all signals in a data record. */
  readonly points: number;
  readonly signals: readonly Signal[];
}

const FIXED = 256;
/** A data record of EDF has at most 61,440 bytes by its standard; BDF and files in use go beyond. */
const MAX_RECORD = 2 ** 26;
/** Annotations that are kept of one file. */
const MAX_TALS = 2 ** 20;

/** Throws `RecordingFault`. */
export async function openEdf({ main }: RecordingFiles): Promise<Recording> {
  const fixed = text(await main.read(0, FIXED));
  const bytes = fixed.slice(1, 8) === "BIOSEMI" ? 3 : 2;
  const count = whole(fixed.slice(252, 256));
  if (count < 1 || count > MAX_LEADS) throw unreadable("a number of signals that cannot be");
  const layout = layoutOf(fixed, text(await main.read(FIXED, FIXED * count)), count, bytes, main.size);
  if (main.size < layout.header + layout.records * layout.points * bytes) throw damaged("the file is shorter than its header says");
  const isTal = ({ name }: Signal): boolean => layout.plus && (name === "EDF Annotations" || name === "BDF Annotations");
  const tals = async (): Promise<readonly (readonly Tal[])[]> => talsOf(main, layout, layout.signals.filter(isTal));
  if (layout.discontinuous) mustFollow(await tals(), layout.seconds);
  return {
    leads: layout.signals.filter((signal) => !isTal(signal)).map((signal) => leadOf(main, layout, signal)),
    labels: new Map(),
    annotations: async () => annotationsOf(await tals()),
  };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function layoutOf(fixed: string, perSignal: string, count: number, bytes: 2 | 3, size: number): Layout {
  const kind = fixed.slice(192, 197);
  const header = whole(fixed.slice(184, 192));
  if (header !== FIXED * (count + 1)) throw unreadable("a header of another length than its signals need");
  // The eight texts of each signal stand as columns: all labels, then all transducers, ...
  const column = (from: number, width: number) =>
    Array.from({ length: count }, (_, index) => perSignal.slice(from * count + index * width, from * count + (index + 1) * width).trim());
  const [names, units] = [column(0, 16), column(96, 8)];
  const [low, high, least, most] = [column(104, 8), column(112, 8), column(120, 8), column(128, 8)];
  let at = 0;
  const signals = column(216, 8).map((text, index): Signal => {
    const points = whole(text);
    const physical = [decimal(low[index]), decimal(high[index])] as const;
    const digital = [whole(least[index]), whole(most[index])] as const;
    if (physical[0] === physical[1] || digital[0] >= digital[1] || points < 1) throw unreadable("a signal without a scale or points");
    const signal = { name: names[index] as string, unit: units[index] as string, physical, digital, points, at };
    at += points;
    return signal;
  });
  if (at * bytes > MAX_RECORD) throw unsupported("a data record of more than 64 MiB");
  const declared = whole(fixed.slice(236, 244));
  return {
    bytes,
    plus: /^[EB]DF\+/.test(kind),
    discontinuous: /^[EB]DF\+D/.test(kind),
    header,
    // -1 while it is being recorded, and after that was cut off.
    records: declared >= 0 ? declared : Math.floor(Math.max(0, size - header) / (at * bytes)),
    seconds: decimal(fixed.slice(244, 252)),
    points: at,
    signals,
  };
}

function whole(text = ""): number {
  const trimmed = text.trim();
  if (!/^[-+]?\d{1,8}$/.test(trimmed)) throw unreadable("a header field that is no whole number");
  return Number(trimmed);
}

function decimal(text = ""): number {
  const trimmed = text.trim();
  if (!/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(trimmed)) throw unreadable("a header field that is no number");
  return Number(trimmed);
}

function leadOf(main: RecordingFiles["main"], layout: Layout, signal: Signal): Lead {
  const { name, unit, points, physical, digital } = signal;
  const lead = checkedLead({ name, unit, rate: points / layout.seconds, length: layout.records * points });
  const values = async (): Promise<Float64Array> => {
    const values = new Float64Array(lead.length);
    // In this order of operations, so that numbers are those of EDFlib to the last bit.
    const scale = (physical[1] - physical[0]) / (digital[1] - digital[0]);
    const offset = physical[1] / scale - digital[1];
    let to = 0;
    await eachRecord(main, layout, (view, from) => {
      for (let at = 0; at < points; at++)
        values[to++] = scale * (offset + pointAt(view, from + (signal.at + at) * layout.bytes, layout.bytes));
    });
    return values;
  };
  return { ...lead, values };
}

const pointAt = (view: DataView, at: number, bytes: 2 | 3): number =>
  bytes === 2 ? view.getInt16(at, true) : (view.getInt8(at + 2) << 16) | view.getUint16(at, true);

/** By blocks of whole data records. */
async function eachRecord(main: RecordingFiles["main"], layout: Layout, visit: (view: DataView, from: number) => void): Promise<void> {
  const size = layout.points * layout.bytes;
  const together = Math.max(1, Math.floor(BLOCK / size));
  for (let record = 0; record < layout.records; record += together) {
    const here = Math.min(together, layout.records - record);
    const block = await main.read(layout.header + record * size, here * size);
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    for (let index = 0; index < here; index++) visit(view, index * size);
  }
}

/** Of each data record. The first of a record says when it begins and has no text. */
async function talsOf(main: RecordingFiles["main"], layout: Layout, signals: readonly Signal[]): Promise<readonly (readonly Tal[])[]> {
  const records: (readonly Tal[])[] = [];
  let total = 0;
  await eachRecord(main, layout, (view, from) => {
    const found = signals.flatMap(({ at, points }) =>
      parseTals(new Uint8Array(view.buffer, view.byteOffset + from + at * layout.bytes, points * layout.bytes)),
    );
    total += found.length;
    if (total > MAX_TALS) throw unsupported("more than a million annotations");
    records.push(found);
  });
  return records;
}

/** A file that says it is discontinuous is read only where it has no pause: points after one would stand at a wrong time. */
function mustFollow(records: readonly (readonly Tal[])[], seconds: number): void {
  const starts = records.map(([first]) => first?.onset);
  const begin = starts[0];
  if (
    starts.some((start, index) => start === undefined || begin === undefined || Math.abs(start - begin - index * seconds) > 1e-3 * seconds)
  )
    throw unsupported("a discontinuous recording with pauses");
}

/** Times count from the first data record, which may begin a fraction of a second after the header's start. */
function annotationsOf(records: readonly (readonly Tal[])[]): readonly Annotation[] {
  const start = records[0]?.[0]?.onset ?? 0;
  return records
    .flat()
    .flatMap(({ onset, texts }) => texts.filter((text) => text !== "").map((code) => ({ seconds: onset - start, code })))
    .toSorted((a, b) => a.seconds - b.seconds);
}
