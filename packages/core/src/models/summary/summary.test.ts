import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../../base/errors.ts";
import { heartManifest, heartManifestDigest, heartPlan } from "../heart.fixture.ts";
import { checkPlanAgainstBase, Plan } from "../plan.ts";
import { planInWords } from "../plan-words.ts";
import type { Label } from "../labels.ts";
import { countPatients, type Counted } from "./count.ts";
import { joined } from "./join.ts";
import { readSummary } from "./read.ts";
import { cellsOf, measuresOf, partitionsOf, summaryLength } from "./settings.ts";
import type { SummaryFigures } from "./table.ts";
import { summaryLines } from "./words.ts";

const directory = ["aa", "bb", "cc"].map((site, at) => ({
  site,
  publicKey: `${"ABC"[at]}${"A".repeat(42)}`,
  operator: site,
  withCoordinator: false,
}));
const secure = {
  method: "secure",
  directory,
  weights: "equal",
  weightCap: 1,
  coordinateClip: 1,
  encoding: "full",
  attempts: 1,
  phaseSeconds: 10,
} as const;

const summaryPlan = (change: Partial<Plan> = {}): Plan =>
  Plan.parse({
    ...heartPlan,
    rounds: { count: 1, stop: null },
    aggregation: secure,
    metrics: { names: ["auroc"], perSite: false, compareAlone: false, minCount: 5 },
    summary: { bins: 4 },
    ...change,
  });

const withLabel = (label: Label): Plan =>
  summaryPlan({ data: { ...heartPlan.data, label }, metrics: { ...summaryPlan().metrics, names: ["loss"] } });

const survival: Label = {
  kind: "survival",
  name: "death",
  title: "Death",
  time: { name: "days", unit: "d", max: 1000 },
  event: { name: "died", occurred: ["1"], censored: ["0"] },
};
const several: Label = {
  kind: "multilabel",
  name: "findings",
  title: "Findings",
  labels: ["x", "y"].map((name) => ({ name, title: name, positive: ["1"], negative: ["0"] })),
};
const number: Label = { kind: "regression", name: "ef", title: "Ejection fraction", unit: "%", min: 0, max: 100 };
const ordinal: Label = {
  kind: "ordinal",
  name: "grade",
  title: "Grade",
  classes: ["one", "two", "three"].map((name) => ({ name, codes: [name] })),
};

/** Ages around the declared 18 to 110, sexes, and any of the label's targets; unevenly, so that some cells are small. */
function patientsOf({ label }: Plan["data"]): fc.Arbitrary<Counted[]> {
  const age = fc.oneof(
    { weight: 8, arbitrary: fc.double({ min: 30, max: 80, noNaN: true }) },
    fc.constantFrom(17, 18, 41, 64, 87, 110, 111, 1e9, NaN),
  );
  const sex = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(0, 1) }, fc.constant(NaN));
  const bit = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.constant(1));
  const own = fc.double({ min: -100, max: 1200, noNaN: true });
  switch (label.kind) {
    case "survival":
      return fc.array(
        fc.tuple(age, sex, own, bit).map(([a, s, t, e]) => ({ values: [a, s, t], targets: [t, e] })),
        { minLength: 5, maxLength: 120 },
      );
    case "regression":
      return fc.array(
        fc.tuple(age, sex, own).map(([a, s, t]) => ({ values: [a, s, t], targets: [t] })),
        { minLength: 5, maxLength: 120 },
      );
    case "multilabel":
      return fc.array(
        fc.tuple(age, sex, bit, fc.constantFrom(0, 1, NaN)).map(([a, s, x, y]) => ({ values: [a, s], targets: [x, y] })),
        { minLength: 5, maxLength: 120 },
      );
    default:
      return fc.array(
        fc
          .tuple(age, sex, fc.constantFrom(0, 0, 0, 0, 1, label.kind === "ordinal" ? 2 : 1))
          .map(([a, s, y]) => ({ values: [a, s], targets: [y] })),
        { minLength: 5, maxLength: 120 },
      );
  }
}

function summed(plan: Plan, sites: readonly Counted[][]): SummaryFigures {
  const settings = plan.summary ?? { bins: 2 };
  const parts = sites.map((patients) => countPatients(plan, settings, patients, 3));
  const totals = (parts[0] ?? []).map((_, at) => parts.reduce((sum, part) => sum + (part[at] as number), 0));
  const read = readSummary(plan, totals, sites.length);
  if (isRefusal(read)) throw new Error(read.text);
  return read.value;
}

const PLANS = [summaryPlan(), withLabel(survival), withLabel(several), withLabel(number), withLabel(ordinal)];

describe("a summary", () => {
  it.each(PLANS.map((plan) => [plan.data.label.kind ?? "yes/no", plan] as const))(
    "[F1] [F2] counts each patient of each site once, below and above too, and shows no few, of a label %s",
    (_, plan) => {
      fc.assert(
        fc.property(fc.array(patientsOf(plan.data), { minLength: 3, maxLength: 3 }), (sites) => {
          const all = sites.flat();
          const figures = summed(plan, sites);
          expect(figures.patients).toBe(all.length);
          expect(figures.testPatients).toBe(9);
          figures.measures.forEach((measure, index) => {
            if (measure.cells === null) return expect(all.filter(({ values }) => !Number.isNaN(values[index])).length).toBeLessThan(5);
            expect(measure.cells.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
            for (const { at, count } of measure.cells) {
              expect(count >= 5 || (count === 0 && at.join() === "0")).toBe(true);
              if (measure.kind === "number" && at.join() === "1")
                expect(count).toBe(all.filter(({ values }) => (values[index] as number) < (measure.edges[0] as number)).length);
            }
            for (const { cells, classes } of measure.byLabel) {
              // Whole cells of the measure, so that nothing finer follows from both.
              const whole = (measure.cells ?? []).map(({ at }) => at.join());
              for (const { at } of cells)
                expect(
                  whole
                    .filter((one) => one.split(",").every((cell) => at.includes(Number(cell))))
                    .join(",")
                    .split(",")
                    .map(Number)
                    .sort((a, b) => a - b),
                ).toEqual(at);
              for (const { at, counts } of cells) expect(counts.every((count) => count >= 5) || at.join() === "0").toBe(true);
              const shown = figures.labels.find(({ classes: names }) => names?.map(({ name }) => name).join() === classes.join())?.classes;
              expect(classes.map((__, its) => cells.reduce((sum, { counts }) => sum + (counts[its] as number), 0))).toEqual(
                shown?.map(({ count }) => count),
              );
            }
          });
        }),
        { numRuns: 60 },
      );
    },
  );

  it("[F1] says of each quantile a range that holds the exact one, also where patients without a value are joined with a cell", () => {
    const plan = summaryPlan();
    fc.assert(
      fc.property(fc.array(patientsOf(plan.data), { minLength: 3, maxLength: 3 }), (sites) => {
        const ages = sites
          .flat()
          .map(({ values }) => values[0] as number)
          .filter((age) => !Number.isNaN(age))
          .sort((a, b) => a - b);
        const [age] = summed(plan, sites).measures;
        if (age?.kind !== "number" || age.quantiles === null) return;
        for (const { p, from, to } of age.quantiles) {
          const exact = ages[Math.max(1, Math.ceil(p * ages.length - 1e-9)) - 1] as number;
          expect((from ?? -Infinity) <= exact && exact <= (to ?? Infinity)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("[F2] joins neighbours in order and small codes with each other, and shows nothing where all together are few", () => {
    const one = (counts: readonly number[]) => counts.map((count) => [count]);
    expect(joined(one([2, 4, 9, 1, 0, 7, 3]), 5, true)).toEqual([[0, 1], [2], [3, 4, 5, 6]]);
    expect(joined(one([2, 9, 4, 30]), 5, false)).toEqual([[0, 2], [1], [3]]);
    expect(joined(one([0, 9, 30]), 5, false)).toEqual([[0, 1], [2]]);
    expect(joined(one([1, 1]), 5, true)).toBeUndefined();
    // Each class must have enough.
    expect(
      joined(
        [
          [9, 1],
          [9, 4],
          [0, 8],
          [6, 6],
        ],
        5,
        true,
      ),
    ).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it("[F4] is refused in plain, where something is trained or shown of single sites, and for a minimum count that tells of single patients", () => {
    const problems = (change: Partial<Plan>): string => {
      const checked = checkPlanAgainstBase(summaryPlan(change), heartManifestDigest, heartManifest);
      return isRefusal(checked) ? checked.text : "";
    };
    const { metrics, training } = summaryPlan();
    expect(problems({})).toBe("");
    expect(problems({ aggregation: { method: "plain" } })).toContain("would read each site's own counts");
    expect(problems({ rounds: { count: 2, stop: null } })).toContain("rounds.count must be 1");
    expect(problems({ training: { ...training, analytic: { method: "ridge", rounds: 1, penalty: 1, bound: 8 } } })).toContain(
      "trains nothing",
    );
    expect(problems({ metrics: { ...metrics, perSite: true } })).toContain("no figures of single sites");
    expect(problems({ metrics: { ...metrics, minCount: 4 } })).toContain("at least 5");
    expect(problems({ metrics: { ...metrics, compareAlone: true } })).toContain("must be false");
    expect(() =>
      countPatients(
        summaryPlan(),
        { bins: 4 },
        Array.from({ length: 4 }, () => ({ values: [50, 1], targets: [1] })),
        0,
      ),
    ).toThrow("do not leave");
  });

  it("[M4] [F4] refuses a sum whose counts do not go together", () => {
    const plan = summaryPlan();
    const good = countPatients(
      plan,
      { bins: 4 },
      Array.from({ length: 20 }, (_, at) => ({ values: [20 + 4 * at, at % 2], targets: [at % 3 === 0 ? 1 : 0] })),
      4,
    );
    expect(good).toHaveLength(summaryLength(plan));
    expect(readSummary(plan, good, 3).ok).toBe(true);
    expect(readSummary(plan, good, 5).ok).toBe(false);
    for (let at = 0; at < good.length; at++)
      if (at !== 1)
        expect(
          readSummary(
            plan,
            good.map((count, index) => (index === at ? count + 1 : count)),
            3,
          ).ok,
        ).toBe(false);
    expect(
      readSummary(
        plan,
        good.map((count, at) => (at === 1 ? -1 : count)),
        3,
      ).ok,
    ).toBe(false);
    expect(readSummary(plan, good.slice(1), 3).ok).toBe(false);
  });

  it("[F4] tells the steward what is counted, and who can read it", () => {
    const lines = planInWords(summaryPlan(), heartManifest);
    expect(lines.map(({ topic }) => topic)).toEqual([
      "Purpose",
      "Counts",
      "On",
      "Label",
      "Patients",
      "Protection",
      "Directory",
      "Leaves the site",
    ]);
    expect(lines.at(-1)?.words).toContain("Who operates the coordinator can read that sum as it is");
    expect(partitionsOf(several).map(({ classes }) => classes.length)).toEqual([3, 3]);
    expect(
      measuresOf({ fields: heartPlan.data.fields, label: survival }, { bins: 4 }).map((measure) => [measure.name, cellsOf(measure)]),
    ).toEqual([
      ["age", 7],
      ["sex", 3],
      ["days", 7],
    ]);
  });

  it("[F1] is written for a terminal with every cell", () => {
    const site = Array.from({ length: 30 }, (_, at) => ({
      values: [at === 0 ? Number.NaN : 16 + 3 * at, at % 2],
      targets: [at % 3 === 0 ? 1 : 0],
    }));
    const figures = summed(summaryPlan(), [site, site, site]);
    const table = {
      format: "engraft.summary/1",
      run: "heart.1",
      plan: heartManifestDigest,
      sum: heartManifestDigest,
      record: heartManifestDigest,
      sites: ["aa", "bb", "cc"],
      figures,
    } as never;
    const text = summaryLines(table).join("\n");
    for (const { cells } of figures.measures) for (const cell of cells ?? []) expect(text).toContain(cell.text);
    expect(text).toContain("90 training and validation patients of aa, bb, cc");
  });
});
