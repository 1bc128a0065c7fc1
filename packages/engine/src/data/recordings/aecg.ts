/** HL7 annotated ECG (ANSI/HL7 V3 ECG R1-2004): the sequences of a series, in XML. Document types are refused, so there are no entities. */
import sax from "sax";
import { wholeOf, type RecordingFiles } from "./bytes.ts";
import { standardLead } from "./lead-codes.ts";
import { checkedLead, MAX_LEADS, MAX_POINTS, unreadable, unsupported, type Lead, type Recording } from "./recording.ts";

/** One `sequence`: of a lead, or of the time. */
interface Sequence {
  code: string;
  digits: string[];
  origin: Quantity | undefined;
  scale: Quantity | undefined;
  increment: Quantity | undefined;
}

interface Quantity {
  readonly value: number;
  readonly unit: string;
}

const MAX_DEPTH = 100;

/** Throws `RecordingFault`. */
export async function openAecg({ main }: RecordingFiles): Promise<Recording> {
  const sets = sequenceSets(Buffer.from(await wholeOf(main)).toString("utf8"));
  return { leads: sets.flatMap(leadsOf), labels: new Map(), annotations: async () => [] };
}

/** Of recorded series alone: what was derived from them (a median beat) has the same leads. */
function sequenceSets(text: string): readonly (readonly Sequence[])[] {
  const sets: Sequence[][] = [];
  let sequence: Sequence | undefined;
  const path: string[] = [];
  const fail = (): never => {
    throw unreadable("no XML that can be read");
  };
  const parser = sax.parser(true, { position: false });
  parser.ondoctype = () => {
    throw unsupported("XML with a document type");
  };
  parser.onopentag = ({ name, attributes }) => {
    const tag = name.slice(name.indexOf(":") + 1);
    if (path.push(tag) > MAX_DEPTH) fail();
    if (path.length === 1 && tag !== "AnnotatedECG") throw unsupported("XML that is no annotated ECG");
    if (path.includes("derivedSeries")) return;
    if (tag === "sequenceSet") sets.push([]);
    if (tag === "sequence")
      sets.at(-1)?.push((sequence = { code: "", digits: [], origin: undefined, scale: undefined, increment: undefined }));
    if (sequence === undefined) return;
    if (tag === "code" && path.at(-2) === "sequence") sequence.code = textOf(attributes["code"]);
    if (tag === "origin" || tag === "scale" || tag === "increment") sequence[tag] = quantity(attributes);
  };
  const ontext = (text: string): void => {
    if (path.at(-1) === "digits") sequence?.digits.push(text);
  };
  // The parser is no target of events, whatever these two are called.
  Object.assign(parser, { onerror: fail, ontext });
  parser.onclosetag = () => {
    if (path.pop() === "sequence") sequence = undefined;
  };
  parser.write(text).close();
  return sets;
}

const textOf = (attribute: unknown): string => (typeof attribute === "string" ? attribute : "");

function quantity(attributes: Readonly<Record<string, unknown>>): Quantity {
  const value = Number(attributes["value"]);
  if (attributes["value"] === "" || !Number.isFinite(value)) throw unreadable("a quantity that is no number");
  return { value, unit: textOf(attributes["unit"]) };
}

/** In seconds, of UCUM's units of time that occur here. */
const SECONDS: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6 };

function leadsOf(set: readonly Sequence[]): readonly Lead[] {
  if (set.length > MAX_LEADS) throw unsupported("more than 1,024 sequences");
  const increment = set.find(({ code }) => code === "TIME_ABSOLUTE" || code === "TIME_RELATIVE")?.increment;
  const leads = set.filter(({ digits }) => digits.length > 0);
  if (leads.length === 0) return [];
  const seconds = increment === undefined ? Number.NaN : increment.value * (SECONDS[increment.unit] ?? Number.NaN);
  if (!(seconds > 0)) throw unreadable("a series that does not say its sampling rate");
  // 0.004 s is 250 Hz, whatever the quotient's last digits say.
  const rate = Number((1 / seconds).toPrecision(9));
  return leads.map(({ code, digits, scale, origin }) => {
    if (scale === undefined) throw unreadable("a lead without a scale");
    if (origin !== undefined && origin.value !== 0 && origin.unit !== scale.unit)
      throw unsupported("an origin in another unit than the scale");
    const values = numbersOf(digits.join(""), scale.value, origin?.value ?? 0);
    const name = standardLead(code) ?? code;
    return { ...checkedLead({ name, unit: scale.unit, rate, length: values.length }), values: async () => values.slice() };
  });
}

function numbersOf(text: string, scale: number, origin: number): Float64Array {
  const numbers = text.trim() === "" ? [] : text.trim().split(/\s+/, MAX_POINTS + 1);
  return Float64Array.from(numbers, (number) => {
    if (!/^[-+]?\d{1,10}(\.\d{1,10})?$/.test(number)) throw unreadable("digits that are no numbers");
    return Number(number) * scale + origin;
  });
}
