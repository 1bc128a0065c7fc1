import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { float32Bytes, toFloat32 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { RunId } from "@engraft/core/base/ids";
import { unseal } from "@engraft/core/crypto/envelope";
import type { SiteMetrics } from "@engraft/core/models/metrics";
import { MESSAGES, type Ask } from "@engraft/core/protocol/messages";
import { openLog } from "@engraft/runtime/log";
import { runAgent } from "./agent.ts";
import { approve, refusePlan } from "./commands/decide.ts";
import { join as joinFederation } from "./commands/join.ts";
import { FakeCoordinator, until } from "./coordinator.fixture.ts";
import { registerData } from "./data/registry.ts";
import type { AgentEvent } from "./events.ts";
import { LENGTH, makePlan, manifestText, offerOf, planDigest, weights, canTrain } from "./plan.fixture.ts";
import { minuteOfDay } from "./rules/hours.ts";
import { OPEN_POLICY } from "./rules/limits.ts";
import { readState } from "./state.ts";
import { requireMembership } from "./vault/federation.ts";
import { pauseSite, resumeSite } from "./vault/participation.ts";
import { savePolicy } from "./vault/policy.ts";
import type { SiteModel } from "./work/site-model.ts";

const plan = makePlan();
const digest = planDigest(plan);
const RUN = "tiny-head.1" as RunId;
const metrics: SiteMetrics = {
  n: 20,
  positives: 8,
  values: { auroc: { value: 0.8, low: 0.7, high: 0.9 }, accuracy: { value: 1, low: 1, high: 1 } },
};

let dir: string;
let coordinator: FakeCoordinator;
let home: string;
const running: { readonly stop: () => Promise<void> }[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-agent-"));
  home = join(dir, "home");
  coordinator = await FakeCoordinator.start();
  await joinFederation({ home, invite: coordinator.invite("vienna").text, ca: undefined, now: Date.now });
  await writeFile(join(dir, "table.csv"), "id,age,num\n1,50,1\n");
  const table = {
    path: join(dir, "table.csv"),
    encoding: "utf-8",
    delimiter: ",",
    decimal: ".",
    missing: [],
    columns: {},
    label: "num",
    patient: "id",
  } as const;
  await registerData(home, { name: "main", table: { ...table, missing: [] }, registeredAt: 1 });
});

afterEach(async () => {
  for (const agent of running.splice(0)) await agent.stop();
  await coordinator.stop();
  await rm(dir, { recursive: true, force: true });
});

interface FakeModel extends SiteModel {
  trained: number;
  alone: number;
  opened: number;
  closed: number;
}

/** Adds a tenth to every value; counts what it is asked to do. */
function fakeModel(change: Partial<SiteModel> = {}): FakeModel {
  const model: FakeModel = {
    engine: "fake",
    trained: 0,
    alone: 0,
    opened: 0,
    closed: 0,
    train: async (start) => {
      model.trained += 1;
      return { update: new Float32Array(start.length).fill(0.1), personal: new Float32Array(), sampleCount: 12, seconds: 0.5 };
    },
    trainAlone: async () => {
      model.alone += 1;
      return { vector: new Float32Array(LENGTH).fill(9), personal: new Float32Array() };
    },
    statistics: () => Promise.reject(new Error("no plan here has analytic rounds")),
    evaluate: async () => metrics,
    gain: async () => null,
    ownIntercept: async () => null,
    tally: async () => null,
    close: async () => {
      model.closed += 1;
    },
    ...change,
  };
  return model;
}

function start(model: FakeModel = fakeModel()) {
  const stop = new AbortController();
  const events: AgentEvent[] = [];
  const openSiteModel = async () => {
    model.opened += 1;
    return model;
  };
  const done = runAgent(
    { home, signal: stop.signal },
    { openSiteModel, log: openLog("test", "silent"), emit: (event) => events.push(event), random: () => 0 },
  );
  done.catch(() => undefined);
  const agent = {
    events,
    model,
    done,
    event: (name: AgentEvent["event"]) => until(() => events.some(({ event }) => event === name), name),
    stop: async () => {
      stop.abort();
      await done.catch(() => undefined);
    },
  };
  running.push(agent);
  return agent;
}

async function approved(text = plan): Promise<void> {
  coordinator.send("plan.offer", offerOf(text));
  const membership = await requireMembership(home);
  await until(
    async () => (await readdir(join(home, "plans")).catch((): string[] => [])).includes(`${planDigest(text)}.json`),
    "the plan in the vault",
  );
  await approve({
    home,
    membership,
    plan: planDigest(text),
    steward: "Dr. A",
    data: undefined,
    siteMetrics: true,
    tryPlan: canTrain,
    at: 5,
  });
}

async function askFor(round: number, kind: Ask["kind"] = "train", values = new Float32Array(LENGTH).fill(round)): Promise<Ask> {
  const [manifestRef, weightsRef, startRef, checkpoint] = await Promise.all([
    coordinator.blobs.put(Buffer.from(manifestText)),
    coordinator.blobs.put(weights),
    coordinator.blobs.put(float32Bytes(new Float32Array(LENGTH))),
    coordinator.blobs.put(float32Bytes(values)),
  ]);
  return {
    run: RUN,
    round,
    kind,
    plan: digest,
    manifest: manifestRef,
    weights: weightsRef,
    checkpoint,
    start: startRef,
    deadline: Date.now() + 60_000,
    attempt: null,
  };
}

const blobsAt = async (): Promise<readonly string[]> =>
  (await readdir(join(home, "store", "blobs"), { recursive: true })).filter((name) => name.length > 64).map((name) => name.slice(3));

describe("decisions", () => {
  it("an approval made by another process reaches the coordinator, signed for the federation, and is sent again until it is recorded", async () => {
    const agent = start();
    await coordinator.connected(1);
    await approved();
    const { value, envelope, index } = await coordinator.hear("approval");
    expect(value).toEqual({ plan: digest, decision: "approved", siteMetrics: true, reason: null, steward: "Dr. A", at: 5 });
    const { identity, federation } = await requireMembership(home);
    expect(
      unseal(envelope, { type: "approval", scope: federation.coordinator, key: identity.publicKey, schema: MESSAGES.approval.schema }).ok,
    ).toBe(true);

    coordinator.link?.close("link-lost", "cut");
    await coordinator.connected(2);
    const again = await coordinator.hear("approval", index + 1);
    expect(again.envelope).toEqual(envelope);
    coordinator.send("approval.recorded", { plan: digest, decision: "approved" });
    await agent.event("approval.recorded");

    coordinator.link?.close("link-lost", "cut");
    await coordinator.connected(3);
    // A later decision travels behind whatever would have been sent again.
    const after = again.index + 1;
    await refusePlan({
      home,
      membership: await requireMembership(home),
      plan: digest,
      steward: "Dr. B",
      reason: "changed our mind",
      at: 6,
    });
    const last = await coordinator.hear("approval", after);
    expect(last.value).toMatchObject({ decision: "refused", steward: "Dr. B", reason: "changed our mind" });
  });

  it("an offer that was decided but not known to the coordinator is answered with the stored decision", async () => {
    start();
    await coordinator.connected(1);
    await approved();
    const { index } = await coordinator.hear("approval");
    coordinator.send("approval.recorded", { plan: digest, decision: "approved" });
    await until(async () => JSON.parse(await readFile(join(home, "decisions", `${digest}.json`), "utf8")).recorded !== null, "recorded");
    coordinator.link?.close("link-lost", "cut");
    await coordinator.connected(2);
    coordinator.send("plan.offer", offerOf(plan));
    expect((await coordinator.hear("approval", index + 1)).value.decision).toBe("approved");
  });

  it("[P2] a plan that does not fit its base is not kept", async () => {
    const agent = start();
    await coordinator.connected(1);
    coordinator.send("plan.offer", offerOf(makePlan((it) => ({ ...it, data: { ...it.data, fields: [] } }))));
    await agent.event("plan.unusable");
    expect(await readdir(join(home, "plans")).catch((): string[] => [])).toEqual([]);
  });
});

describe("asks", () => {
  it("[P5] an ask under a plan that is not approved is declined; nothing is fetched, opened or trained", async () => {
    const agent = start();
    await coordinator.connected(1);
    coordinator.send("plan.offer", offerOf(plan));
    coordinator.send("ask", await askFor(1));
    const { value } = await coordinator.hear("decline");
    expect(value).toMatchObject({ run: RUN, round: 1, kind: "train", plan: digest, code: "plan-not-approved" });
    expect(coordinator.served).toEqual([]);
    expect(agent.model.opened).toBe(0);
    await agent.stop();
    expect((await readState(home))?.lastDecline).toMatchObject({ run: RUN, code: "plan-not-approved" });
  });

  it("[P5] an ask whose weights are not the approved plan's is declined on both sides", async () => {
    const agent = start();
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(1);
    coordinator.send("ask", { ...ask, weights: ask.start });
    expect((await coordinator.hear("decline")).value.code).toBe("wrong-plan");
    expect(agent.events.find(({ event }) => event === "declined")).toMatchObject({ code: "wrong-plan" });
    expect(coordinator.served).toEqual([]);
  });

  it("an update is fetched from the statement's digest, clipped, and its statement names the checkpoint, plan and figures allowed to leave", async () => {
    const agent = start(
      fakeModel({
        train: async (from) => ({
          update: new Float32Array(from.length).fill(3),
          personal: new Float32Array(),
          sampleCount: 12,
          seconds: 0.5,
        }),
      }),
    );
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(1);
    coordinator.send("ask", ask);
    const { value } = await coordinator.hear("update");
    expect(value).toMatchObject({
      run: RUN,
      round: 1,
      plan: digest,
      checkpoint: ask.checkpoint.digest,
      sampleCount: 12,
      engine: "fake",
      seconds: { train: 0.5 },
    });
    // [M1] accuracy is not among the plan's metrics.
    expect(value.validation).toEqual({ n: 20, positives: 8, values: { auroc: metrics.values.auroc } });
    await coordinator.link?.fetch(value.update);
    const update = toFloat32(await coordinator.blobs.read(value.update.digest));
    expect([...update]).toEqual(Array.from({ length: LENGTH }, () => 0.5));
    expect(agent.events.map(({ event }) => event)).toContain("update.sent");
  });

  it("[S5] the same ask again gets the very same statement, also from a restarted agent, and trains once", async () => {
    const first = start();
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(1);
    coordinator.send("ask", ask);
    coordinator.send("ask", ask);
    const sent = await coordinator.hear("update");
    coordinator.send("ask", ask);
    const again = await coordinator.hear("update", sent.index + 1);
    expect(again.envelope).toEqual(sent.envelope);
    await first.stop();

    const second = start();
    await coordinator.connected(2);
    coordinator.send("ask", ask);
    const restarted = await coordinator.hear("update", again.index + 1);
    expect(restarted.envelope).toEqual(sent.envelope);
    await coordinator.link?.fetch(sent.value.update);
    expect(toFloat32(await coordinator.blobs.read(sent.value.update.digest))[0]).toBeCloseTo(0.1);
    expect([first.model.trained, second.model.trained]).toEqual([1, 0]);
  });

  it("[T5] only updates that wait to be settled are served; an accepted one is gone, and the base never is", async () => {
    const agent = start();
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(1);
    coordinator.send("ask", ask);
    const { value } = await coordinator.hear("update");
    await coordinator.blobs.remove(ask.weights.digest);
    await expect(coordinator.link?.fetch(ask.weights)).rejects.toMatchObject({ code: "blob-missing" });
    coordinator.send("answer.recorded", { run: RUN, round: 1, kind: "train", outcome: "accepted", code: null, text: null });
    await agent.event("answer");
    await expect(coordinator.link?.fetch(value.update)).rejects.toMatchObject({ code: "blob-missing" });
    // The statement's file goes after the update's.
    await expect.poll(() => readdir(join(home, "outbox"))).toEqual([]);
  });

  it("a refused answer is shown with its code, and the same ask again is declined with it instead of being trained", async () => {
    const agent = start();
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(1);
    coordinator.send("ask", ask);
    await coordinator.hear("update");
    coordinator.send("answer.recorded", { run: RUN, round: 1, kind: "train", outcome: "refused", code: "over-clip", text: "Too long." });
    await agent.event("refused");
    coordinator.send("ask", ask);
    expect((await coordinator.hear("decline")).value).toMatchObject({ code: "over-clip", text: "Too long." });
    expect(agent.model.trained).toBe(1);
    await agent.stop();
    expect((await readState(home))?.lastRefusal).toMatchObject({ run: RUN, code: "over-clip", text: "Too long." });
  });

  it("the base travels once, the model stays open from round to round, and old checkpoints are let go", async () => {
    const agent = start();
    await coordinator.connected(1);
    await approved();
    let after = 0;
    for (const round of [1, 2, 3]) {
      coordinator.send("ask", await askFor(round));
      after = (await coordinator.hear("update", after)).index + 1;
      coordinator.send("answer.recorded", { run: RUN, round, kind: "train", outcome: "accepted", code: null, text: null });
    }
    await until(() => agent.events.filter(({ event }) => event === "answer").length === 3, "three answers");
    const last = await askFor(3);
    expect(agent.model).toMatchObject({ opened: 1, trained: 3 });
    expect(coordinator.served.filter((served) => served === last.weights.digest)).toHaveLength(1);
    expect(new Set(await blobsAt())).toEqual(new Set([last.weights.digest, last.checkpoint.digest]));
  });

  it("a new round ends the work on the one before; a cancelled run is worked on no more", async () => {
    const aborted: number[] = [];
    const model = fakeModel({
      train: (_from, { round }, _progress, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.push(round);
            reject(signal.reason);
          });
          model.trained += 1;
        }),
    });
    const agent = start(model);
    await coordinator.connected(1);
    await approved();
    coordinator.send("ask", await askFor(1));
    await until(() => model.trained === 1, "training");
    coordinator.send("ask", await askFor(2));
    await until(() => model.trained === 2, "training of the next round");
    expect(aborted).toEqual([1]);
    coordinator.send("cancel", { run: RUN, text: "The run is stopped." });
    await agent.event("cancelled");
    await until(() => aborted.length === 2, "the end of training");
    expect(coordinator.heard.filter(({ message }) => message.type === "update" || message.type === "decline")).toEqual([]);
  });

  it("what cannot be trained is declined with its code, and the agent goes on", async () => {
    let attempt = 0;
    const model = fakeModel({
      train: async (from) => {
        attempt += 1;
        if (attempt === 1) throw new EngraftError("data-invalid", "No patient of this table falls into the training part.");
        return {
          update: new Float32Array(from.length).fill(attempt === 2 ? Number.NaN : 0.1),
          personal: new Float32Array(),
          sampleCount: 12,
          seconds: 0,
        };
      },
    });
    start(model);
    await coordinator.connected(1);
    await approved();
    coordinator.send("ask", await askFor(1));
    const first = await coordinator.hear("decline");
    coordinator.send("ask", await askFor(2));
    const second = await coordinator.hear("decline", first.index + 1);
    expect([first.value.code, second.value.code]).toEqual(["data-invalid", "training-failed"]);
    coordinator.send("ask", await askFor(3));
    await coordinator.hear("update");
  });

  it("[M1] the evaluation compares base, alone and federated on test patients, trains alone once, and holds back small numbers", async () => {
    const few: SiteMetrics = { ...metrics, n: 9 };
    const asked: string[] = [];
    const model = fakeModel({
      evaluate: async (vector, part) => {
        asked.push(`${part} ${vector[0]}`);
        return part === "validation" ? few : metrics;
      },
    });
    const agent = start(model);
    await coordinator.connected(1);
    await approved();
    const ask = await askFor(5, "evaluate");
    coordinator.send("ask", ask);
    const first = await coordinator.hear("evaluation");
    expect(first.value).toMatchObject({ run: RUN, round: 5, checkpoint: ask.checkpoint.digest, validation: null });
    expect(first.value.alone?.n).toBe(20);
    expect(asked).toEqual(["validation 5", "test 5", "test 0", "test 9"]);
    coordinator.send("answer.recorded", { run: RUN, round: 5, kind: "evaluate", outcome: "accepted", code: null, text: null });
    await agent.event("answer");
    await agent.stop();
    const again = start(model);
    await coordinator.connected(2);
    coordinator.send("ask", ask);
    const second = await coordinator.hear("evaluation", first.index + 1);
    expect(second.value.alone).toEqual(first.value.alone);
    expect(again.model.alone).toBe(1);
  });
});

describe("the site's own people", () => {
  it("pause ends the work at once, nothing leaves, and only resume brings the site back", async () => {
    const aborted: unknown[] = [];
    let hang = true;
    const model = fakeModel();
    const other = fakeModel();
    model.train = async (from, seed, progress, signal) => {
      if (!hang) return other.train(from, seed, progress, signal);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      aborted.push(signal.reason);
      throw signal.reason;
    };
    const agent = start(model);
    await coordinator.connected(1);
    await approved();
    coordinator.send("ask", await askFor(1));
    await agent.event("ask");
    await pauseSite(home, 1);
    const first = await coordinator.hear("decline");
    expect(first.value.code).toBe("paused");
    await until(() => aborted.length === 1, "the end of training");
    coordinator.send("ask", await askFor(2));
    expect((await coordinator.hear("decline", first.index + 1)).value).toMatchObject({ round: 2, code: "paused" });
    hang = false;
    await resumeSite(home);
    await until(() => agent.events.some((event) => event.event === "paused" && !event.paused), "resume");
    coordinator.send("ask", await askFor(3));
    expect((await coordinator.hear("update")).value.round).toBe(3);
  });

  it("a pause without a name is entered as nobody's, whoever resumed before", async () => {
    const entered = async (): Promise<readonly string[]> => {
      const log = await readFile(join(home, "audit.jsonl"), "utf8");
      const entries = log
        .split("\n")
        .flatMap((line) =>
          line.includes('"subject":"site"') ? [JSON.parse(line) as { readonly action: string; readonly actor: string }] : [],
        );
      return entries.map(({ action, actor }) => `${action} by ${actor}`);
    };
    start();
    await coordinator.connected(1);
    await pauseSite(home, 1, "Dr. A");
    await expect.poll(entered, { timeout: 5_000 }).toEqual(["paused by steward:Dr. A"]);
    await resumeSite(home, 2, "Dr. B");
    await expect.poll(entered, { timeout: 5_000 }).toEqual(["paused by steward:Dr. A", "resumed by steward:Dr. B"]);
    await pauseSite(home, 3);
    await expect.poll(async () => (await entered()).length, { timeout: 5_000 }).toBe(3);
    expect((await entered())[2]).toBe("paused by site:vienna");
  });

  it("[Y3] a new policy ends the work also where the file of codes has gone meanwhile", async () => {
    const codes = join(dir, "codes.csv");
    await writeFile(codes, "code,means\nM,male\n");
    const path = join(dir, "table.csv");
    const table = { path, encoding: "utf-8", delimiter: ",", decimal: ".", columns: {}, label: "num", patient: "id", codes } as const;
    await registerData(home, { name: "main", table: { ...table, missing: [] }, registeredAt: 2 });
    let training = false;
    const model = fakeModel({
      train: async (_from, _seed, _progress, signal) => {
        training = true;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw signal.reason;
      },
    });
    start(model);
    await coordinator.connected(1);
    await approved();
    coordinator.send("ask", await askFor(1));
    await until(() => training, "training");
    await rm(codes);
    await savePolicy(home, { policy: { ...OPEN_POLICY, secureOnly: true }, steward: "Dr. B", at: 6 });
    expect((await coordinator.hear("decline")).value).toMatchObject({ round: 1, code: "site-policy" });
  });

  it("[Y2] [Y3] what they forbid, or their clock, ends work under way by its code, and is entered in the audit log once", async () => {
    const model = fakeModel();
    const threads: unknown[] = [];
    model.train = async (_from, _seed, _progress, signal) => {
      threads.push(process.env["ENGRAFT_THREADS"]);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      throw signal.reason;
    };
    const agent = start(model);
    await coordinator.connected(1);
    await approved();
    const membership = await requireMembership(home);
    const again = { home, membership, plan: digest, steward: "Dr. B", data: undefined, tryPlan: canTrain };
    await approve({ ...again, limits: { threads: 1 }, at: 6 });
    coordinator.send("ask", await askFor(1));
    await until(() => threads.length === 1, "training");
    const minute = minuteOfDay(Date.now());
    await approve({ ...again, limits: { hours: { from: (minute + 120) % 1440, to: (minute + 180) % 1440 } }, at: 7 });
    const first = await coordinator.hear("decline");
    expect(first.value).toMatchObject({ round: 1, code: "site-limits" });
    await approve({ ...again, at: 8 });
    coordinator.send("ask", await askFor(2));
    await until(() => threads.length === 2, "training");
    expect(threads).toEqual(["1", undefined]);
    await savePolicy(home, { policy: { ...OPEN_POLICY, secureOnly: true }, steward: "Dr. B", at: 9 });
    const second = await coordinator.hear("decline", first.index + 1);
    expect(second.value).toMatchObject({ round: 2, code: "site-policy" });
    expect(second.value.text).toContain("standing policy");
    await agent.stop();
    await start(model).event("online");
    const log = await readFile(join(home, "audit.jsonl"), "utf8");
    const entered = log.split("\n").filter((line) => line.includes('"subject":"policy"'));
    expect(entered.map((line) => JSON.parse(line) as { actor: string; detail: object })).toMatchObject([
      { actor: "steward:Dr. B", detail: { decision: "only plans with secure aggregation" } },
    ]);
    expect(log).toContain('"limits":"only from ');
    expect(log.match(/"what":"update"/)).toBeNull();
  });

  it("[S2] a second agent on the same folder is turned away", async () => {
    start();
    await coordinator.connected(1);
    await expect(start().done).rejects.toMatchObject({ code: "locked" });
  });
});

describe("the other side", () => {
  it("[W8] of several addresses each is tried in turn, until one is not standing by", async () => {
    const standby = createServer((_, response) =>
      response.writeHead(503, { "content-type": "application/json" }).end('{"role":"standby"}'),
    );
    await new Promise<void>((resolve) => standby.listen(0, "127.0.0.1", resolve));
    const host = `127.0.0.1:${(standby.address() as AddressInfo).port}`;
    try {
      const path = join(home, "federation.json");
      const known = JSON.parse(await readFile(path, "utf8")) as object;
      await writeFile(path, JSON.stringify({ ...known, url: `http://${host}`, otherUrls: ["http://127.0.0.1:1", coordinator.url] }));
      const agent = start();
      await agent.event("online");
      expect(agent.events.find(({ event }) => event === "online")).toMatchObject({ coordinator: coordinator.url });
      coordinator.link?.close("link-lost", "restart");
      await coordinator.connected(2);
      await until(() => agent.events.filter(({ event }) => event === "online").length === 2, "online again");
      const texts = agent.events.flatMap((event) => (event.event === "offline" ? [event.text] : []));
      expect(texts.filter((text) => text === `The coordinator at ${host} stands by for another one.`)).toHaveLength(2);
      expect(texts.filter((text) => text.startsWith("Nothing answers at 127.0.0.1:1."))).toHaveLength(2);
    } finally {
      standby.closeAllConnections();
      standby.close();
    }
  });

  it("[W6] an impostor with a valid address ends the agent with coordinator-key-wrong", async () => {
    const genuine = coordinator.identity;
    const impostor = await FakeCoordinator.start();
    try {
      const path = join(home, "federation.json");
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), url: impostor.url }));
      await expect(start().done).rejects.toMatchObject({ code: "coordinator-key-wrong" });
      expect(impostor.identity.publicKey).not.toBe(genuine.publicKey);
      expect(impostor.heard).toEqual([]);
    } finally {
      await impostor.stop();
    }
  });

  it("[W2] a coordinator of another protocol keeps the agent down, which says so and lives", async () => {
    coordinator.spoken = { min: 8, max: 9 };
    const agent = start();
    await agent.event("offline");
    expect(agent.events.find(({ event }) => event === "offline")).toMatchObject({ code: "protocol-version", retryMs: 15_000 });
  });

  it("comes back by itself after the coordinator was away", async () => {
    const agent = start();
    await coordinator.connected(1);
    coordinator.link?.close("link-lost", "restart");
    await coordinator.connected(2);
    // The coordinator sees the new session a moment before the agent hears its welcome.
    await until(() => agent.events.filter(({ event }) => event === "online").length === 2, "online again");
    expect(agent.events.map(({ event }) => event)).toEqual(["online", "offline", "online"]);
  });
});
