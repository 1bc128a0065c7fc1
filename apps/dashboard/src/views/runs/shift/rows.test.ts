import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { expect, it } from "vitest";
import { baseRank, shiftsOf, type ShiftRow } from "./rows.ts";

it("[F6] has a row for each field and site, with a word and too few, and names who said nothing", () => {
  const plan = { data: { fields: [{ name: "age", title: "Age" }], label: { name: "num", title: "Disease" } } } as unknown as Plan;
  const fields = (psi: number | null) => [{ name: "age", psi, base: null }];
  const said = (site: string, psi: number | null) => ({
    site,
    shift: { against: "others", fields: fields(psi), labels: [{ name: "num", of: "yes", difference: psi === null ? null : 0.1 }] },
  });
  const view = { sites: ["aa", "bb", "cc"], comparisons: [said("aa", 0.3), said("bb", null), { site: "cc" }] } as unknown as RunView;
  const { rows, labels, silent } = shiftsOf(plan, view);
  expect(rows.map(({ site, title, word }) => [site, title, word])).toEqual([
    ["aa", "Age", "large"],
    ["bb", "Age", "too few"],
  ]);
  expect(labels.map(({ label, difference }) => [label, difference])).toEqual([
    ["Disease", 0.1],
    ["Disease", null],
  ]);
  expect(silent).toEqual(["cc"]);
});

it("ranks by the distance from the base, either way, and what is not known last", () => {
  const row = (base: number | null): ShiftRow => ({ site: "aa", field: "age", title: "Age", psi: 0.1, base, word: "some" });
  const bases = [null, 0.4, -1.5, 0].map(row).toSorted((a, b) => baseRank(b) - baseRank(a));
  expect(bases.map(({ base }) => base)).toEqual([-1.5, 0.4, 0, null]);
});
