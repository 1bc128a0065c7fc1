import * as z from "zod";
import { Email, Name, Password } from "./account-input.ts";
import { callerOf, procedure, router } from "./procedures.ts";

export const users = router({
  list: procedure.query(({ ctx }) => ctx.app.accounts.list()),
  create: procedure
    .input(z.strictObject({ email: Email, name: Name, password: Password, role: z.enum(["admin", "researcher"]) }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      await ctx.app.accounts.create(input, callerOf(ctx).actor);
      return { ok: true };
    }),
});
