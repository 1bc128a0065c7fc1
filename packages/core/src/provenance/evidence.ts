/**
 * The sites' own signed statements behind a release, one a line: approvals, and for each sum who advertised and who masked (in
 * plain: whose update it was). The coordinator cannot make any of them.
 */
import * as z from "zod";
import { SiteName } from "../base/ids.ts";
import { Envelope } from "../crypto/envelope.ts";
import { SignedText } from "../secagg/signed-text.ts";

const Round = z.int().min(1);

export const Evidence = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("approval"), site: SiteName, envelope: Envelope }),
  /** A site's key gave way to another one. */
  z.strictObject({ kind: z.literal("rotation"), site: SiteName, byOld: Envelope, byNew: Envelope }),
  z.strictObject({ kind: z.literal("update"), round: Round, site: SiteName, envelope: Envelope }),
  z.strictObject({ kind: z.literal("evaluation"), site: SiteName, envelope: Envelope }),
  z.strictObject({ kind: z.literal("advert"), round: Round, signed: SignedText }),
  z.strictObject({ kind: z.literal("masked"), round: Round, signed: SignedText }),
]);
export type Evidence = z.infer<typeof Evidence>;
export type EvidenceOf<K extends Evidence["kind"]> = Extract<Evidence, { kind: K }>;

export const evidenceText = (all: readonly Evidence[]): string => all.map((one) => `${JSON.stringify(one)}\n`).join("");

/** By line, from 1; `undefined` for a line that is no statement. */
export function readEvidence(text: string): readonly (Evidence | undefined)[] {
  const lines = text.split("\n");
  const last = lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  return last.map((line) => {
    try {
      return Evidence.parse(JSON.parse(line));
    } catch {
      return undefined;
    }
  });
}
