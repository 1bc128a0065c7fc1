/** The whole API. views.ts lists it in words, procedures.ts says who may call what. */
import { audit } from "./audit.ts";
import { bases } from "./bases.ts";
import { doctor } from "./doctor.ts";
import { blobs } from "./blobs.ts";
import { home } from "./home.ts";
import { live } from "./live.ts";
import { plans } from "./plans.ts";
import { callerOf, procedure, router } from "./procedures.ts";
import { releases } from "./releases.ts";
import { runs } from "./runs.ts";
import { setup } from "./setup.ts";
import { sites } from "./sites.ts";
import { users } from "./users.ts";
import { tokens } from "./tokens.ts";
import type { Me } from "./views.ts";

const me = procedure.query(({ ctx }): Me => {
  const { email, name, role } = callerOf(ctx);
  return { email, name, role };
});

export const appRouter = router({ setup, me, home, sites, bases, plans, runs, releases, users, tokens, audit, blobs, live, doctor });

export type AppRouter = typeof appRouter;
