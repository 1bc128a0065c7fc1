/** Rows of the audit table as core knows entries. */
import type { NumberedEntry } from "@engraft/core/audit/file";
import type { Digest } from "@engraft/core/base/ids";
import type { Audit } from "../store/generated/client.ts";

export const numberedEntry = ({ seq, at, actor, action, subject, detail, hash }: Audit): NumberedEntry => ({
  seq: Number(seq),
  at: at.getTime(),
  actor,
  action,
  subject,
  detail: detail as NumberedEntry["detail"],
  hash: hash as Digest,
});
