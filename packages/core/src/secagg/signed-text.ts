/** A binary statement as text: on the wire, in the log, in a record. Its kind follows from where it stands. */
import * as z from "zod";
import { fromBase64url, toBase64url } from "../base/bytes.ts";
import { SiteName } from "../base/ids.ts";
import type { Statement, StatementKind } from "./statement.ts";

/** Up to 65,535 bytes, base64url. */
export const Packed = z
  .string()
  .regex(/^[A-Za-z0-9_-]*$/)
  .max(87_380);

export const SignedText = z.strictObject({ site: SiteName, body: Packed, signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/) });
export type SignedText = z.infer<typeof SignedText>;

export const statementText = ({ site, body, signature }: Statement): SignedText => ({ site, body: toBase64url(body), signature });

/** A body that is not base64url becomes empty, which no signature fits. */
export const statementOf = <K extends StatementKind>(kind: K, { site, body, signature }: SignedText): Statement<K> => ({
  kind,
  site,
  body: fromBase64url(body) ?? new Uint8Array(),
  signature,
});

export const sameText = (a: SignedText, b: SignedText): boolean => a.site === b.site && a.body === b.body;
