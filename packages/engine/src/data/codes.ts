/**
 * The site's own file of codes: what its codes are among a plan's. A CSV file whose first line is `field,site,plan`, or JSON
 * `{"format": "engraft.codes/1", "version": 3, "fields": {"sex": {"M": "1"}}}`. The label stands under its own name in the plan.
 * Codes that the file does not name are taken as they are.
 */
import { readFile } from "node:fs/promises";
import { EngraftError } from "@engraft/core/base/errors";
import { parse } from "csv-parse/sync";
import * as z from "zod";
import { canonicalCode } from "./values.ts";

/** Plan field -> the site's code, in one spelling -> the plan's. */
export type Codes = ReadonlyMap<string, ReadonlyMap<string, string>>;

const MAX_BYTES = 4 * 1024 * 1024;

const CodesFile = z.strictObject({
  format: z.literal("engraft.codes/1"),
  version: z.union([z.int(), z.string().max(64)]).optional(),
  fields: z.record(z.string(), z.record(z.string(), z.string())),
});

/** Its exact bytes: their digest is approved. Throws `data-missing`. */
export async function codesBytes(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new EngraftError("data-missing", "The table's file of codes cannot be read. Put it back, or declare another with --codes.", {
      cause,
    });
  });
  if (bytes.byteLength > MAX_BYTES) throw new EngraftError("bad-input", "The table's file of codes is larger than 4 MiB.");
  return bytes;
}

/** Throws `data-missing` or `bad-input`, which names the line and no code. */
export async function readCodes(path: string | undefined): Promise<Codes> {
  if (path === undefined) return new Map();
  const text = textOf(await codesBytes(path));
  const codes = new Map<string, Map<string, string>>();
  for (const { field, site, plan, place } of text.trimStart().startsWith("{") ? fromJson(text) : fromCsv(text)) {
    const known = codes.get(field) ?? new Map<string, string>();
    codes.set(field, known);
    const code = canonicalCode(site);
    if (known.has(code)) throw wrong(`names one of the site's codes twice for a field (${place})`);
    known.set(code, plan);
  }
  return codes;
}

interface Entry {
  readonly field: string;
  readonly site: string;
  readonly plan: string;
  readonly place: string;
}

function fromJson(text: string): readonly Entry[] {
  const read = CodesFile.safeParse(parsed(text));
  if (!read.success) throw wrong('is not {"format": "engraft.codes/1", "fields": {field: {site\'s code: plan\'s code}}}');
  return Object.entries(read.data.fields).flatMap(([field, codes]) =>
    Object.entries(codes).map(([site, plan]) => ({ field, site, plan, place: `field ${field.slice(0, 64)}` })),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromCsv(text: string): readonly Entry[] {
  let rows: readonly string[][];
  try {
    rows = parse(text, { trim: true, skip_empty_lines: true, relax_column_count: true, bom: true });
  } catch {
    throw wrong("is no CSV file with commas");
  }
  const [header, ...entries] = rows;
  if (header?.join(",") !== "field,site,plan") throw wrong('must begin with the line "field,site,plan"');
  return entries.map(([field, site, plan, ...more], index) => {
    if (field === undefined || site === undefined || plan === undefined || plan === "" || more.length > 0)
      throw wrong(`needs a field, the site's code and the plan's code in each row (entry ${index + 1})`);
    return { field, site, plan, place: `entry ${index + 1}` };
  });
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw wrong("is not UTF-8");
  }
}

const wrong = (what: string): EngraftError => new EngraftError("bad-input", `The table's file of codes ${what}. Correct it.`);
