/** Share links for a run. */
import { RunId } from "@engraft/core/base/ids";
import * as z from "zod";
import { createShare, listShares, NewShare, openShare, revokeShare, SECRET } from "../share/links.ts";
import type { SharedRun, ShareLinkView } from "./alert-views.ts";
import { callerOf, procedure, router } from "./procedures.ts";

export const share = router({
  /** For whoever holds the link; the secret is the only key, and opens nothing else. */
  view: procedure
    .input(z.strictObject({ secret: z.string().regex(SECRET, "not a whole link") }))
    .query(({ ctx, input }): Promise<SharedRun> => openShare(ctx.app, input.secret)),
  list: procedure
    .input(z.strictObject({ run: RunId }))
    .query(({ ctx, input }): Promise<readonly ShareLinkView[]> => listShares(ctx.app, input.run)),
  /** The address is in this answer and nowhere else. */
  create: procedure
    .input(z.strictObject({ run: RunId, ...NewShare.shape }))
    .mutation(({ ctx, input: { run, ...wanted } }): Promise<ShareLinkView & { readonly url: string }> =>
      createShare(ctx.app, run, wanted, callerOf(ctx).actor),
    ),
  revoke: procedure.input(z.strictObject({ id: z.string().max(40) })).mutation(async ({ ctx, input }): Promise<{ ok: true }> => {
    await revokeShare(ctx.app, input.id, callerOf(ctx).actor);
    return { ok: true };
  }),
});
