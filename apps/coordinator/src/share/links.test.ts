/** Share links over HTTP: what they open, and what they do not. */
import type { RunEvent } from "@engraft/core/rounds/events";
import { runView } from "@engraft/core/rounds/view";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Coordinator, type Api, type SiteLink } from "../coordinator.fixture.ts";
import { planOf } from "../model.fixture.ts";
import { sharedRun } from "./shared-run.ts";

const DAY_MS = 86_400_000;
const ADA = { email: "ada@example.org", password: "an admin's password" };

let coordinator: Coordinator;
let ada: Api;
let anybody: Api;
let run: never;
let links: readonly SiteLink[];
beforeAll(async () => {
  coordinator = await Coordinator.start();
  await (await coordinator.api()).users.create.mutate({ ...ADA, name: "Ada", role: "admin" });
  ada = await coordinator.api(await coordinator.signIn(ADA.email, ADA.password));
  anybody = await coordinator.api({});
  const plan = await coordinator.approvedPlan(ada, ["graz", "linz"]);
  links = plan.links;
  run = (await ada.runs.start.mutate({ plan: plan.digest })).run as never;
});
afterAll(async () => {
  for (const { link } of links) link.close("link-lost", "done");
  await coordinator.remove();
});

const secretOf = (url: string): string => /\/share\/([\w-]{43})$/.exec(url)?.[1] ?? "";
const make = async (days = 7, siteFigures = false) => {
  const link = await ada.share.create.mutate({ run, days, siteFigures });
  return { id: link.id, secret: secretOf(link.url) };
};

describe("a share link", () => {
  it("[X7] shows the run without people and sites, and of its secret a hash is kept", async () => {
    const { secret } = await make();
    const shared = await anybody.share.view.query({ secret });
    expect(shared).toMatchObject({ run, sites: 2, plannedRounds: 1, siteFigures: false, phase: "collecting" });
    expect(JSON.stringify(shared)).not.toMatch(/graz|linz|@|Ada|Dr\. Test/);
    const rows = await coordinator.app.store.prisma
      .$queryRaw`SELECT row_to_json(s) FROM "share" s UNION ALL SELECT row_to_json(a) FROM "audit" a`;
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(await ada.share.list.query({ run }))).not.toContain(secret);
  });

  it("[X7] ends when it expires and at once when it is revoked, and says no more than one that never was", async () => {
    const unknown = await anybody.share.view.query({ secret: "x".repeat(43) }).catch(String);
    const [short, revoked] = [await make(1), await make()];
    await ada.share.revoke.mutate({ id: revoked.id });
    expect(await anybody.share.view.query({ secret: revoked.secret }).catch(String)).toBe(unknown);
    coordinator.clock = Date.now() + DAY_MS + 1_000;
    expect(await anybody.share.view.query({ secret: short.secret }).catch(String)).toBe(unknown);
    coordinator.clock = 0;
    expect(unknown).toContain("not valid, or not any more");
    expect((await ada.share.list.query({ run })).map(({ id, counts }) => [id, counts])).toContainEqual([revoked.id, false]);
    await expect(make(91)).rejects.toThrow("at most 90 days");
  });

  it("[X7] opens nothing else: as a token, a cookie or a path", async () => {
    const { secret } = await make();
    for (const headers of [
      { authorization: `Bearer ${secret}` },
      { authorization: `Bearer engraft_${secret}` },
      { cookie: `engraft.session_token=${secret}` },
    ])
      for (const path of ["/trpc/runs.list", "/trpc/me", "/trpc/home", "/audit/export", "/releases/none.1/plan.json", "/backup"])
        expect(`${path} ${(await fetch(`${coordinator.url}${path}`, { headers })).status}`).toMatch(/ 40[13]$/);
  });
});

describe("what a share link shows", () => {
  const at = 1000;
  const metrics = (value: number) => ({ n: 100, positives: 50, values: { loss: { value, low: value, high: value } } });
  const plan = planOf({ rounds: 3 });
  const shown = async (through: number, siteFigures: boolean) => {
    const { events } = await ada.runs.get.query({ run });
    const [created] = events;
    const sites = ["graz", "linz"];
    const opened = (round: number) => ({ type: "round.opened", round, at, deadline: at, cohort: sites });
    const accepted = (site: string, round: number, value: number) => ({
      type: "update.accepted",
      site,
      round,
      at,
      sampleCount: 10,
      update: { digest: "0".repeat(64), bytes: 1 },
      engine: "x",
      seconds: { fetch: 1, train: 1 },
      validation: metrics(value),
    });
    const closed = { type: "round.closed", round: 1, at, survivors: sites, reason: "all" };
    const all = [created?.event, opened(1), accepted("graz", 1, 0.25), accepted("linz", 1, 0.75), closed] as unknown as RunEvent[];
    const view = runView(all.slice(0, through));
    return view === undefined ? undefined : sharedRun(view, { plan, siteFigures, expiresAt: 0 });
  };

  it("[X8] a site's own figures are in it only where its maker chose so; a mean only of two and more, once all have answered", async () => {
    expect((await shown(5, false))?.curves).toEqual([{ metric: "loss", mean: [{ round: 0, value: 0.5 }], sites: null }]);
    expect((await shown(4, false))?.curves[0]?.mean).toEqual([]);
    expect((await shown(3, false))?.curves[0]?.mean).toEqual([]);
    expect((await shown(5, true))?.curves[0]?.sites).toEqual([
      { site: "graz", points: [{ round: 0, value: 0.25 }] },
      { site: "linz", points: [{ round: 0, value: 0.75 }] },
    ]);
    expect(JSON.stringify(await shown(5, false))).not.toMatch(/graz|linz|0\.25|0\.75/);
  });
});
