/**
 * A backup is a folder: `backup.json` (below; written last, so that half a backup is none), `database.rows`, `blobs` as the
 * coordinator keeps them, and `secrets`. It is the same for both databases, so a trial on the embedded one moves to PostgreSQL
 * by backup and restore.
 *
 * `database.rows` has a line for each row: the table's name, a tab, the row as PostgreSQL's JSON. Numbers are never parsed on
 * the way, so nothing is rounded.
 */
import { Digest, Instant, PublicKey } from "@engraft/core/base/ids";
import * as z from "zod";

/**
 * Every table with what must outlive a disk, each after those that it refers to. Sessions are not: people sign in again. Tokens and
 * share links are not: one that was revoked after the backup would be good again. Nor are messages of alerts: they would be sent again.
 */
export const TABLES = [
  "federation",
  "user",
  "account",
  "second_factor",
  "mail_choice",
  "site",
  "site_key",
  "site_day",
  "invite",
  "base",
  "plan",
  "approval",
  "run",
  "event",
  "statement",
  "timing",
  "release",
  "download",
  "audit",
  "audit_head",
  "channel",
] as const;

export const Applied = z.strictObject({ name: z.string(), checksum: z.string() });

/** What the coordinator says before the first row. */
export const DumpHead = z.strictObject({
  format: z.literal("engraft.dump/1"),
  coordinator: PublicKey,
  version: z.string(),
  at: Instant,
  /** Migrations of the tables, oldest first. */
  migrations: z.array(Applied),
});
export type DumpHead = z.infer<typeof DumpHead>;

/** What it says after the last one. */
export const DumpEnd = z.strictObject({ rows: z.int().min(0) });

export const Backup = z.strictObject({
  format: z.literal("engraft.backup/1"),
  head: DumpHead,
  rows: z.int().min(0),
  /** Of `database.rows`. */
  sha256: Digest,
  blobs: z.int().min(0),
});
export type Backup = z.infer<typeof Backup>;

export const FILES = { backup: "backup.json", rows: "database.rows", blobs: "blobs", secrets: "secrets" } as const;

/** Without them no site would know the restored coordinator again. The operator's token is made anew. */
export const SECRETS = ["coordinator.key", "auth.secret"] as const;
