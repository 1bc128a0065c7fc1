/** The whole API. views.ts lists it in words, procedures.ts says who may call what. */
import * as z from "zod";
import { Digest, RunId, SiteName } from "@engraft/core/base/ids";
import { tracked } from "@trpc/server";
import { procedure, router } from "./procedures.ts";
import type { AuditView, BaseView, HomeView, InviteView, LiveItem, Me, PlanSummary, PlanView, ReleaseView, RunDetail, RunSummary, SiteView, UserView } from "./views.ts";

declare function unbuilt<T>(): Promise<T>;
const Role = z.enum(["admin", "researcher"]);

export const appRouter = router({
  setup: router({
    state: procedure.query(() => unbuilt<{ needed: boolean }>()),
    createAdmin: procedure.input(z.strictObject({ token: z.string().max(200), name: z.string(), email: z.string(), password: z.string() })).mutation(() => unbuilt<{ ok: true }>()),
  }),
  me: procedure.query(() => unbuilt<Me>()),
  home: procedure.query(() => unbuilt<HomeView>()),
  sites: router({
    list: procedure.query(() => unbuilt<SiteView[]>()),
    invites: procedure.query(() => unbuilt<InviteView[]>()),
    invite: procedure.input(z.strictObject({ site: SiteName, hours: z.number() })).mutation(() => unbuilt<{ id: string; invite: string; command: string; expires: number }>()),
    revokeInvite: procedure.input(z.strictObject({ id: z.string() })).mutation(() => unbuilt<{ ok: true }>()),
  }),
  bases: router({
    list: procedure.query(() => unbuilt<BaseView[]>()),
    register: procedure.input(z.strictObject({ manifest: Digest })).mutation(() => unbuilt<BaseView>()),
  }),
  plans: router({
    list: procedure.query(() => unbuilt<PlanSummary[]>()),
    get: procedure.input(z.strictObject({ digest: Digest })).query(() => unbuilt<PlanView>()),
    propose: procedure.input(z.strictObject({ plan: z.string() })).mutation(() => unbuilt<{ digest: string }>()),
    withdraw: procedure.input(z.strictObject({ digest: Digest })).mutation(() => unbuilt<{ ok: true }>()),
  }),
  runs: router({
    list: procedure.query(() => unbuilt<RunSummary[]>()),
    get: procedure.input(z.strictObject({ run: RunId })).query(() => unbuilt<RunDetail>()),
    start: procedure.input(z.strictObject({ plan: Digest })).mutation(() => unbuilt<{ run: string }>()),
    stop: procedure.input(z.strictObject({ run: RunId })).mutation(() => unbuilt<{ ok: true }>()),
  }),
  releases: router({ list: procedure.query(() => unbuilt<ReleaseView[]>()) }),
  users: router({
    list: procedure.query(() => unbuilt<UserView[]>()),
    create: procedure.input(z.strictObject({ email: z.string(), name: z.string(), password: z.string(), role: Role })).mutation(() => unbuilt<{ ok: true }>()),
  }),
  audit: router({ list: procedure.input(z.strictObject({ before: z.int().optional() })).query(() => unbuilt<AuditView[]>()) }),
  live: procedure.input(z.strictObject({ run: RunId.nullable(), lastEventId: z.string().optional() })).subscription(async function* (): AsyncGenerator<LiveItem | ReturnType<typeof tracked<LiveItem>>> {
    yield tracked("1", await unbuilt<LiveItem>());
  }),
});

export type AppRouter = typeof appRouter;
