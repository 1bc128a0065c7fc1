/** What takes space, and letting go what nobody needs. */
import { callerOf, procedure, router } from "./procedures.ts";

export const blobs = router({
  usage: procedure.query(({ ctx }) => ctx.app.collector.usage()),
  collect: procedure.mutation(({ ctx }) => ctx.app.collector.collect(callerOf(ctx).actor)),
});
