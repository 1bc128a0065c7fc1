/** The interpreter against a log in memory and a world that only takes notes. */
import { EngraftError, isRefusal } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Command } from "@engraft/core/rounds/decide";
import type { BlobRef } from "@engraft/core/rounds/events";
import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import type { StoredEvent } from "../api/views.ts";
import { digestOfPlan, planOf } from "../model.fixture.ts";
import type { Append } from "../store/store.ts";
import { Runner } from "./runner.ts";

const RUN = "tiny-head.1" as RunId;
const sites = ["anna", "berta"] as SiteName[];
const blob = (name: string, bytes = 8): BlobRef => ({ digest: sha256(name), bytes });

class World {
  readonly plan = planOf({ rounds: 1 });
  readonly stored: StoredEvent[] = [];
  readonly appends: Append[] = [];
  readonly asks: string[] = [];
  readonly sessions = new Map<SiteName, object>(sites.map((site) => [site, {}]));
  readonly approved = new Set<SiteName>(sites);
  readonly combined: number[] = [];
  cancelled = false;
  released = 0;
  /** Thrown by the next append, which stores nothing unless `stores` is set. */
  failure: { readonly error: Error; readonly stores: boolean } | undefined;
  clock = 1_000_000;
  readonly runners: Runner[] = [];

  /** A process: what it knows is gone when another is started. */
  start(): Runner {
    const runner = new Runner(
      RUN,
      { plan: this.plan, planDigest: digestOfPlan(this.plan), vectorLength: 2, headInputs: 0, secure: null },
      {
        now: () => this.clock,
        log: pino({ level: "silent" }),
        online: () => [...this.sessions.keys()].sort(),
        sessionOf: (site) => this.sessions.get(site),
        mayAsk: (site) => this.approved.has(site),
        ask: async (site, ask) => {
          this.asks.push(`${site} ${ask.kind} ${ask.round} after event ${this.stored.length}`);
        },
        cancel: () => {
          this.cancelled = true;
        },
        append: async (append) => this.append(append),
        load: async () => [...this.stored],
        combine: async (due) => {
          this.combined.push(due.round);
          return { checkpoint: blob(`checkpoint ${due.round}`), serverState: null };
        },
        step: async () => undefined,
        open: async () => ({ ok: false, code: "too-few-sites", text: "", blamed: null }),
        outcome: () => undefined,
        nonce: () => sha256("nonce"),
        release: async () => {
          this.released += 1;
        },
        happened: () => undefined,
        done: () => undefined,
      },
    );
    this.runners.push(runner);
    return runner;
  }

  append(append: Append) {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined && !failure.stores) throw failure.error;
    if (append.version !== this.stored.length) throw new EngraftError("version-conflict", "taken");
    const events = append.events.map((event, index) => ({ seq: this.stored.length + index + 1, event }));
    this.stored.push(...events);
    this.appends.push(append);
    if (failure !== undefined) throw failure.error;
    return { events, audit: (append.audit ?? []).map((entry, seq) => ({ ...entry, seq })) };
  }

  create(): Command {
    return {
      do: "create",
      at: this.clock,
      run: RUN,
      by: "operator",
      sites,
      approvals: [],
      manifest: blob("m"),
      weights: blob("w"),
      start: blob("start"),
    };
  }

  update(site: SiteName, change: { readonly round?: number; readonly finite?: boolean } = {}): Command {
    const update = {
      run: RUN,
      round: change.round ?? 1,
      plan: digestOfPlan(this.plan),
      checkpoint: blob("start").digest,
      update: blob(`update of ${site}`),
      sampleCount: 10,
      validation: null,
      engine: "test",
      seconds: { fetch: 0, train: 0 },
    };
    return {
      do: "update",
      at: this.clock,
      site,
      statement: sha256(site),
      update,
      measure: { finite: change.finite ?? true, sumOfSquares: 1 },
    };
  }

  types = (): readonly string[] => this.stored.map(({ event }) => event.type);
}

let world: World;
afterEach(() => Promise.all(world.runners.map((runner) => runner.stop())));

async function created(): Promise<Runner> {
  world = new World();
  const runner = world.start();
  await runner.submit(world.create());
  runner.lookNow();
  await expect.poll(() => world.asks.length).toBe(2);
  return runner;
}

describe("the runner", () => {
  it("[S1] asks only after the event that opens the round is stored", async () => {
    await created();
    expect(world.asks).toEqual(["anna train 1 after event 2", "berta train 1 after event 2"]);
  });

  it("[R1] asks each site once in a session, and again when the site has a new one", async () => {
    const runner = await created();
    runner.presenceChanged();
    runner.presenceChanged();
    expect(world.asks).toHaveLength(2);
    world.sessions.set("anna" as SiteName, {});
    runner.presenceChanged();
    expect(world.asks.slice(2)).toEqual(["anna train 1 after event 2"]);
  });

  it("stores what is queued together in one step, and combines and opens what follows", async () => {
    const runner = await created();
    const before = world.appends.length;
    const outcomes = await Promise.all(sites.map((site) => runner.submit(world.update(site), { digest: sha256(site), text: site })));
    expect(outcomes.every((outcome) => !isRefusal(outcome))).toBe(true);
    expect(world.appends.slice(before)[0]).toMatchObject({
      events: [{ type: "update.accepted" }, { type: "update.accepted" }, { type: "round.closed" }],
      statements: [{ text: "anna" }, { text: "berta" }],
    });
    await expect.poll(() => world.types().slice(-2)).toEqual(["checkpoint.written", "evaluation.opened"]);
    expect(world.combined).toEqual([1]);
    expect(world.asks.slice(-2).map((ask) => ask.split(" ")[1])).toEqual(["evaluate", "evaluate"]);
  });

  it("[A2] records a refused answer with its code, and the run lives", async () => {
    const runner = await created();
    const outcome = await runner.submit(world.update("anna" as SiteName, { round: 7 }));
    expect(outcome).toMatchObject({ ok: false, code: "stale-round" });
    expect(world.appends.at(-1)).toMatchObject({
      events: [],
      audit: [{ action: "update.refused", actor: "site:anna", detail: { code: "stale-round", round: 7 } }],
    });
    await runner.submit(world.update("anna" as SiteName, { finite: false }));
    expect(world.appends.at(-1)).toMatchObject({ events: [{ type: "site.dropped", code: "not-finite" }] });
    expect(world.appends.at(-1)?.audit?.map(({ action }) => action)).toContain("update.refused");
  });

  it("[P5] never asks a site that has not approved, or no longer does: it is dropped with that reason", async () => {
    world = new World();
    world.approved.delete("berta" as SiteName);
    const runner = world.start();
    await runner.submit(world.create());
    runner.lookNow();
    await expect.poll(() => world.types()).toContain("site.dropped");
    expect(world.stored.map(({ event }) => event).find((event) => event.type === "site.dropped")).toMatchObject({
      site: "berta",
      code: "plan-not-approved",
    });
    expect(world.asks.filter((ask) => ask.startsWith("berta"))).toEqual([]);
    expect(world.types().filter((type) => type === "site.dropped")).toHaveLength(1);
  });

  it("[S3] started again, folds the log and does what is owed, whatever was lost", async () => {
    const first = await created();
    await first.submit(world.update("anna" as SiteName));
    await first.stop();
    world.asks.length = 0;
    const second = world.start();
    await second.resume();
    expect(world.asks).toEqual(["berta train 1 after event 3"]);
    await second.submit(world.update("berta" as SiteName));
    await expect.poll(() => world.types()).toContain("checkpoint.written");
    for (const site of sites) {
      const evaluation = {
        run: RUN,
        round: 1,
        plan: digestOfPlan(world.plan),
        checkpoint: blob("checkpoint 1").digest,
        validation: null,
        base: null,
        alone: null,
        federated: null,
      };
      await second.submit({ do: "evaluation", at: world.clock, site, statement: sha256(site), evaluation });
    }
    expect(world.types().at(-1)).toBe("run.finished");
    expect(world.appends.at(-1)?.end).toEqual({ phase: "finished", at: world.clock });
    await expect.poll(() => world.released).toBe(1);
    const third = world.start();
    await third.resume();
    await expect.poll(() => world.released).toBe(2);
  });

  it("[S4] goes on from what somebody else has appended", async () => {
    const runner = await created();
    const other = world.start();
    await other.resume();
    await other.submit(world.update("anna" as SiteName));
    const outcome = await runner.submit(world.update("berta" as SiteName));
    expect(isRefusal(outcome)).toBe(false);
    expect(world.types().filter((type) => type === "update.accepted")).toHaveLength(2);
    expect(await runner.submit(world.update("anna" as SiteName))).toMatchObject({ ok: false });
  });

  it.each([true, false])("[R15] asks again where storing failed, whether or not it was stored after all (%s)", async (stores) => {
    const runner = await created();
    world.asks.length = 0;
    world.failure = { error: new EngraftError("database-unavailable", "away"), stores };
    await expect(runner.submit(world.update("anna" as SiteName))).rejects.toThrow("away");
    const again = stores ? ["berta"] : ["anna", "berta"];
    await expect.poll(() => world.asks.map((ask) => ask.split(" ")[0]), { timeout: 10_000 }).toEqual(again);
  });

  it("[R12] cancels at the sites when it is stopped, and then owes nothing", async () => {
    const runner = await created();
    await runner.submit({ do: "stop", at: world.clock, by: "operator" });
    expect(world.cancelled).toBe(true);
    expect(await runner.submit(world.update("anna" as SiteName))).toMatchObject({ ok: false, code: "run-ended" });
  });
});
