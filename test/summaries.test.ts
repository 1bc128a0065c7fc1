/** Summaries through the real binaries: counts of all sites' patients under the masks, with small cells joined, and signed. */
import { spawnSync } from "node:child_process";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PublicKey } from "@engraft/core/base/ids";
import { isRefusal } from "@engraft/core/base/errors";
import type { Plan } from "@engraft/core/models/plan";
import { SummaryTable, type SummaryMeasure } from "@engraft/core/models/summary/table";
import { openSummary } from "@engraft/core/provenance/summary";
import type { RunView } from "@engraft/core/rounds/view";
import { afterAll, expect, it } from "vitest";
import { run as runProgram } from "../tools/federation/program.ts";
import { exampleFile } from "../examples/heart-disease/files.ts";
import { Heart, heartPlan } from "./support/heart.ts";
import { looks } from "./support/looks.ts";
import { firstAdmin, openBrowser } from "./support/browser.ts";
import { findChromium, findPython, requireOrSkip } from "./support/require.ts";

const MIN = 10;
const BINS = 16;

/** Counts of the same patients by numpy, from the files themselves: of each field no value, below, bins, above or codes, by label. */
const NUMPY = `
import csv, hashlib, json, struct, sys
import numpy as np
given = json.load(sys.stdin)
plan, split = given["plan"], given["plan"]["data"]["split"]
def share(patient):
    parts = [split["salt"].encode(), patient.encode()]
    text = b"".join(struct.pack("<I", len(part)) + part for part in parts)
    return int.from_bytes(hashlib.sha256(text).digest()[:6], "big") / 2**48
rows, test, seen = [], 0, set()
for path in given["files"]:
    for row in csv.DictReader(open(path)):
        if row["num"] == "" or row["patient"] in seen: continue
        seen.add(row["patient"])
        if share(row["patient"]) < split["train"] + split["validation"]: rows.append(row)
        else: test += 1
yes = np.array([row["num"] != "0" for row in rows])
fields = {}
for field in plan["data"]["fields"]:
    texts = [row[field["name"]] for row in rows]
    if field["kind"] == "number":
        x = np.array([float(text) if text else np.nan for text in texts])
        def cells(x):
            kept = x[~np.isnan(x)]
            inside = np.histogram(kept, bins=given["bins"], range=(field["min"], field["max"]))[0]
            return [int(np.isnan(x).sum()), int((kept < field["min"]).sum()), *map(int, inside), int((kept > field["max"]).sum())]
        quantiles = [float(np.quantile(x[~np.isnan(x)], p, method="inverted_cdf")) for p in (.05, .25, .5, .75, .95)]
        fields[field["name"]] = {"all": cells(x), "no": cells(x[~yes]), "yes": cells(x[yes]), "quantiles": quantiles}
    else:
        codes = [value["code"] for value in field["values"]]
        x = np.array([1 + codes.index(str(int(float(text)))) if text else 0 for text in texts])
        def cells(x): return [int((x == cell).sum()) for cell in range(len(codes) + 1)]
        fields[field["name"]] = {"all": cells(x), "no": cells(x[~yes]), "yes": cells(x[yes]), "quantiles": None}
print(json.dumps({"patients": len(rows), "test": test, "yes": int(yes.sum()), "fields": fields}))`;

/** The population stability index by numpy: own cells against the reference's, less own, by the same smoothing. */
const PSI = `
import json, sys
import numpy as np
given = json.load(sys.stdin)
def psi(a, b):
    a, b = [(np.array(x, float) + .5) / (sum(x) + len(x) / 2) for x in (a, b)]
    return float(((a - b) * np.log(a / b)).sum())
out = {}
for field in given["shift"]["fields"]:
    own = given["own"][field["name"]]["all"]
    mine = [sum(own[at] for at in cell["at"]) for cell in field["cells"]]
    others = [cell["count"] - mine[index] for index, cell in enumerate(field["cells"])]
    out[field["name"]] = round(psi(mine, others), 2) + 0.0 if sum(own[1:]) >= given["least"] and min(others) >= 0 else None
print(json.dumps(out))`;

interface Reference {
  readonly patients: number;
  readonly test: number;
  readonly yes: number;
  readonly fields: Readonly<
    Record<
      string,
      {
        readonly all: readonly number[];
        readonly no: readonly number[];
        readonly yes: readonly number[];
        readonly quantiles: readonly number[] | null;
      }
    >
  >;
}

const hearts: Heart[] = [];
afterAll(async () => {
  for (const heart of hearts) await heart.stop();
});

const sumAt = (counts: readonly number[], at: readonly number[]): number => at.reduce((sum, cell) => sum + (counts[cell] as number), 0);

/** All counts that a table shows of a measure. */
const countsIn = ({ cells, byLabel }: SummaryMeasure): readonly number[] => [
  ...(cells ?? []).map(({ count }) => count),
  ...byLabel.flatMap((one) => one.cells.flatMap(({ counts }) => counts)),
];

const summaryPlan = (plan: Plan): Plan => ({
  ...plan,
  name: "heart-data",
  rounds: { count: 1, stop: null },
  cohort: { ...plan.cohort, graceSeconds: 2 },
  metrics: { ...plan.metrics, minCount: MIN, perSite: false, compareAlone: false },
  summary: { bins: BINS },
});

requireOrSkip("Python with numpy", findPython("numpy")).describe("a summary of four hospitals", (python) => {
  it("[F1] [F2] [F3] [F5] [F7] [F8] is numpy's counts of the survivors' patients, joined where they are few, also where a site is killed behind the masks", async () => {
    const heart = await Heart.start({
      aggregation: "secure",
      tables: "copied",
      agentEnv: { va: { ENGRAFT_CRASH_AT: "send.masked:1" } },
      plan: summaryPlan,
    });
    hearts.push(heart);
    // A hospital that writes nonsense: it is counted where it lies, not dropped.
    const wrong = Array.from(
      { length: 40 },
      (_, at) => `HX${at},${at % 2 === 0 ? "150,1,4,140,1200" : "9,0,3,130,12"},0,1,120,1,1,2,,,${at % 3}`,
    );
    await appendFile(heart.tableOf("hungary"), `${wrong.join("\n")}\n`);

    const run = await heart.startRun();
    await heart.federation.agents.get("va")?.exited;
    await heart.until(run, (view) => view.evaluationRound?.sum !== null && view.evaluationRound?.sum !== undefined);
    await heart.federation.startAgent("va");
    const view = await heart.untilPhase(run, "finished");
    expect(view.evaluationRound?.sum?.sites).toEqual(["cleveland", "hungary", "switzerland"]);
    expect(view.rounds).toEqual([]);

    const out = join(heart.dir, "summary.dsse.json");
    const table = SummaryTable.parse(await heart.federation.coordinatorCommandOk("run", "summary", run, "--out", out));
    const { figures } = table;
    const plan = summaryPlan(await heartPlan("secure"));
    const files = table.sites.map((site) => heart.tableOf(site));
    const reference = asked(python, NUMPY, { plan, files, bins: BINS }) as Reference;
    expect(figures.patients).toBe(reference.patients);
    expect(figures.testPatients).toBe(reference.test);
    expect(figures.labels[0]?.classes).toEqual([
      { name: "no", count: reference.patients - reference.yes },
      { name: "yes", count: reference.yes },
    ]);
    expect(figures.measures.map(({ name }) => name)).toEqual(Object.keys(reference.fields));
    for (const measure of figures.measures) {
      const its = reference.fields[measure.name] as Reference["fields"][string];
      // No cell is shown of fewer patients; nobody is missing in any division.
      expect(countsIn(measure).filter((count) => count > 0 && count < MIN)).toEqual([]);
      expect(measure.cells?.flatMap(({ at }) => at).sort((a, b) => a - b)).toEqual(its.all.map((_, cell) => cell));
      expect(measure.cells?.map(({ count }) => count)).toEqual(measure.cells?.map(({ at }) => sumAt(its.all, at)));
      for (const { cells } of measure.byLabel)
        expect(cells.map(({ counts }) => counts)).toEqual(cells.map(({ at }) => [sumAt(its.no, at), sumAt(its.yes, at)]));
      if (measure.kind !== "number") continue;
      for (const [index, { from, to }] of (measure.quantiles ?? []).entries()) {
        const exact = its.quantiles?.[index] as number;
        expect((from ?? -Infinity) <= exact && exact <= (to ?? Infinity)).toBe(true);
      }
    }
    const age = figures.measures.find(({ name }) => name === "age");
    expect(age?.cells?.some(({ text }) => text.startsWith("above"))).toBe(true);
    expect(age?.byLabel.length).toBe(1);

    // Signed: another key, or another byte, is refused; `engraft summary` shows it to whoever was told the key.
    const key = PublicKey.parse(view.run === run ? await coordinatorKey(heart) : "");
    const text = await readFile(out, "utf8");
    const opened = openSummary(text, key);
    expect(isRefusal(opened) ? opened : opened.table).toEqual(table);
    expect(isRefusal(openSummary(text.replace('"payload": "e', '"payload": "f'), key))).toBe(true);
    const shown = await runProgram("engraft", ["summary", out, "--key", key], {
      name: "engraft",
      log: join(heart.dir, "log", "engraft.log"),
    });
    expect(shown.code).toBe(0);

    // The approval was of one run; and these patients' counts have left: a second summary is declined by every site that masked them.
    expect((await heart.federation.coordinatorCommand("release", "list")).stdout).not.toContain(run);
    const approve = ["approve", heart.plan, "--steward", "Demo steward", "--data", "main"];
    await Promise.all(heart.sites.map(({ site }) => heart.federation.siteCommandOk(site, ...approve)));
    const api = await heart.federation.api();
    for (;;) {
      const { approvals } = await api.plans.get.query({ digest: heart.plan });
      if (approvals.every(({ decision, usedBy }) => decision === "approved" && usedBy === null)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const again = await heart.startRun();
    const declines = (seen: RunView): readonly string[] =>
      (seen.evaluationRound?.attempts[0]?.sites ?? [])
        .flatMap(({ site, dropped }) => (dropped === null ? [] : [`${site} ${dropped.code}`]))
        .sort();
    const declined = await heart.until(again, (seen) => declines(seen).length >= 4);
    // Also Virginia, which cannot know that its masked counts came too late.
    expect(declines(declined)).toEqual(["cleveland", "hungary", "switzerland", "va"].map((site) => `${site} round-released`));

    // A plan over the same federation compares each site with what was summed, where its steward lets it say so.
    await heart.federation.coordinatorCommandOk("run", "stop", again);
    const path = join(heart.dir, "train.json");
    const example = await heartPlan("secure");
    const training = {
      ...example,
      rounds: { count: 1, stop: null },
      training: { ...example.training, amount: { unit: "updates", count: 5 } },
    };
    await writeFile(path, JSON.stringify({ ...training, metrics: { ...training.metrics, minCount: MIN } }));
    const { digest } = (await heart.federation.coordinatorCommandOk("plan", "propose", path, "--shift", run)) as { digest: string };
    // What the base is worth at two hospitals, before anybody trains. Of one of them the steward lets no figures out.
    const line = await heart.federation.agents.get("va")?.line((one) => one.event === "plan.offered" && one["plan"] === digest);
    expect(line).toBeDefined();
    const probe = (site: string, ...flags: string[]) =>
      heart.federation.siteCommand(site, "probe", digest, "--base", exampleFile("base"), ...flags);
    const [here, there] = [await probe("va", "--report"), await probe("switzerland", "--report", "--out", join(heart.dir, "probe.json"))];
    expect([here.code, there.code]).toEqual([0, 0]);
    expect(here.result?.["patients"]).toBe(
      (asked(python, NUMPY, { plan, files: [heart.tableOf("va")], bins: BINS }) as Reference).patients,
    );
    expect(Object.keys(here.result?.["arms"] as object)).toEqual(["base", "probe", "scratch"]);
    expect((await heart.federation.siteCommand("va", "probe", digest, "--base", heart.dir)).stderr).toContain("Cannot read");
    for (const { site } of heart.sites)
      await heart.federation.approve(site, digest, "--data", "main", ...(site === "switzerland" ? [] : ["--site-metrics"]));
    const { probes } = await api.plans.get.query({ digest });
    expect(probes.map(({ site }) => site)).toEqual(["va"]);
    expect(probes[0]?.report.depth).toBe((here.result?.["recommendation"] as { depth: string } | undefined)?.depth);
    const trained = (await heart.federation.coordinatorCommandOk("run", "start", digest)) as { run: string };
    const { comparisons } = await heart.untilPhase(trained.run, "finished");
    const shifts = new Map(comparisons.map(({ site, shift }) => [site, shift]));
    // Their stewards have the last word: nothing is said of Switzerland's patients.
    expect([...shifts.keys()].sort()).toEqual(["cleveland", "hungary", "va"]);
    const proposed = (await api.plans.get.query({ digest })).plan;
    for (const [site, shift] of shifts) {
      const own = asked(python, NUMPY, { plan, files: [heart.tableOf(site)], bins: BINS }) as Reference;
      const found = Object.fromEntries(shift?.fields.map(({ name, psi }) => [name, psi]) ?? []);
      // Virginia was not in the sum.
      expect(shift?.against).toBe(site === "va" ? "all" : "others");
      const without =
        site === "va" ? { ...proposed.metrics.shift, fields: proposed.metrics.shift?.fields.map(withOwn(own)) } : proposed.metrics.shift;
      expect(found).toEqual(asked(python, PSI, { shift: without, own: own.fields, least: MIN }));
      // Where its own patients are in the base, they are near its means; elsewhere further off.
      const age = shift?.fields.find(({ name }) => name === "age")?.base ?? Number.NaN;
      expect(site === "cleveland" ? Math.abs(age) < 0.1 : Math.abs(age) > 0.1).toBe(true);
    }
  }, 600_000);
});

async function coordinatorKey(heart: Heart): Promise<string> {
  const known = JSON.parse(await readFile(join(heart.federation.siteDir("cleveland"), "federation.json"), "utf8")) as {
    coordinator: string;
  };
  return known.coordinator;
}

function asked(python: string, script: string, input: unknown): unknown {
  const answer = spawnSync(python, ["-c", script], { input: JSON.stringify(input), encoding: "utf8", maxBuffer: 1 << 26 });
  if (answer.status !== 0) throw new Error(answer.stderr);
  return JSON.parse(answer.stdout);
}

/** A field's cells with a site's own patients added, so that taking them off leaves the summary. */
const withOwn =
  (own: Reference) =>
  <F extends { readonly name: string; readonly cells: readonly { readonly at: readonly number[]; readonly count: number }[] }>(
    field: F,
  ) => ({ ...field, cells: field.cells.map(({ at, count }) => ({ at, count: count + sumAt(own.fields[field.name]?.all ?? [], at) })) });

requireOrSkip("chromium", findChromium).describe("summaries in the dashboard", (chromium) => {
  it("[F2] [F6] shows histograms with their tables, and the shift of each site, without a fault of accessibility", async () => {
    const heart = await Heart.start({ aggregation: "secure", dashboard: true, plan: summaryPlan });
    hearts.push(heart);
    const run = await heart.startRun();
    await heart.untilPhase(run, "finished");
    const path = join(heart.dir, "train.json");
    const example = await heartPlan("secure");
    const amount = { unit: "updates", count: 5 };
    await writeFile(path, JSON.stringify({ ...example, rounds: { count: 1, stop: null }, training: { ...example.training, amount } }));
    const { digest } = (await heart.federation.coordinatorCommandOk("plan", "propose", path, "--shift", run)) as { digest: string };
    await heart.federation.agents.get("hungary")?.line((one) => one.event === "plan.offered" && one["plan"] === digest);
    await heart.federation.siteCommandOk("hungary", "probe", digest, "--base", exampleFile("base"), "--report");
    for (const { site } of heart.sites)
      await heart.federation.approve(site, digest, "--data", "main", ...(site === "va" ? [] : ["--site-metrics"]));
    const trained = (await heart.federation.coordinatorCommandOk("run", "start", digest)) as { run: string };
    await heart.untilPhase(trained.run, "finished");

    const browser = await openBrowser(chromium);
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      page.setDefaultTimeout(30_000);
      await firstAdmin(page, heart.federation);
      await page.goto(`${heart.federation.url}/runs/${run}`);
      const card = page.getByRole("region", { name: "Data of all sites together" });
      await card.getByRole("img", { name: /^Age: .*46\.75 to 52\.5/ }).waitFor();
      await card.getByText("Table").first().click();
      const api = await heart.federation.api();
      const { table } = await api.runs.summary.query({ run });
      const age = table.figures.measures.find(({ name }) => name === "age");
      for (const { text, count } of age?.cells ?? [])
        expect(await card.getByRole("row", { name: `${text} ${count}`, exact: true }).count()).toBeGreaterThan(0);
      await looks(page, "summary");

      await page.goto(`${heart.federation.url}/runs/${trained.run}`);
      const shift = page.getByRole("region", { name: "Domain shift", exact: true });
      await shift.getByText("Not reported by va.").waitFor();
      const sites = await shift.getByRole("table").locator("tbody tr").count();
      expect(sites).toBe(3 * table.figures.measures.length);
      const largest = await shift.getByRole("table").locator("tbody tr").first().innerText();
      expect(largest).toContain("large");
      await looks(page, "shift");
      await page.goto(`${heart.federation.url}/plans/${digest}`);
      await page.getByText("population stability index").first().waitFor();
      await page
        .getByRole("region", { name: "Transfer probe", exact: true })
        .getByRole("row", { name: /hungary/ })
        .waitFor();
      await looks(page, "probe");
    } finally {
      await browser.close();
    }
  }, 600_000);
});
