import * as z from "zod";
import { Email, Name, Password } from "./account-input.ts";
import { Role } from "./access.ts";
import { callerOf, procedure, router } from "./procedures.ts";

const Id = z.string().min(1).max(64);
const OK = { ok: true } as const;

export const users = router({
  list: procedure.query(({ ctx }) => ctx.app.accounts.list()),
  create: procedure
    .input(z.strictObject({ email: Email, name: Name, password: Password, role: Role }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      await ctx.app.accounts.create(input, callerOf(ctx).actor);
      return OK;
    }),
  setRole: procedure.input(z.strictObject({ id: Id, role: Role })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.accounts.setRole(input.id, input.role, callerOf(ctx));
    return OK;
  }),
  disable: procedure.input(z.strictObject({ id: Id, disabled: z.boolean() })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.accounts.disable(input.id, input.disabled, callerOf(ctx));
    return OK;
  }),
  /** For somebody who has lost both app and recovery codes. */
  resetSecondFactor: procedure.input(z.strictObject({ id: Id })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.accounts.resetSecondFactor(input.id, callerOf(ctx).actor);
    return OK;
  }),
  signOut: procedure.input(z.strictObject({ id: Id })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await ctx.app.accounts.sessions.endAll(input.id, callerOf(ctx).actor);
    return OK;
  }),
});
