/** What an operator's own tools read of a real run: metrics and logs. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Heart, shortPlan } from "./support/heart.ts";
import { readMetrics, type Family, type Sample } from "./support/prometheus.ts";

const SITES = ["cleveland", "hungary"];

let heart: Heart;
let run = "";
beforeAll(async () => {
  heart = await Heart.start({ sites: SITES, plan: shortPlan(2) });
  run = await heart.startRun();
  await heart.untilPhase(run, "finished");
});
afterAll(() => heart.stop());

describe("metrics", () => {
  const read = async (): Promise<{ readonly text: string; readonly families: ReadonlyMap<string, Family> }> => {
    const response = await fetch(`${heart.federation.url}/metrics`);
    const text = await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    return { text, families: readMetrics(text) };
  };
  const value = (family: Family | undefined, wanted: Partial<Sample["labels"]>, suffix = ""): number | undefined =>
    family?.samples.find(
      ({ name, labels }) => name === `${family.name}${suffix}` && Object.entries(wanted).every(([label, of]) => labels[label] === of),
    )?.value;

  it("[H3] keep the format's rules, and name no site, plan or person", async () => {
    const { text, families } = await read();
    expect(families.size).toBeGreaterThan(20);
    for (const name of [...SITES, "heart", run, heart.plan, "@"]) expect(text).not.toContain(name);
  });

  it("say what the run did: its phases, its bytes, its events", async () => {
    const { families } = await read();
    const phases = families.get("engraft_round_phase_seconds");
    expect(["collecting", "combining", "evaluating"].map((phase) => value(phases, { phase }, "_count"))).toEqual([2, 2, 1]);
    expect(value(families.get("engraft_round_seconds"), {}, "_count")).toBe(2);
    expect(value(families.get("engraft_rounds_total"), {})).toBe(2);
    expect(value(families.get("engraft_agents_connected"), {})).toBe(2);
    expect(value(families.get("engraft_runs_ended_total"), { how: "finished" })).toBe(1);
    const bytes = families.get("engraft_link_bytes_total");
    for (const direction of ["in", "out"])
      for (const kind of ["message", "blob"]) expect(value(bytes, { direction, kind })).toBeGreaterThan(1000);
    const events = (await (await heart.federation.api()).runs.get.query({ run })).events.length;
    expect(value(families.get("engraft_event_lag_seconds"), { to: "feed" }, "_count")).toBe(events);
  });
});

describe("logs", () => {
  const linesOf = async (program: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const text = await readFile(join(heart.dir, "log", `${program}.log`), "utf8");
    const lines = text.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it("[H4] every line of the coordinator's about a run names it, with round and site where there is one", async () => {
    const lines = await linesOf("coordinator");
    const { events } = await (await heart.federation.api()).runs.get.query({ run });
    for (const { event } of events) {
      const about = { run, ...("round" in event ? { round: event.round } : {}), ...("site" in event ? { site: event.site } : {}) };
      expect(lines).toContainEqual(expect.objectContaining({ ...about, msg: event.type }));
    }
    const online = lines.filter(({ msg }) => msg === "site.online").map(({ site }) => site);
    expect([...new Set(online)].map(String).sort()).toEqual(SITES);
    expect(
      lines.every(
        ({ level, time, name, msg }) =>
          typeof level === "number" && typeof time === "number" && name === "coordinator" && typeof msg === "string",
      ),
    ).toBe(true);
  });

  it("[H4] every line of an agent's names its site, and run and round where it works on one", async () => {
    for (const site of SITES) {
      const lines = await linesOf(site);
      expect(lines.length).toBeGreaterThan(5);
      expect(lines.filter((line) => line["site"] !== site)).toEqual([]);
      const work = lines.filter(({ event }) => /^(ask|answer)\./.test(String(event)));
      expect(work.filter((line) => line["run"] !== run || typeof line["round"] !== "number")).toEqual([]);
      expect(work.filter(({ event }) => event === "answer.accepted").map((line) => line["round"])).toEqual([1, 2, 2]);
    }
  });
});
