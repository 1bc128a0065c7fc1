/** For `engraft-coordinator doctor`, where a coordinator runs and holds the database. */
import { lookInside } from "../doctor/inside.ts";
import { procedure, router } from "./procedures.ts";
import type { InsideView } from "./views.ts";

export const doctor = router({
  inside: procedure.query(({ ctx }): Promise<InsideView> =>
    lookInside({ prisma: ctx.app.store.prisma, online: ctx.app.hub.online(), now: ctx.app.now() }),
  ),
});
