/** Recordings as numbers: a CSV file with a column for each lead and a row for each point in time. */
import { EngraftError } from "@engraft/core/base/errors";
import type { SignalField } from "@engraft/core/models/fields";
import type { InputRule } from "@engraft/core/models/manifest";
import { parse } from "csv-parse/sync";

export type SignalRule = Extract<InputRule, { readonly kind: "signal" }>;

/** Points in time of one sample. */
export const signalLength = ({ rate, seconds }: Pick<SignalField, "rate" | "seconds">): number => Math.round(rate * seconds);

/** leads x points, in the field's unit and order; undefined where a lead is missing, a value is no number or the recording is too short. */
export function readSignal(bytes: Uint8Array, field: SignalField): Float32Array | undefined {
  const length = signalLength(field);
  const rows = rowsOf(bytes, length);
  const names = rows?.[0]?.map((name) => name.trim().toLowerCase()) ?? [];
  const columns = field.leads.map((lead) => names.indexOf(lead.toLowerCase()));
  if (rows === undefined || columns.includes(-1) || rows.length < length + 1) return undefined;
  const values = new Float32Array(field.leads.length * length);
  for (const [lead, column] of columns.entries()) {
    for (let at = 0; at < length; at++) {
      const text = rows[at + 1]?.[column] ?? "";
      const value = text.trim() === "" ? Number.NaN : Number(text);
      if (!Number.isFinite(value)) return undefined;
      values[lead * length + at] = value;
    }
  }
  return values;
}

function rowsOf(bytes: Uint8Array, length: number): readonly (readonly string[])[] | undefined {
  try {
    return parse(bytes, { to: length + 1, relax_column_count: true, skip_empty_lines: true, bom: true, max_record_size: 65_536 });
  } catch {
    return undefined;
  }
}

/** One sample, leads x points, normalised. Throws `data-invalid`. */
export function signalSample(bytes: Uint8Array, rule: SignalRule, field: SignalField): Float32Array {
  const values = readSignal(bytes, field);
  if (values === undefined)
    throw new EngraftError(
      "data-invalid",
      "A recording cannot be read. Run `engraft-site data check`, which says in which line it is named.",
    );
  const leads = field.leads.length;
  const length = values.length / leads;
  const sample = new Float32Array(values.length);
  for (let lead = 0; lead < leads; lead++) {
    for (let at = 0; at < length; at++) {
      const value = ((values[lead * length + at] as number) - (rule.mean[lead] as number)) / (rule.sd[lead] as number);
      sample[lead * length + at] = value;
    }
  }
  return sample;
}
