/** From a recording to samples as a plan's field wants them: its leads, unit, band and rate. */
import type { SignalField } from "@engraft/core/models/fields";
import { filtered, padOf, sectionsOf } from "./filter.ts";
import { RecordingFault, unsupported, type Lead, type Recording } from "./recording.ts";
import { ratioOf, resampled, type Ratio } from "./resample.ts";
import { unitFactor } from "./units.ts";

/** A whole recording at the plan's rate. */
export interface Prepared {
  /** In the field's order and unit; NaN where the recording has no value. Undefined for a lead that the plan fills with zeros. */
  readonly leads: readonly (Float32Array | undefined)[];
  /** Of the field's leads, those that are filled. */
  readonly empty: readonly string[];
  readonly resampled: boolean;
}

/** One lead is decoded at a time. Throws `RecordingFault`. */
export async function prepare(recording: Recording, field: SignalField): Promise<Prepared> {
  const found = field.leads.map((name) => leadOf(recording.leads, [name, ...(field.aliases?.[name] ?? [])]));
  const empty = field.leads.filter((_, index) => found[index] === undefined);
  if (empty.length > 0 && (field.missingLead !== "zeros" || empty.length === field.leads.length))
    throw new RecordingFault("missing-lead", "a lead is missing");
  const leads: (Float32Array | undefined)[] = [];
  for (const lead of found) leads.push(lead === undefined ? undefined : await preparedLead(lead, field));
  return { leads, empty, resampled: found.some((lead) => lead !== undefined && lead.rate !== field.rate) };
}

/** By its own name first, then by each alias in turn. */
function leadOf(leads: readonly Lead[], names: readonly string[]): Lead | undefined {
  for (const name of names) {
    const [found, other] = leads.filter((lead) => lead.name.toLowerCase() === name.trim().toLowerCase());
    if (other !== undefined) throw unsupported("a lead stands twice in the recording");
    if (found !== undefined) return found;
  }
  return undefined;
}

async function preparedLead(lead: Lead, field: SignalField): Promise<Float32Array> {
  const factor = unitFactor(lead.unit, field.unit);
  if (factor === undefined) throw new RecordingFault("other-unit", "a lead's unit cannot be converted");
  const ratio = ratioOf(lead.rate, field.rate);
  const sections = field.band === undefined ? [] : sectionsOf(field.band, lead.rate);
  const values = await lead.values();
  const gaps = bridged(values);
  const kept = field.band === undefined ? values : filtered(values, sections, padOf(field.band, lead.rate, values.length));
  const points = resampled(kept, ratio);
  const result = new Float32Array(points.length);
  for (let at = 0; at < points.length; at++) result[at] = (points[at] as number) * factor;
  if (gaps !== undefined) reopen(result, gaps, ratio);
  return result;
}

/** In place: gaps become straight lines, as a filter would carry one missing value everywhere. Where they were; undefined where there is none. */
function bridged(values: Float64Array): Uint8Array | undefined {
  const first = values.findIndex((value) => !Number.isNaN(value));
  if (first < 0) return values.length === 0 ? undefined : (values.fill(0), new Uint8Array(values.length).fill(1));
  const gaps = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) if (Number.isNaN(values[at])) gaps[at] = 1;
  if (!gaps.includes(1)) return undefined;
  values.fill(values[first] as number, 0, first);
  let last = first;
  for (let at = first + 1; at <= values.length; at++) {
    if (at < values.length && gaps[at] === 1) continue;
    const [left, right] = [values[last] as number, at < values.length ? (values[at] as number) : (values[last] as number)];
    for (let k = last + 1; k < at; k++) values[k] = left + ((right - left) * (k - last)) / (at - last);
    last = at;
  }
  return gaps;
}

/** A point is missing where one of those around it was. */
function reopen(values: Float32Array, gaps: Uint8Array, { up, down }: Ratio): void {
  for (let at = 0; at < values.length; at++) {
    const place = (at * down) / up;
    if (gaps[Math.floor(place)] === 1 || gaps[Math.ceil(place)] === 1) values[at] = Number.NaN;
  }
}

/** leads x points, from `start` in points; zeros in an empty lead. Throws `short-recording` or `gap-in-recording`. */
export function windowOf({ leads }: Prepared, start: number, length: number): Float32Array {
  const sample = new Float32Array(leads.length * length);
  leads.forEach((values, lead) => {
    if (values === undefined) return;
    if (start < 0 || start + length > values.length) throw new RecordingFault("short-recording", "the sample goes beyond the recording");
    for (let at = 0; at < length; at++) {
      const value = values[start + at] as number;
      if (Number.isNaN(value)) throw new RecordingFault("gap-in-recording", "points without a value");
      sample[lead * length + at] = value;
    }
  });
  return sample;
}
