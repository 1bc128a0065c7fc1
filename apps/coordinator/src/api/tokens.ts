import * as z from "zod";
import { NewToken, type MadeToken } from "../auth/tokens.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { TokenView } from "./views.ts";

export const tokens = router({
  list: procedure.query(({ ctx }): Promise<readonly TokenView[]> => ctx.app.tokens.list(callerOf(ctx))),
  /** The secret is in this answer and nowhere else. */
  create: procedure.input(NewToken).mutation(({ ctx, input }): Promise<MadeToken> => ctx.app.tokens.create(input, callerOf(ctx))),
  revoke: procedure.input(z.strictObject({ id: z.string().max(40) })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.tokens.revoke(input.id, callerOf(ctx));
    return { ok: true };
  }),
});
