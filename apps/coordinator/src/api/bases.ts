import * as z from "zod";
import { Digest } from "@engraft/core/base/ids";
import { baseView, registerBase } from "../plans/bases.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import type { BaseView } from "./views.ts";

export const bases = router({
  list: procedure.query(async ({ ctx }): Promise<BaseView[]> =>
    (await ctx.app.store.prisma.base.findMany({ orderBy: { importedAt: "desc" } })).map(baseView),
  ),
  register: procedure.input(z.strictObject({ manifest: Digest })).mutation(async ({ ctx, input }): Promise<BaseView> => {
    const { store, blobs, now, feed } = ctx.app;
    const base = await registerBase(store, blobs, { manifest: input.manifest, by: callerOf(ctx).actor, now: now() });
    feed.publish({ kind: "changed", what: "plans" });
    return base;
  }),
});
