/** DICOM waveforms (PS3.3, C.10.9): multiplex groups of channels. Only the tags that are named here are looked at. */
import dicomParser, { type DataSet } from "dicom-parser";
import { wholeOf, type RecordingFiles } from "./bytes.ts";
import { standardLead } from "./lead-codes.ts";
import { checkedLead, damaged, MAX_LEADS, unreadable, unsupported, type Lead, type Recording } from "./recording.ts";

const TAG = {
  waveforms: "x54000100",
  originality: "x003a0004",
  channelCount: "x003a0005",
  pointCount: "x003a0010",
  rate: "x003a001a",
  channels: "x003a0200",
  channelLabel: "x003a0203",
  channelSource: "x003a0208",
  sensitivity: "x003a0210",
  unit: "x003a0211",
  correction: "x003a0212",
  baseline: "x003a0213",
  sampleSkew: "x003a0215",
  code: "x00080100",
  meaning: "x00080104",
  bits: "x54001004",
  interpretation: "x54001006",
  padding: "x5400100a",
  data: "x54001010",
  transferSyntax: "x00020010",
  age: "x00101010",
  sex: "x00100040",
} as const;

const BIG_ENDIAN = "1.2.840.10008.1.2.2";
const DEFLATED = "1.2.840.10008.1.2.1.99";

/** Throws `RecordingFault`. */
export async function openDicomWaveform({ main }: RecordingFiles): Promise<Recording> {
  const bytes = await wholeOf(main);
  return guarded(() => {
    const dataSet = parsed(bytes);
    const groups = items(dataSet, TAG.waveforms).filter((group) => group.string(TAG.originality) !== "DERIVED");
    if (groups.length === 0) throw unsupported("a DICOM file without a recorded waveform");
    const little = dataSet.string(TAG.transferSyntax) !== BIG_ENDIAN;
    const labels = [
      ["Age", dataSet.string(TAG.age)],
      ["Sex", dataSet.string(TAG.sex)],
    ] as const;
    return {
      leads: groups.flatMap((group) => leadsOf(group, little)),
      labels: new Map(labels.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
      annotations: async () => [],
    };
  });
}

function parsed(bytes: Uint8Array): DataSet {
  const meta = dicomParser.parseDicom(bytes, { untilTag: "x00080000" });
  if (meta.string(TAG.transferSyntax) === DEFLATED) throw unsupported("a deflated DICOM file");
  return dicomParser.parseDicom(bytes);
}

/** dicom-parser throws texts and all kinds of errors; none of them may go on, as they can hold what stands in the file. */
function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Error && error.name === "RecordingFault" ? error : unreadable("no DICOM file that can be read");
  }
}

const items = (dataSet: DataSet, tag: string): readonly DataSet[] =>
  (dataSet.elements[tag]?.items ?? []).flatMap((item) => (item.dataSet === undefined ? [] : [item.dataSet]));

interface Encoding {
  readonly bytes: 1 | 2 | 4;
  readonly at: (view: DataView, from: number, little: boolean) => number;
}

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  SB: { bytes: 1, at: (view, from) => view.getInt8(from) },
  UB: { bytes: 1, at: (view, from) => view.getUint8(from) },
  SS: { bytes: 2, at: (view, from, little) => view.getInt16(from, little) },
  US: { bytes: 2, at: (view, from, little) => view.getUint16(from, little) },
  SL: { bytes: 4, at: (view, from, little) => view.getInt32(from, little) },
  UL: { bytes: 4, at: (view, from, little) => view.getUint32(from, little) },
};

interface Group {
  readonly view: DataView;
  readonly little: boolean;
  readonly encoding: Encoding;
  readonly channels: number;
  readonly length: number;
  readonly rate: number;
  /** Stands for a value that is not there. */
  readonly padding: number | undefined;
}

function leadsOf(dataSet: DataSet, little: boolean): readonly Lead[] {
  const interpretation = dataSet.string(TAG.interpretation) ?? "";
  const encoding = Object.hasOwn(ENCODINGS, interpretation) ? ENCODINGS[interpretation] : undefined;
  // The others are of sound: A-law and mu-law.
  if (encoding === undefined || dataSet.uint16(TAG.bits) !== 8 * encoding.bytes)
    throw unsupported("points in an encoding that is not read");
  const [channels = 0, length = 0] = [dataSet.uint16(TAG.channelCount), dataSet.uint32(TAG.pointCount)];
  const definitions = items(dataSet, TAG.channels);
  if (channels < 1 || channels > MAX_LEADS || definitions.length !== channels) throw unreadable("a group whose channels do not add up");
  const element = dataSet.elements[TAG.data];
  if (element === undefined || element.length < channels * length * encoding.bytes) throw damaged("a group with fewer points than it says");
  const bytes = dataSet.byteArray;
  const end = element.dataOffset + element.length;
  if (end > bytes.byteLength) throw damaged("the file ends too early");
  const view = new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset, element.length);
  const padding = paddingOf(dataSet, encoding, little);
  const group: Group = { view, little, encoding, channels, length, rate: dataSet.floatString(TAG.rate) ?? Number.NaN, padding };
  return definitions.map((definition, index) => leadOf(group, definition, index));
}

function paddingOf(dataSet: DataSet, { at, bytes }: Encoding, little: boolean): number | undefined {
  const element = dataSet.elements[TAG.padding];
  if (element === undefined || element.length < bytes) return undefined;
  const { byteArray } = dataSet;
  return at(new DataView(byteArray.buffer, byteArray.byteOffset + element.dataOffset, bytes), 0, little);
}

function leadOf({ view, little, encoding, channels, length, rate, padding }: Group, definition: DataSet, index: number): Lead {
  const [sensitivity, correction = 1, baseline = 0, skew = 0] = [TAG.sensitivity, TAG.correction, TAG.baseline, TAG.sampleSkew].map((tag) =>
    definition.floatString(tag),
  );
  const [unit] = items(definition, TAG.unit);
  const known = sensitivity !== undefined && unit !== undefined;
  if (![sensitivity ?? 1, correction, baseline, skew].every(Number.isFinite)) throw unreadable("a channel whose scale is no number");
  if (skew !== 0) throw unsupported("channels that were not sampled together");
  // Without a sensitivity the numbers have no unit: no plan's unit fits then.
  const lead = checkedLead({ name: nameOf(definition), unit: known ? (unit.string(TAG.code) ?? "") : "", rate, length });
  const values = async (): Promise<Float64Array> =>
    Float64Array.from({ length }, (_, at) => {
      const value = encoding.at(view, (at * channels + index) * encoding.bytes, little);
      return value === padding ? Number.NaN : value * (sensitivity ?? 1) * correction + baseline;
    });
  return { ...lead, values };
}

/** The standard's short name where the code is one of an ECG lead, else what the file calls it. */
function nameOf(definition: DataSet): string {
  const [source] = items(definition, TAG.channelSource);
  return standardLead(source?.string(TAG.code) ?? "") ?? definition.string(TAG.channelLabel) ?? source?.string(TAG.meaning) ?? "";
}
