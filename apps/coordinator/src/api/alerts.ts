/** Who is told what, for admins; and everybody's own mail at the end of a run. */
import { LANGUAGES, type Language } from "@engraft/core/needs/language";
import * as z from "zod";
import { ChannelInput, channelView, removeChannel, saveChannel } from "../alerts/channels.ts";
import { languageOf } from "../alerts/kinds.ts";
import { alertsView } from "../alerts/view.ts";
import type { App } from "../app.ts";
import type { AlertsView } from "./alert-views.ts";
import { callerOf, procedure, router } from "./procedures.ts";

const optionsOf = ({ alerts, now }: App) => {
  const { store, box, webhook } = alerts.options;
  return { store, box, webhook, now };
};
const Id = z.strictObject({ id: z.string().max(40) });

export const alerts = router({
  get: procedure.query(({ ctx }): Promise<AlertsView> => alertsView(ctx.app.alerts.options, channelView)),
  /** A webhook's new secret is in this answer and nowhere else. */
  save: procedure.input(ChannelInput).mutation(({ ctx, input }) => saveChannel(optionsOf(ctx.app), input, callerOf(ctx).actor)),
  remove: procedure.input(Id).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await removeChannel(optionsOf(ctx.app), input.id, callerOf(ctx).actor);
    return { ok: true };
  }),
  /** `failed`: why, in words. */
  test: procedure
    .input(Id)
    .mutation(async ({ ctx, input }): Promise<{ failed: string | null }> => ({ failed: await ctx.app.alerts.test(input.id) })),
  mine: procedure.query(async ({ ctx }): Promise<{ endOfRun: boolean; language: Language; mailServer: boolean }> => {
    const { store, mail } = ctx.app.alerts.options;
    const choice = await store.prisma.mailChoice.findUnique({ where: { userId: callerOf(ctx).id } });
    return { endOfRun: choice?.endOfRun ?? true, language: languageOf(choice?.language), mailServer: mail.smtpUrl !== undefined };
  }),
  setMine: procedure
    .input(z.strictObject({ endOfRun: z.boolean(), language: z.enum(LANGUAGES).default("en") }))
    .mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
      const userId = callerOf(ctx).id;
      await ctx.app.store.write(async (tx) => {
        await tx.mailChoice.upsert({ where: { userId }, create: { userId, ...input }, update: input });
        return { value: undefined, audit: [] };
      });
      return { ok: true };
    }),
});
