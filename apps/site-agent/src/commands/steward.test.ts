import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "@engraft/core/models/plan";
import { FakeCoordinator } from "../coordinator.fixture.ts";
import { registerData, resolveData } from "../data/registry.ts";
import { canTrain, makePlan, offerOf, planDigest } from "../plan.fixture.ts";
import { reviewText } from "../terminal/review.ts";
import { findDecision } from "../vault/decisions.ts";
import { requireMembership, type Membership } from "../vault/federation.ts";
import { resolvePlan, savePlan, understandOffer } from "../vault/plans.ts";
import { approve, refusePlan } from "./decide.ts";
import { checkData } from "./data.ts";
import { mappingDigest } from "@engraft/engine/data/mapping";
import { declarationFrom } from "./table-flags.ts";
import { join as joinFederation } from "./join.ts";
import { reviewPlan } from "./review.ts";

let home: string;
let coordinator: FakeCoordinator;
let membership: Membership;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "engraft-steward-"));
  coordinator = await FakeCoordinator.start();
  await joinFederation({ home, invite: coordinator.invite("vienna").text, ca: undefined, now: Date.now });
  membership = await requireMembership(home);
});
afterEach(async () => {
  await coordinator.stop();
  await rm(home, { recursive: true, force: true });
});

async function offer(plan: Plan, withdrawn = false): Promise<string> {
  const understood = understandOffer(offerOf(plan, withdrawn));
  if (!understood.ok) throw new Error(understood.text);
  await savePlan(home, understood.offered, plan.version);
  return planDigest(plan);
}

const flags = { delimiter: ";", decimal: ",", missing: ["?", ""], patient: "pid", label: "num", map: ["age=years"] };

async function table(name: string, lines: readonly string[]): Promise<void> {
  const file = join(home, `${name}.csv`);
  await writeFile(file, `${lines.join("\n")}\n`);
  await registerData(home, { name, table: declarationFrom({ ...flags, file }), registeredAt: 1 });
}

const decision = (plan: string) => findDecision(home, membership, plan);

describe("data", () => {
  it("[D1] names everything that was not declared, at once", () => {
    expect(() => declarationFrom({ file: "t.csv", patient: "id" })).toThrow(/--delimiter[\s\S]*--decimal[\s\S]*--missing[\s\S]*--label/);
    expect(() => declarationFrom({ ...flags, file: "t.csv", delimiter: "," })).toThrow(/same/);
    expect(() => declarationFrom({ ...flags, file: "t.csv", delimiter: "x" })).toThrow(/delimiter/);
    expect(() => declarationFrom({ ...flags, file: "t.csv", map: ["age"] })).toThrow(/field=column/);
    expect(declarationFrom({ ...flags, file: "t.csv", delimiter: "tab" })).toMatchObject({
      delimiter: "\t",
      missing: ["?"],
      columns: { age: "years" },
    });
  });

  it("[D24] of a folder of recordings is declared without a table", () => {
    expect(() => declarationFrom({ records: "ecg" })).toThrow(/--ending[\s\S]*--labels/);
    const records = { records: "ecg", ending: ".hea", labels: "header:Dx" };
    expect(() => declarationFrom({ ...records, labels: "guess" })).toThrow(/header:WORD/);
    expect(() => declarationFrom({ ...records, ending: "hea" })).toThrow(/ending of a file/);
    expect(() => declarationFrom({ ...records, file: "t.csv", label: "num" })).toThrow("--file, --label is of a table");
    expect(declarationFrom({ ...records, map: ["age=Age"] })).toMatchObject({
      source: "records",
      labels: { key: "Dx" },
      columns: { age: "Age" },
    });
    const beats = declarationFrom({ ...records, labels: "beats:atr", patients: "p.csv" });
    expect(beats).toMatchObject({ labels: { annotator: "atr" }, at: "at", patients: resolve("p.csv") });
  });

  it("[D2] is checked as declared against a plan, by line and without a value", async () => {
    const digest = await offer(makePlan());
    await table("main", ["pid;years;num", "a;50,5;1", "b;777;0", "c;?;0", "d;40;9"]);
    const report = await checkData(home, await resolveData(home, "main"), (await resolvePlan(home, digest)).plan.data);
    expect(report).toMatchObject({ ok: true, rows: 4, usable: 3, classes: { positive: 1, negative: 2 } });
    expect(report.findings.filter(({ kind }) => !kind.startsWith("few-")).map(({ kind, places }) => [kind, places[0]?.line])).toEqual([
      ["unknown-label", 5],
      ["outside-range", 3],
    ]);
    expect(JSON.stringify(report)).not.toContain("777");
  });

  it("[D1] [D13] is a CSV file, a Parquet file or a query, and has patient ids or a waiver", () => {
    const { delimiter: _, decimal: __, missing: ___, ...rest } = flags;
    expect(declarationFrom({ ...rest, parquet: "t.parquet" })).toMatchObject({ source: "parquet", patient: "pid" });
    const query = { ...rest, query: "SELECT 1", databaseEnv: "WAREHOUSE" };
    expect(declarationFrom(query)).toMatchObject({ source: "sql", address: { variable: "WAREHOUSE" }, seconds: 600 });
    expect(() => declarationFrom({ ...query, databaseFile: "f" })).toThrow(/--database-env/);
    expect(() => declarationFrom({ ...query, file: "t.csv" })).toThrow(/not several/);
    expect(() => declarationFrom({ ...rest, parquet: "t", patientId: false })).toThrow(/not both/);
    expect(() => declarationFrom({ ...rest, parquet: "t", factor: ["age=0"] })).toThrow(/not 0/);
    expect(() => declarationFrom({ ...rest, parquet: "t", factor: ["age=x"] })).toThrow(/factors/);
  });

  it("a name is needed only where several tables are registered", async () => {
    await expect(resolveData(home, undefined)).rejects.toMatchObject({ code: "data-missing" });
    await table("main", ["pid;years;num"]);
    expect((await resolveData(home, undefined)).name).toBe("main");
    await table("second", ["pid;years;num"]);
    await expect(resolveData(home, undefined)).rejects.toThrow(/main, second/);
    await expect(resolveData(home, "../identity")).rejects.toMatchObject({ code: "data-missing" });
  });
});

describe("decisions", () => {
  it("sign the digest with the steward's name, and keep which table may be used", async () => {
    const digest = await offer(makePlan());
    await table("main", ["pid;years;num"]);
    await approve({ home, membership, plan: digest.slice(0, 10), steward: " Dr. A ", data: undefined, tryPlan: canTrain, at: 3 });
    expect(await decision(digest)).toMatchObject({
      approval: { plan: digest, decision: "approved", steward: "Dr. A", reason: null, at: 3 },
      data: "main",
      recorded: false,
    });
    await refusePlan({ home, membership, plan: digest, steward: "Dr. B", reason: "Too many rounds.", at: 4 });
    expect(await decision(digest)).toMatchObject({ approval: { decision: "refused", reason: "Too many rounds." }, data: null });
  });

  it("warn of a table that does not fit, and keep the engine that was chosen", async () => {
    const digest = await offer(makePlan());
    const given = { home, membership, plan: digest, steward: "Dr. A", data: undefined, tryPlan: canTrain, at: 3 };
    await table("main", ["pid;years;num"]);
    expect((await approve(given)).text).toMatch(/Warning: the table does not fit the plan.*"engraft-site data check main" says why/);
    const rows = Array.from({ length: 60 }, (_, at) => `p${at};${40 + (at % 30)},5;${at % 2}`);
    await table("main", ["pid;years;num", ...rows]);
    expect((await approve(given)).text).not.toContain("Warning");
    expect(await decision(digest)).toMatchObject({ engine: "cpu" });
  });

  it("[D11] [D13] hold the digest of units, codes and patients as they are declared", async () => {
    const digest = await offer(makePlan());
    const given = { home, membership, plan: digest, steward: "Dr. A", data: undefined, tryPlan: canTrain, at: 3 };
    await table("main", ["pid;years;num"]);
    await approve(given);
    expect(Object.keys((await decision(digest))?.approval ?? {})).not.toContain("mapping");
    const { patient: _, ...rest } = flags;
    const without = declarationFrom({ ...rest, file: join(home, "main.csv"), patientId: false, unit: ["age=mo"] });
    await registerData(home, { name: "main", table: without, registeredAt: 2 });
    const { text } = await approve(given);
    const { mapping, rowsAsPatients } = (await decision(digest))?.approval ?? {};
    expect([mapping, rowsAsPatients]).toEqual([await mappingDigest(without), true]);
    expect(text).toContain(mapping?.slice(0, 12));
    expect(text).toContain("each row counts as a patient");
  });

  it("are not possible about unknown or withdrawn plans, without a name, or with a table that is not there", async () => {
    const digest = await offer(makePlan());
    const given = { home, membership, plan: digest, steward: "Dr. A", data: undefined, tryPlan: canTrain, at: 3 };
    await expect(approve({ ...given, plan: "0".repeat(64) })).rejects.toMatchObject({ code: "plan-unknown" });
    await expect(approve({ ...given, steward: "  " })).rejects.toMatchObject({ code: "bad-input" });
    await expect(approve({ ...given, data: "other" })).rejects.toMatchObject({ code: "data-missing" });
    await offer(makePlan(), true);
    await expect(approve(given)).rejects.toMatchObject({ code: "plan-withdrawn" });
    expect(await decision(digest)).toBeUndefined();
  });
});

describe("a plan that cannot be trained here", () => {
  const tooLarge = () =>
    Promise.resolve({ can: false, reason: "it needs about 9 MB of memory, and 1 MB are free on this machine" } as const);

  it("[P6] is refused at review and cannot be approved, and says why", async () => {
    const digest = await offer(makePlan());
    const review = await reviewPlan(home, membership, await resolvePlan(home, digest), tooLarge);
    expect(reviewText(review)).toContain("CANNOT BE TRAINED HERE, so it cannot be approved: it needs about 9 MB");
    expect(reviewText(review)).not.toContain("engraft-site approve");
    const given = { home, membership, plan: digest, steward: "Dr. A", data: undefined, at: 3 };
    await expect(approve({ ...given, tryPlan: tooLarge })).rejects.toMatchObject({ code: "training-failed", message: /9 MB of memory/ });
    expect(await decision(digest)).toBeUndefined();
    await refusePlan({ ...given, reason: "Our machine is too small." });
    expect(await decision(digest)).toMatchObject({ approval: { decision: "refused" } });
  });

  it("is told by the table that may be used, and only while there is something to decide", async () => {
    const digest = await offer(makePlan());
    await table("main", ["pid;years;num", "a;50;1", "b;40;0"]);
    const rows: unknown[] = [];
    const review = await reviewPlan(home, membership, await resolvePlan(home, digest), (_, summary) => {
      rows.push(summary?.report?.usable);
      return canTrain();
    });
    expect(rows).toEqual([2]);
    expect(reviewText(review)).toMatch(
      /Training here +Yes, with test: less than a minute a round \(400 steps, 1\.5 ms a step\), 128 MB of memory\./,
    );
    await approve({ home, membership, plan: digest, steward: "Dr. A", data: undefined, tryPlan: canTrain, at: 3 });
    const decided = await reviewPlan(home, membership, await resolvePlan(home, digest), () => Promise.reject(new Error("tried")));
    expect(decided.training).toBeNull();
  });
});

describe("review", () => {
  it("[P4] shows what changed since the last plan of that name that was approved here, not since any other", async () => {
    const first = await offer(makePlan());
    await approve({ home, membership, plan: first, steward: "A", data: undefined, tryPlan: canTrain, at: 1 });
    await offer(makePlan((plan) => ({ ...plan, version: 2, training: { ...plan.training, batch: 4 } })));
    await offer(makePlan((plan) => ({ ...plan, name: "other", version: 9 })));
    const third = await offer(makePlan((plan) => ({ ...plan, version: 3, training: { ...plan.training, batch: 16, clip: 2 } })));
    const review = await reviewPlan(home, membership, await resolvePlan(home, third), canTrain);
    expect(review.changes).toEqual({
      since: 1,
      list: [
        { kind: "changed", path: "version", before: "1", after: "3" },
        { kind: "changed", path: "training.batch", before: "8", after: "16" },
        { kind: "changed", path: "training.clip", before: "1", after: "2" },
      ],
    });
    const text = reviewText(review);
    expect(text).toContain("± training.batch: 8 -> 16");
    expect(text).toContain("WARNING: Plain aggregation: the coordinator can read each update.");
    expect(text).toContain(review.words.join(" "));
    expect(text).toContain(`engraft-site approve ${third.slice(0, 12)}`);
  });

  it("says how the registered table fits, and is readable where it cannot be read", async () => {
    const digest = await offer(makePlan());
    const plan = await resolvePlan(home, digest);
    expect(reviewText(await reviewPlan(home, membership, plan, canTrain))).toContain("data add");
    await table("main", ["pid;years;num", "a;50;1"]);
    expect((await reviewPlan(home, membership, plan, canTrain)).data?.report).toMatchObject({ usable: 1, ok: true });
    await rm(join(home, "main.csv"));
    expect(reviewText(await reviewPlan(home, membership, plan, canTrain))).toContain("cannot be read");
  });
});
