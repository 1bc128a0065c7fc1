/** Header files of WFDB (WFDB Applications Guide, header(5)): what stands where in the signal files of a record. */
import { MAX_LEADS, unreadable, unsupported } from "./recording.ts";

export interface SignalLine {
  readonly file: string;
  /** 8, 16, 24, 32, 61, 80, 160, 212, 310 or 311. */
  readonly format: number;
  /** Points in each frame. */
  readonly perFrame: number;
  /** Frames by which the signal comes late in its file. */
  readonly skew: number;
  /** Bytes in front of the first point. */
  readonly offset: number;
  /** Units of the converter for one physical unit. */
  readonly gain: number;
  /** Value of the converter that means zero. */
  readonly baseline: number;
  readonly unit: string;
  /** First value, of format 8. */
  readonly initial: number;
  /** Sum of all points, modulo 2^16. */
  readonly checksum: number | undefined;
  readonly name: string;
}

export interface Header {
  /** Undefined for a record of one segment. */
  readonly segments: readonly { readonly name: string; readonly frames: number }[] | undefined;
  /** Frames per second. */
  readonly rate: number;
  /** Undefined where the header leaves it to the size of the files. */
  readonly frames: number | undefined;
  readonly signals: readonly SignalLine[];
  readonly comments: readonly string[];
}

/** Used where a header says nothing: of header(5). */
const DEFAULT_RATE = 250;
const DEFAULT_GAIN = 200;

const MAX_PER_FRAME = 65_536;

/** Throws `RecordingFault`. */
export function parseHeader(text: string): Header {
  const lines = text.split(/\r\n|\r|\n/).map((line) => line.trim());
  const comments = lines.filter((line) => line.startsWith("#")).map((line) => line.slice(1).trim());
  const [first, ...others] = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (first === undefined) throw unreadable("a header without a record line");
  const [record = "", signalsText = "", rateText = String(DEFAULT_RATE), framesText] = first.split(/\s+/);
  const segmentCount = /^[^/]+\/(\d+)$/.exec(record)?.[1];
  const count = whole(signalsText, "number of signals");
  if (count > MAX_LEADS) throw unsupported("more than 1,024 signals");
  // 360/360(0): the counter's rate and base come after the frames' own.
  const rate = decimal(rateText.split("/")[0] ?? "", "rate") || DEFAULT_RATE;
  const frames = framesText === undefined ? 0 : whole(framesText, "number of frames");
  const common = { rate, frames: frames === 0 ? undefined : frames, comments };
  if (segmentCount !== undefined) return { ...common, segments: parseSegments(others, Number(segmentCount)), signals: [] };
  if (others.length < count) throw unreadable("a header with fewer signals than it says");
  return { ...common, segments: undefined, signals: others.slice(0, count).map(parseSignal) };
}

const MAX_SEGMENTS = 65_536;

function parseSegments(lines: readonly string[], count: number): { readonly name: string; readonly frames: number }[] {
  if (count < 1 || count > MAX_SEGMENTS || lines.length < count) throw unreadable("a header with fewer segments than it says");
  return lines.slice(0, count).map((line) => {
    const [name = "", text = ""] = line.split(/\s+/);
    const frames = whole(text, "length of a segment");
    if (frames < 0) throw unreadable("a segment that is shorter than nothing");
    return { name, frames };
  });
}

const FORMAT = /^(\d+)(?:x(\d+))?(?::(\d+))?(?:\+(\d+))?$/;
const GAIN = /^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?:\((-?\d+)\))?(?:\/(\S+))?$/;

function parseSignal(line: string): SignalLine {
  const [file = "", formatText = "", gainText = "0", , zeroText = "0", initialText, checksumText] = line.split(/\s+/);
  const [, format, perFrame = "1", skew = "0", offset = "0"] = FORMAT.exec(formatText) ?? [];
  const [, gain, baseline, unit = "mV"] = GAIN.exec(gainText) ?? [];
  if (format === undefined || gain === undefined) throw unreadable("a signal line that is none");
  const zero = whole(zeroText, "zero of the converter");
  const each = Number(perFrame) || 1;
  if (each > MAX_PER_FRAME) throw unsupported("more than 65,536 points in a frame");
  return {
    file,
    format: Number(format),
    perFrame: each,
    skew: Number(skew),
    offset: Number(offset),
    gain: Number(gain) === 0 ? DEFAULT_GAIN : Number(gain),
    baseline: baseline === undefined ? zero : Number(baseline),
    unit,
    initial: initialText === undefined ? zero : whole(initialText, "initial value"),
    checksum: checksumText === undefined ? undefined : whole(checksumText, "checksum"),
    name: /^(?:\S+\s+){8}(.*)$/.exec(line)?.[1]?.trim() ?? "",
  };
}

function whole(text: string, what: string): number {
  if (!/^[-+]?\d{1,15}$/.test(text)) throw unreadable(`a ${what} that is no whole number`);
  return Number(text);
}

function decimal(text: string, what: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) throw unreadable(`a ${what} that is no number`);
  return value;
}

/** `# Age: 78` becomes Age -> 78; other comments are left out. */
export function labelsOf(comments: readonly string[]): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (const comment of comments) {
    const [, key, value] = /^<?([A-Za-z][A-Za-z _-]{0,63})>?:\s*(.*)$/.exec(comment) ?? [];
    if (key !== undefined && value !== undefined && !labels.has(key)) labels.set(key, value.trim());
  }
  return labels;
}
