/** Upgrades: sites of an older protocol version, and a coordinator that is replaced by a newer one in the middle of a run. */
import { float32Bytes } from "@engraft/core/base/bytes";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Coordinator, type Site, type SiteLink } from "./coordinator.fixture.ts";
import { digestOfPlan, planOf } from "./model.fixture.ts";

const PLAN = digestOfPlan(planOf());
const OLD = { spoken: { min: 1, max: 1 } };
const NEW = { spoken: { min: 2, max: 2 } };
const BOTH = { spoken: { min: 1, max: 2 } };

let coordinator: Coordinator;
let anna: Site;
let berta: Site;
beforeAll(async () => {
  coordinator = await Coordinator.start(BOTH);
  const api = await coordinator.api();
  await coordinator.registerBase(api);
  await api.plans.propose.mutate({ plan: JSON.stringify(planOf()) });
  [anna, berta] = [await coordinator.enrol("anna"), await coordinator.enrol("berta")];
});
afterAll(() => coordinator.remove());

async function train(link: SiteLink, round: number): Promise<void> {
  const ask = await link.hear("ask");
  expect(ask).toMatchObject({ kind: "train", round });
  const { run, plan, checkpoint } = ask;
  const update = await link.blobs.put(float32Bytes(Float32Array.of(1, 1)));
  const told = { validation: null, engine: "by hand", seconds: { fetch: 0, train: 0 } };
  link.say("update", { run, round, plan, checkpoint: checkpoint.digest, update, sampleCount: 10, ...told });
  expect(await link.hear("answer.recorded")).toMatchObject({ kind: "train", outcome: "accepted" });
}

async function evaluate(link: SiteLink): Promise<void> {
  const { run, round, plan, checkpoint } = await link.hear("ask", 1);
  const loss = { n: 40, positives: null, values: { loss: { value: 0.5, low: 0.4, high: 0.6 } } };
  link.say("evaluation", { run, round, plan, checkpoint: checkpoint.digest, validation: null, base: loss, alone: null, federated: loss });
  expect(await link.hear("answer.recorded", 1)).toMatchObject({ kind: "evaluate", outcome: "accepted" });
}

const protocols = (): (number | undefined)[] => [anna, berta].map(({ name }) => coordinator.app.hub.session(name)?.protocol);

it("[W2] [W9] a run is begun with sites of two versions, each in its own, and finished by a newer coordinator once the older site is upgraded", async () => {
  const links = [await anna.connect(anna.name, OLD), await berta.connect(berta.name, BOTH)] as const;
  await expect.poll(protocols, { timeout: 20_000 }).toEqual([1, 2]);
  for (const link of links) {
    await link.hear("plan.offer");
    link.approve(PLAN);
    await link.hear("approval.recorded");
  }
  const { run } = await (await coordinator.api()).runs.start.mutate({ plan: PLAN });
  await Promise.all(links.map((link) => train(link, 1)));
  await links[0].hear("ask", 1);

  // Replaced in the middle of the second round by one that speaks the new version only.
  for (const { link } of links) link.close("link-lost", "done");
  await coordinator.stop();
  coordinator = await Coordinator.start({ data: coordinator.data, ...NEW });
  await expect(anna.connect(anna.name, { ...OLD, at: coordinator })).rejects.toThrow(/^protocol-version: .*Upgrade the agent/);
  const second = await berta.connect(berta.name, { ...BOTH, at: coordinator });
  await train(second, 2);
  expect((await (await coordinator.api()).runs.list.query())[0]).toMatchObject({ run, phase: "collecting" });

  const upgraded = await anna.connect(anna.name, { ...BOTH, at: coordinator });
  await train(upgraded, 2);
  await expect.poll(protocols, { timeout: 20_000 }).toEqual([2, 2]);
  await Promise.all([evaluate(second), evaluate(upgraded)]);
  const api = await coordinator.api();
  await expect.poll(async () => (await api.releases.list.query()).length, { timeout: 20_000 }).toBe(1);
  expect((await api.runs.list.query())[0]).toMatchObject({ run, phase: "finished" });
  for (const { link } of [second, upgraded]) link.close("link-lost", "done");
});

it("[W2] a site that is too new is told that the coordinator must be upgraded", async () => {
  await expect(anna.connect(anna.name, { spoken: { min: 3, max: 4 }, at: coordinator })).rejects.toThrow(
    /^protocol-version: .*Upgrade the coordinator/,
  );
});
