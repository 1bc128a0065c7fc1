import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { heartManifest, heartManifestDigest, heartPlan } from "../heart.fixture.ts";
import { checkPlanAgainstBase, Plan } from "../plan.ts";
import { planInWords } from "../plan-words.ts";
import { isRefusal } from "../../base/errors.ts";
import { countPatients, type Counted } from "./count.ts";
import { readSummary } from "./read.ts";
import { psi, shiftAllowed, shiftOf, shiftReference, shiftWord, SiteShift, type ShiftReference } from "./shift.ts";
import type { SummaryTable } from "./table.ts";

const metrics = { names: ["auroc"], perSite: true, compareAlone: false, minCount: 10 } as const;

/** `count` patients, with ages from `age` on, each third a yes. */
const site = (count: number, age: number, every = 3): Counted[] =>
  Array.from({ length: count }, (_, at) => ({ values: [age + (at % 30), at % 2], targets: [at % every === 0 ? 1 : 0] }));

const totalsOf = (patients: readonly Counted[], { data }: Plan = heartPlan) =>
  countPatients({ data, metrics: { ...metrics, names: ["auroc"], minCount: 0 } }, { bins: 8 }, patients, 0);

function referenceOf(sites: Readonly<Record<string, readonly Counted[]>>, of: Plan = heartPlan): ShiftReference {
  const plan = { ...of, metrics: { ...metrics, names: ["auroc"] }, summary: { bins: 8 } } as Plan;
  const parts = Object.values(sites).map((patients) => totalsOf(patients, of));
  const totals = (parts[0] ?? []).map((_, at) => parts.reduce((sum, part) => sum + (part[at] as number), 0));
  const read = readSummary(plan, totals, 1);
  if (isRefusal(read)) throw new Error(read.text);
  return shiftReference({ run: "heart-data.1", sites: Object.keys(sites), figures: read.value } as unknown as SummaryTable);
}

const planOf = (shift: ShiftReference): Plan => Plan.parse({ ...heartPlan, metrics: { ...metrics, shift } });

describe("a site's shift", () => {
  it("is nothing between equal histograms and grows with their distance, whatever is empty", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(500), { minLength: 2, maxLength: 12 }),
        fc.array(fc.nat(500), { minLength: 12, maxLength: 12 }),
        (own, more) => {
          const other = own.map((_, at) => more[at] as number);
          expect(psi(own, own)).toBe(0);
          expect(psi(own, other)).toBeGreaterThanOrEqual(0);
          expect(psi(own, other)).toBeCloseTo(psi(other, own), 12);
          expect(
            Number.isFinite(
              psi(
                own,
                own.map(() => 0),
              ),
            ),
          ).toBe(true);
        },
      ),
    );
    // Yurdakul and Naranjo's formula by hand: shares of 0.25 and 0.75 against a half each.
    expect(psi([24_999.5, 74_999.5], [49_999.5, 49_999.5])).toBeCloseTo(0.25 * Math.log(0.5 / 0.25) + 0.25 * Math.log(0.75 / 0.5), 10);
    expect([0.09, 0.1, 0.25, 0.26].map(shiftWord)).toEqual(["little", "some", "some", "large"]);
  });

  it("[F5] takes the site's own patients off the summary where they are in it, and says which it compared with", () => {
    const sites = { aa: site(60, 20), bb: site(60, 50), cc: site(90, 50) };
    const reference = referenceOf(sites);
    const plan = planOf(reference);
    const at = (name: string, patients: readonly Counted[]): SiteShift => shiftOf(plan, reference, name, totalsOf(patients), new Map());
    const young = at("aa", sites.aa);
    expect(young.against).toBe("others");
    expect(shiftWord(young.fields[0]?.psi ?? 0)).toBe("large");
    expect(young.fields[1]?.psi).toBe(0);
    // The same against everybody is less, since everybody holds the site itself.
    const changed = at("aa", [...sites.aa, ...site(300, 19)]);
    expect(changed.against).toBe("all");
    expect(at("dd", sites.bb).against).toBe("all");
    expect(at("bb", sites.bb).labels).toEqual([{ name: "disease", of: "yes", difference: 0 }]);
    const ill = at("dd", site(60, 50, 2));
    expect(ill.labels[0]?.difference).toBeCloseTo(0.17, 10);
  });

  it("tells joined classes apart whatever words are in their names, and however long those are", () => {
    const of = (classes: readonly string[]): Plan => {
      const label = {
        kind: "multiclass",
        name: "finding",
        title: "Finding",
        field: "finding",
        classes: classes.map((name, at) => ({ name, codes: [`${at}`] })),
      };
      return { ...heartPlan, data: { ...heartPlan.data, label } } as unknown as Plan;
    };
    const patients = (...counts: readonly number[]): Counted[] =>
      counts.flatMap((count, at) =>
        Array.from({ length: count }, (_, patient) => ({ values: [40 + patient, patient % 2], targets: [at] })),
      );
    const [others, own] = [patients(60, 4, 8), patients(60, 30, 30)];
    const long = ["a", "b"].map((letter) => letter.repeat(100));
    for (const names of [
      ["malignant", "benign or unclear", "none"],
      ["malignant", ...long],
    ]) {
      const plan = of(names);
      const reference = referenceOf({ aa: others, bb: others }, plan);
      const shown = `${names[1]} or ${names[2]}`;
      expect(reference.labels[0]?.classes.map(({ name }) => name)).toEqual(["malignant", shown]);
      const shift = shiftOf(plan, reference, "cc", totalsOf(own, plan), new Map());
      expect(shift.labels).toEqual([{ name: "finding", of: shown, difference: 0.33 }]);
      expect(SiteShift.parse(shift)).toEqual(shift);
    }
    // A plan of before the classes were told by index.
    const plan = of(["malignant", "benign", "none"]);
    const reference = referenceOf({ aa: others, bb: others }, plan);
    const older = {
      ...reference,
      labels: reference.labels.map(({ name, classes }) => ({
        name,
        classes: classes.map((one) => ({ name: one.name, count: one.count })),
      })),
    };
    expect(shiftOf(plan, older, "cc", totalsOf(own, plan), new Map()).labels[0]?.difference).toBe(0.33);
  });

  it("[F6] says nothing of few patients, rounds to hundredths, and holds neither count nor value", () => {
    const reference = referenceOf({ aa: site(60, 20), bb: site(60, 50) });
    const plan = planOf(reference);
    const base = new Map([["age", 0.123456]]);
    const few = shiftOf(plan, reference, "cc", totalsOf(site(9, 40)), base);
    expect(few.fields.map(({ psi: one, base: other }) => [one, other])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(few.labels).toEqual([{ name: "disease", of: "yes", difference: null }]);
    // Enough patients, but few with a value, or of one class.
    const blank = site(30, 40, 30).map(({ values, targets }, at) => ({
      values: [at < 9 ? (values[0] as number) : Number.NaN, values[1] as number],
      targets,
    }));
    const partly = shiftOf(plan, reference, "cc", totalsOf(blank), base);
    expect(partly.fields.map(({ psi: one }) => one === null)).toEqual([true, false]);
    expect(partly.labels[0]?.difference).toBeNull();
    const whole = shiftOf(plan, reference, "cc", totalsOf(site(30, 40)), base);
    expect(whole.fields[0]?.base).toBe(0.12);
    expect(Object.keys(SiteShift.shape)).toEqual(["against", "fields", "labels"]);
    expect(shiftAllowed(plan, whole)).toBe(true);
    expect(shiftAllowed(plan, { ...whole, fields: [{ name: "age", psi: 0.123, base: null }] })).toBe(false);
    expect(shiftAllowed(plan, { ...whole, fields: [{ name: "weight", psi: 0.1, base: null }] })).toBe(false);
    expect(shiftAllowed(heartPlan, whole)).toBe(false);
  });

  it("[F6] is asked for only with single sites' figures, and in the plan's own ranges and codes", () => {
    const reference = referenceOf({ aa: site(60, 20), bb: site(60, 50) });
    const problem = (shift: ShiftReference, change: Partial<Plan["metrics"]> = {}): string => {
      const plan = planOf(shift);
      const checked = checkPlanAgainstBase({ ...plan, metrics: { ...plan.metrics, ...change } }, heartManifestDigest, heartManifest);
      return isRefusal(checked) ? checked.text : "";
    };
    const [age, sex] = reference.fields;
    if (age === undefined || sex === undefined) throw new Error("two fields");
    expect(problem(reference)).toBe("");
    expect(problem(reference, { perSite: false })).toContain("perSite must be true");
    expect(problem({ ...reference, fields: [{ ...age, name: "weight" }] })).toContain("no field of the plan");
    expect(problem({ ...reference, fields: [{ ...age, range: [0, 120] }] })).toContain("other ranges or codes");
    expect(problem({ ...reference, fields: [{ ...sex, cells: sex.cells.slice(1) }] })).toContain("other ranges or codes");
    expect(problem({ ...reference, bins: 9 })).toContain("other ranges or codes");
    expect(planInWords(planOf(reference), heartManifest).find(({ topic }) => topic === "Domain shift")?.words).toContain("and no count");
  });
});
