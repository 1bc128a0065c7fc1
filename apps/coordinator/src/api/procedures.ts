/**
 * Who may call what, in one table; a procedure that is not in it can be called by nobody. Errors leave here with the code
 * of core's table, so that the dashboard and the command line tell them apart by `data.engraft`.
 */
import { initTRPC, TRPCError } from "@trpc/server";
import { CODES, EngraftError, type Code } from "@engraft/core/base/errors";
import * as z from "zod";
import type { Caller, Context } from "./context.ts";
import { scopeMissing } from "./scopes.ts";

type Need = "anybody" | "researcher" | "admin";

/** `researcher` includes admins. */
export const NEEDS: Readonly<Record<string, Need>> = {
  "setup.state": "anybody",
  "setup.createAdmin": "anybody",
  me: "researcher",
  home: "researcher",
  "sites.list": "researcher",
  "sites.invites": "admin",
  "sites.invite": "admin",
  "sites.revokeInvite": "admin",
  "bases.list": "researcher",
  "bases.register": "admin",
  "plans.list": "researcher",
  "plans.get": "researcher",
  "plans.propose": "admin",
  "plans.withdraw": "admin",
  "runs.list": "researcher",
  "runs.get": "researcher",
  "runs.record": "researcher",
  "runs.start": "admin",
  "runs.stop": "admin",
  "runs.moveDeadline": "admin",
  "runs.closeNow": "admin",
  "runs.leaveOut": "admin",
  "runs.letIn": "admin",
  "runs.pause": "admin",
  "runs.resume": "admin",
  "releases.list": "researcher",
  "releases.make": "admin",
  "releases.withdraw": "admin",
  "users.list": "admin",
  "users.create": "admin",
  "tokens.list": "researcher",
  "tokens.create": "researcher",
  "tokens.revoke": "researcher",
  "audit.list": "admin",
  "blobs.usage": "admin",
  "blobs.collect": "admin",
  live: "researcher",
  "doctor.inside": "admin",
};

const UNNAMED_FAULT = "Something failed in the coordinator. Its log says what.";

const codeOf = ({ cause }: TRPCError): Code | null =>
  cause instanceof EngraftError ? cause.code : cause instanceof z.ZodError ? "bad-input" : null;

function messageOf(error: TRPCError, text: string): string {
  if (error.cause instanceof z.ZodError)
    return error.cause.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`).join("; ");
  // An error without a code of ours may quote anything: it goes to the log, not to the browser.
  return codeOf(error) === null && error.code === "INTERNAL_SERVER_ERROR" ? UNNAMED_FAULT : text;
}

const t = initTRPC.context<Context>().create({
  isDev: false,
  errorFormatter({ shape, error }) {
    return { ...shape, message: messageOf(error, shape.message), data: { ...shape.data, engraft: codeOf(error) } };
  },
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
});

export const coded = (code: Code, text: string): TRPCError =>
  new TRPCError({ code: CODES[code].trpc, message: text, cause: new EngraftError(code, text) });

const withCodes = t.middleware(async ({ next }) => {
  const result = await next();
  if (!result.ok && result.error.cause instanceof EngraftError) throw coded(result.error.cause.code, result.error.cause.message);
  return result;
});

const allowed = t.middleware(({ path, ctx, next }) => {
  const need = Object.hasOwn(NEEDS, path) ? NEEDS[path] : undefined;
  if (need === undefined) throw coded("not-allowed", "Nobody may do this.");
  if (need === "anybody") return next();
  if (ctx.caller === null) throw coded("not-signed-in", "Sign in first.");
  if (need === "admin" && ctx.caller.role !== "admin") throw coded("not-allowed", "Only an admin may do this.");
  const missing = ctx.caller.scopes === undefined ? undefined : scopeMissing(ctx.caller.scopes, "procedures", path);
  if (missing !== undefined) throw coded("not-allowed", missing);
  return next();
});

export const router = t.router;
export const procedure = t.procedure.use(withCodes).use(allowed);

/** The caller of a procedure whose need is not `anybody`. */
export function callerOf(ctx: Context): Caller {
  if (ctx.caller === null) throw coded("not-signed-in", "Sign in first.");
  return ctx.caller;
}
