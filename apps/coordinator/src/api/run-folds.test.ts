import { EngraftError } from "@engraft/core/base/errors";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Coordinator, type Api } from "../coordinator.fixture.ts";
import { planOf } from "../model.fixture.ts";
import { settingsOf, type RunRow } from "./run-folds.ts";

let coordinator: Coordinator;
let api: Api;
let run: string;
beforeAll(async () => {
  coordinator = await Coordinator.start();
  api = await coordinator.api();
  const { digest } = await coordinator.approvedPlan(api, ["graz", "linz"]);
  ({ run } = await api.runs.start.mutate({ plan: digest }));
  await api.runs.stop.mutate({ run });
  await vi.waitFor(async () => {
    if ((await api.runs.list.query()).some(({ endedAt }) => endedAt === null)) throw new Error("it has not ended");
  });
});
afterAll(() => coordinator.remove());

it("an ended run is listed and compared also where what it came to cannot be kept", async () => {
  const listed = await api.runs.list.query();
  const asked = { runs: [run], metric: "loss" as const, sites: false };
  const curves = await api.runs.curves.query(asked);
  // As after an upgrade or a restore.
  await coordinator.app.store.prisma.runFold.deleteMany();
  await coordinator.stop();
  coordinator = await Coordinator.start({ data: coordinator.data });
  const { store } = coordinator.app;
  const write = store.write.bind(store);
  store.write = () => Promise.reject(new EngraftError("disk-full", "The database's disk is full."));
  const again = await coordinator.api();
  expect(await again.runs.list.query()).toEqual(listed);
  expect(await again.runs.curves.query(asked)).toEqual(curves);
  expect((await again.home.query()).running).toEqual([]);
  store.write = write;
});

const rowOf = (id: string, rounds: number): RunRow => ({ id, plan: { text: JSON.stringify(planOf({ rounds })) } }) as RunRow;

it("says whose settings it tells, in their values' order", () => {
  const { runs, differences } = settingsOf([rowOf("long.1", 9), rowOf("short.1", 1)]);
  expect(runs).toEqual(["long.1", "short.1"]);
  expect(differences).toEqual([{ path: "rounds.count", values: ["9", "1"] }]);
});
