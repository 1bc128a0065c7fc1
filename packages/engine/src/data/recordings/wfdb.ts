/** Records of WFDB, the format of PhysioNet: a header, one or more signal files, annotation files; also of several segments. */
import { TextDecoder } from "node:util";
import { type RecordingFiles, wholeOf } from "./bytes.ts";
import { checkedLead, damaged, MAX_ANNOTATIONS, MAX_HEADER, unreadable, unsupported, type Lead, type Recording } from "./recording.ts";
import { parseAnnotations } from "./wfdb-annotations.ts";
import { labelsOf, parseHeader, type Header, type SignalLine } from "./wfdb-header.ts";
import { decode, pointsIn, type Track } from "./wfdb-samples.ts";

/** Points of one frame in a file. */
const MAX_FRAME = 2 ** 20;

/** `files.main` is the header. Throws `RecordingFault`. */
export async function openWfdb(files: RecordingFiles): Promise<Recording> {
  const header = parseHeader(decoded(await wholeOf(files.main, MAX_HEADER)));
  const record = files.name.replace(/\.hea$/i, "");
  const leads = header.segments === undefined ? await leadsOf(files, header) : await joined(files, header);
  return {
    leads,
    labels: labelsOf(header.comments),
    annotations: async (annotator) => {
      const source = await files.open(`${record}.${annotator}`);
      return parseAnnotations(await wholeOf(source, MAX_ANNOTATIONS), header.rate);
    },
  };
}

const decoded = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

/** The leads of one segment. */
async function leadsOf(files: Pick<RecordingFiles, "open">, header: Header): Promise<readonly Lead[]> {
  const leads: Lead[] = [];
  for (const group of groupsOf(header.signals)) leads.push(...(await leadsOfFile(files, header, group)));
  return leads.map((lead, index) => (lead.name === "" ? { ...lead, name: `signal ${index + 1}` } : lead));
}

/** Signals of one file stand together in a header. */
function groupsOf(signals: readonly SignalLine[]): readonly (readonly SignalLine[])[] {
  const groups: SignalLine[][] = [];
  for (const signal of signals) {
    const last = groups.at(-1);
    if (last?.[0]?.file === signal.file && signal.file !== "~") last.push(signal);
    else groups.push([signal]);
  }
  return groups;
}

async function leadsOfFile(files: Pick<RecordingFiles, "open">, header: Header, group: readonly SignalLine[]): Promise<readonly Lead[]> {
  const [{ file, format, offset } = { file: "~", format: 0, offset: 0 }] = group;
  if (group.some((signal) => signal.format !== format || signal.offset !== offset))
    throw unreadable("signals of one file in several formats");
  if (file === "~") return group.map((signal) => withoutFile(header, signal));
  const frame = group.reduce((sum, { perFrame }) => sum + perFrame, 0);
  if (frame > MAX_FRAME) throw unsupported("more than a million points in a frame");
  const source = await files.open(file);
  const frames = header.frames ?? Math.floor(pointsIn(source.size, format, offset) / frame);
  let at = 0;
  return group.map((signal) => {
    const { perFrame, initial } = signal;
    const track: Track = { source, format, offset, frame, at, perFrame, frames, initial };
    at += perFrame;
    return leadOf(header, signal, track);
  });
}

const withoutFile = (header: Header, { name, unit, perFrame }: SignalLine): Lead => {
  const lead = checkedLead({ name, unit, rate: header.rate * perFrame, length: (header.frames ?? 0) * perFrame });
  return { ...lead, values: async () => new Float64Array(lead.length).fill(Number.NaN) };
};

function leadOf({ rate }: Header, signal: SignalLine, track: Track): Lead {
  const { name, unit, perFrame, gain, baseline, checksum, skew } = signal;
  const lead = checkedLead({ name, unit, rate: rate * perFrame, length: track.frames * perFrame });
  const values = async (): Promise<Float64Array> => {
    const decoded = await decode(track);
    if (checksum !== undefined && (checksum & 0xffff) !== decoded.checksum) throw damaged("a signal's checksum is wrong");
    return physical(decoded.values, skew * perFrame, gain, baseline);
  };
  return { ...lead, values };
}

/** In place. A skewed signal is moved to where it belongs; what is then missing at its end is invalid. */
function physical(values: Float64Array, late: number, gain: number, baseline: number): Float64Array {
  if (late > 0) {
    values.copyWithin(0, Math.min(late, values.length));
    values.fill(Number.NaN, Math.max(0, values.length - late));
  }
  for (let at = 0; at < values.length; at++) values[at] = ((values[at] as number) - baseline) / gain;
  return values;
}

/** A record of several segments: each lead goes through all of them, and is invalid where a segment lacks it. */
async function joined(files: RecordingFiles, { segments = [], rate }: Header): Promise<readonly Lead[]> {
  const parts: { readonly frames: number; readonly leads: readonly Lead[] }[] = [];
  let layout: readonly Lead[] | undefined;
  for (const [index, { name, frames }] of segments.entries()) {
    // A null segment is a pause.
    const segment = name === "~" ? undefined : await segmentOf(files, name);
    if (segment !== undefined && segment.rate !== rate) throw unreadable("segments of different rates");
    // Of no frames and in front: the layout of a record whose segments have different signals.
    if (index === 0 && frames === 0 && segment !== undefined) layout = segment.leads;
    else parts.push({ frames, leads: segment?.leads ?? [] });
  }
  layout ??= parts.find(({ leads }) => leads.length > 0)?.leads ?? [];
  const total = parts.reduce((sum, { frames }) => sum + frames, 0);
  return layout.map(({ name, unit, rate: own }) => {
    const perFrame = Math.round(own / rate);
    const lead = checkedLead({ name, unit, rate: own, length: total * perFrame });
    return { ...lead, values: () => joinedValues(lead, perFrame, parts) };
  });
}

async function segmentOf(files: RecordingFiles, name: string): Promise<{ readonly rate: number; readonly leads: readonly Lead[] }> {
  const header = parseHeader(decoded(await wholeOf(await files.open(`${name}.hea`), MAX_HEADER)));
  if (header.segments !== undefined) throw unreadable("a segment of segments");
  return { rate: header.rate, leads: await leadsOf(files, header) };
}

async function joinedValues(
  { name, unit, rate, length }: Omit<Lead, "values">,
  perFrame: number,
  parts: readonly { readonly frames: number; readonly leads: readonly Lead[] }[],
): Promise<Float64Array> {
  const values = new Float64Array(length).fill(Number.NaN);
  let from = 0;
  for (const { frames, leads } of parts) {
    if (from + frames * perFrame > length) throw damaged("its segments are longer than its header says");
    const lead = leads.find((one) => one.name === name);
    if (lead !== undefined) {
      if (lead.unit !== unit || lead.rate !== rate) throw unreadable("a lead whose unit or rate changes between segments");
      if (lead.length < frames * perFrame) throw damaged("a segment is shorter than its header says");
      values.set((await lead.values()).subarray(0, frames * perFrame), from);
    }
    from += frames * perFrame;
  }
  return values;
}
