/**
 * What every procedure goes through: who may call it (access.ts), and that a viewer reads no e-mail address. Errors leave here with the code
 * of core's table, so that the dashboard and the command line tell them apart by `data.engraft`.
 */
import { initTRPC, TRPCError } from "@trpc/server";
import { CODES, EngraftError, type Code } from "@engraft/core/base/errors";
import * as z from "zod";
import type { Caller, Context } from "./context.ts";
import { refusal } from "./access.ts";
import { withoutPeople } from "./without-people.ts";

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

/** Answers of which a viewer's are hidden elsewhere (live.ts, item by item), or are about the viewer alone. */
const OWN: ReadonlySet<string> = new Set(["live", "me"]);

const allowed = t.middleware(async ({ path, ctx, next }) => {
  const refused = refusal(path, ctx.caller);
  if (refused !== undefined) throw coded(refused.code, refused.text);
  const result = await next();
  return result.ok && ctx.caller?.role === "viewer" && !OWN.has(path) ? { ...result, data: withoutPeople(result.data) } : result;
});

export const router = t.router;
export const procedure = t.procedure.use(withCodes).use(allowed);

/** The caller of a procedure whose need is not `anybody`. */
export function callerOf(ctx: Context): Caller {
  if (ctx.caller === null) throw coded("not-signed-in", "Sign in first.");
  return ctx.caller;
}
