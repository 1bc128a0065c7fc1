/** Bad lines and other versions, through the real binaries. */
import { randomBytes } from "node:crypto";
import type { SiteName } from "@engraft/core/base/ids";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { SPOKEN } from "@engraft/core/protocol/version";
import { Inbox } from "@engraft/runtime/inbox";
import { greetCoordinator } from "@engraft/runtime/handshake";
import { WebSocket } from "ws";
import { afterEach, describe, expect, it } from "vitest";
import { Heart, shortPlan } from "./support/heart.ts";
import { keysOf } from "./support/hand-site.ts";
import { CuttingProxy } from "./support/proxy.ts";

let heart: Heart | undefined;
let proxy: CuttingProxy | undefined;
afterEach(async () => {
  await proxy?.stop();
  await heart?.stop();
  heart = undefined;
  proxy = undefined;
});

describe("a bad line", () => {
  it("[T3] a connection cut in the middle of transfers is taken up again, and the run ends", async () => {
    heart = await Heart.start({ plan: shortPlan(3), sites: ["cleveland", "hungary"] });
    const { federation } = heart;
    proxy = await CuttingProxy.start(federation.port);
    await heart.connectThrough("hungary", proxy.port);
    const run = await heart.startRun();
    const bytes = 3_000;
    for (let cut = 1; cut <= 4; cut++) {
      proxy.cutAfter(bytes * cut);
      await heart.until(run, (view) => (proxy?.cuts ?? 0) >= cut || view.phase === "finished");
    }
    const view = await heart.untilPhase(run, "finished");
    expect(proxy.cuts).toBeGreaterThanOrEqual(1);
    expect(view.rounds.every((round) => round.closed?.survivors.length === 2)).toBe(true);
  });
});

describe("versions", () => {
  it.each([
    { name: "older", spoken: { min: 1, max: 1 }, says: { ok: true, protocol: 1 } },
    { name: "newer that still speaks ours", spoken: { min: 1, max: 9 }, says: { ok: true, protocol: SPOKEN.max } },
    { name: "newer that does not", spoken: { min: 8, max: 9 }, says: { ok: false, code: "protocol-version" } },
  ])("[W2] an agent that is $name", async ({ spoken, says }) => {
    heart = await Heart.start({ sites: ["cleveland"] });
    await heart.federation.agents.get("cleveland")?.stop();
    const { identity, coordinatorKey } = await keysOf(heart.federation.siteDir("cleveland"));
    const socket = new WebSocket(`${heart.federation.url.replace("http", "ws")}/agent`);
    const inbox = new Inbox(socket);
    const greeted = await greetCoordinator(inbox, {
      identity,
      coordinatorKey,
      site: "cleveland" as SiteName,
      version: "test",
      engine: "none",
      now: Date.now,
      spoken,
    });
    socket.terminate();
    expect(greeted).toMatchObject(says);
  });

  it("[W6] a stranger's key is turned away, and the hub goes on", async () => {
    heart = await Heart.start({ sites: ["cleveland"] });
    const { coordinatorKey } = await keysOf(heart.federation.siteDir("cleveland"));
    const socket = new WebSocket(`${heart.federation.url.replace("http", "ws")}/agent`);
    const stranger = identityFromSeed(randomBytes(32));
    const greeted = await greetCoordinator(new Inbox(socket), {
      identity: stranger,
      coordinatorKey,
      site: "cleveland" as SiteName,
      version: "test",
      engine: "none",
      now: Date.now,
    });
    expect(greeted).toMatchObject({ ok: false, code: "unknown-key" });
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
  });

  it("survives ten thousand random frames on the hub", async () => {
    heart = await Heart.start({ sites: ["cleveland"] });
    for (let burst = 0; burst < 100; burst++) {
      const socket = new WebSocket(`${heart.federation.url.replace("http", "ws")}/agent`);
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.once("open", resolve));
      for (let frame = 0; frame < 100; frame++)
        socket.send(frame % 2 === 0 ? randomBytes(1 + ((frame * 37) % 400)) : randomBytes(60).toString("base64"));
      await new Promise<void>((resolve) => {
        socket.once("close", () => resolve());
        socket.close();
      });
    }
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
  });
});
