/** A binary statement as text: on the wire, in the log, in a record. Its kind follows from where it stands. */
import { fromBase64url, toBase64url } from "../base/bytes.ts";
import type { SignedText } from "../protocol/messages.ts";
import type { Statement, StatementKind } from "./statement.ts";

export const statementText = ({ site, body, signature }: Statement): SignedText => ({ site, body: toBase64url(body), signature });

/** A body that is not base64url becomes empty, which no signature fits. */
export const statementOf = <K extends StatementKind>(kind: K, { site, body, signature }: SignedText): Statement<K> => ({
  kind,
  site,
  body: fromBase64url(body) ?? new Uint8Array(),
  signature,
});

export const sameText = (a: SignedText, b: SignedText): boolean => a.site === b.site && a.body === b.body;
