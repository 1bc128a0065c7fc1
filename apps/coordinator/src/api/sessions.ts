/** One's own sessions and password. */
import * as z from "zod";
import { Password } from "./account-input.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { SessionView } from "./views.ts";

export const sessions = router({
  list: procedure.query(({ ctx }): Promise<readonly SessionView[]> => ctx.app.accounts.sessions.list(callerOf(ctx))),
  /** This one too. */
  endAll: procedure.mutation(async ({ ctx }): Promise<{ ok: true }> => {
    const caller = callerOf(ctx);
    await ctx.app.accounts.sessions.endAll(caller.id, caller.actor);
    return { ok: true };
  }),
  changePassword: procedure
    .input(z.strictObject({ current: z.string().max(128), next: Password }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      await ctx.app.accounts.changePassword(callerOf(ctx), input);
      return { ok: true };
    }),
});
