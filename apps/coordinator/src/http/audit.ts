/** GET /audit/export?format=jsonl|syslog&since=TIME: the audit log as lines. Unless sign=no its end is signed first. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import * as z from "zod";
import type { App } from "../app.ts";
import { auditLines, auditSyslog } from "../audit/export.ts";
import { signHead } from "../audit/heads.ts";

const Wanted = z.object({
  format: z.enum(["jsonl", "syslog"]).default("jsonl"),
  since: z.coerce.number().int().min(0).max(8_640_000_000_000_000).optional(),
  sign: z.enum(["yes", "no"]).default("yes"),
});

/** Throws `bad-input`, and `audit-altered` where a log that was altered would be signed. */
export async function serveAudit(app: App, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const read = Wanted.safeParse(Object.fromEntries(query));
  if (!read.success)
    throw new EngraftError("bad-input", `${read.error.issues[0]?.path.join(".") ?? ""}: ${read.error.issues[0]?.message ?? ""}`);
  const { format, since, sign } = read.data;
  const { store, identity, publicUrl } = app;
  if (sign === "yes") await signHead(app);
  const lines = format === "jsonl" ? auditLines(store, identity.publicKey, since) : auditSyslog(store, new URL(publicUrl).hostname, since);
  response.setHeader("content-type", format === "jsonl" ? "application/jsonl; charset=utf-8" : "text/plain; charset=utf-8");
  response.setHeader("cache-control", "no-store");
  await pipeline(Readable.from(lines), response);
}
