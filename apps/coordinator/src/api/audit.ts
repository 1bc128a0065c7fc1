import * as z from "zod";
import { storedAuditView } from "./audit-words.ts";
import { procedure, router } from "./procedures.ts";
import type { AuditView } from "./views.ts";

const PAGE = 200;

export const audit = router({
  /** Newest first. */
  list: procedure.input(z.strictObject({ before: z.int().optional() })).query(async ({ ctx, input }): Promise<AuditView[]> => {
    const rows = await ctx.app.store.prisma.audit.findMany({
      ...(input.before === undefined ? {} : { where: { seq: { lt: input.before } } }),
      orderBy: { seq: "desc" },
      take: PAGE,
    });
    return rows.map(storedAuditView);
  }),
});
