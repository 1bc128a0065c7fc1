/** The whole API. views.ts lists it in words, access.ts says who may call what. */
import { mayOf } from "./access.ts";
import { alerts } from "./alerts.ts";
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
import { sessions } from "./sessions.ts";
import { share } from "./share.ts";
import { sites } from "./sites.ts";
import { users } from "./users.ts";
import { tokens } from "./tokens.ts";
import type { Me } from "./views.ts";

const me = procedure.query(({ ctx }): Me => {
  const { id, email, name, role, secondFactor = false } = callerOf(ctx);
  return { id, email, name, role, may: mayOf(role), secondFactor };
});

export const appRouter = router({
  setup,
  me,
  home,
  sites,
  bases,
  plans,
  runs,
  releases,
  share,
  users,
  sessions,
  tokens,
  alerts,
  audit,
  blobs,
  live,
  doctor,
});

export type AppRouter = typeof appRouter;
