/** The first admin, by the one-time link. */
import * as z from "zod";
import { Email, Name, Password } from "./account-input.ts";
import { procedure, router } from "./procedures.ts";

export const setup = router({
  state: procedure.query(({ ctx }) => ({ needed: ctx.app.accounts.setupNeeded })),
  createAdmin: procedure
    .input(z.strictObject({ token: z.string().max(200), name: Name, email: Email, password: Password }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      const { token, ...account } = input;
      await ctx.app.accounts.createFirstAdmin(token, account);
      return { ok: true };
    }),
});
