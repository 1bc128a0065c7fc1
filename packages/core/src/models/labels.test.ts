import { describe, expect, it } from "vitest";
import { heartPlan, planWith } from "./heart.fixture.ts";
import { labelInWords } from "./label-words.ts";
import { Label } from "./label-schemas.ts";
import { kindOf, outputsOf, scaled, targetsOf, unscaled, type LabelKind } from "./labels.ts";
import { METRICS_OF } from "./metric-names.ts";
import { planDigest } from "./plan-digest.ts";
import { Plan } from "./plan.ts";

const common = { name: "y", title: "Outcome" };
const classes = [
  { name: "low", codes: ["0"] },
  { name: "middle", codes: ["1", "2"] },
  { name: "high", codes: ["3"] },
];
const yesNo = (name: string) => ({ name, title: name, positive: ["1"], negative: ["0"] });
const LABELS: Readonly<Record<LabelKind, unknown>> = {
  binary: yesNo("y"),
  multiclass: { ...common, kind: "multiclass", classes },
  ordinal: { ...common, kind: "ordinal", classes },
  multilabel: { ...common, kind: "multilabel", labels: [yesNo("u"), yesNo("v")] },
  regression: { ...common, kind: "regression", unit: "mm[Hg]", min: 40, max: 240 },
  survival: {
    ...common,
    kind: "survival",
    time: { name: "days", unit: "d", max: 4000 },
    event: { name: "dead", occurred: ["1"], censored: ["0"] },
  },
};
const KINDS = Object.keys(LABELS) as LabelKind[];
const labelOf = (kind: LabelKind): Label => Label.parse(LABELS[kind]);
const planOf = (kind: LabelKind, change: Parameters<typeof planWith>[0] = {}): Plan =>
  planWith({
    ...change,
    data: { label: labelOf(kind) },
    metrics: { names: [...METRICS_OF[kind]], ...(kind === "survival" ? { horizon: 1825 } : {}), ...change.metrics },
  });

it("a yes/no label is written as the first plans wrote it, so that their digests stay", () => {
  expect(Plan.parse(JSON.parse(JSON.stringify(heartPlan)))).toEqual(heartPlan);
  expect(JSON.stringify(labelOf("binary"))).toBe('{"name":"y","title":"y","positive":["1"],"negative":["0"]}');
  // Of the plan of heart.fixture.ts, before there were other kinds.
  expect(planDigest(heartPlan)).toBe("a1a626215364d846e82178d8bda63cba5fe40c5dcfc4174c1cd4c91229fe3ead");
});

it.each(KINDS)("%s: targets and outputs", (kind) => {
  const expected = { binary: [1, 1], multiclass: [1, 3], ordinal: [1, 3], multilabel: [2, 2], regression: [1, 1], survival: [2, 1] };
  expect([kindOf(labelOf(kind)), targetsOf(labelOf(kind)), outputsOf(labelOf(kind))]).toEqual([kind, ...expected[kind]]);
});

it.each(KINDS)("%s: words hold every code, and nothing is undefined", (kind) => {
  const words = labelInWords(labelOf(kind));
  expect(words).not.toContain("undefined");
  const codes = JSON.stringify(LABELS[kind]).match(/"[0-9]"/g) ?? [];
  for (const code of codes) expect(words).toContain(code.slice(1, -1));
});

describe("what does not go together", () => {
  const problems = (label: unknown): readonly string[] => (Label.safeParse(label).error?.issues ?? []).map(({ message }) => message);
  it.each<[string, unknown]>([
    ["two classes are a yes/no label", { ...common, kind: "multiclass", classes: classes.slice(0, 2) }],
    ["a code of the label stands twice", { ...common, kind: "ordinal", classes: [...classes, { name: "other", codes: ["2"] }] }],
    ["two classes have the same name", { ...common, kind: "ordinal", classes: [...classes, { name: "low", codes: ["9"] }] }],
    ["two labels have the same name", { ...common, kind: "multilabel", labels: [yesNo("u"), yesNo("u")] }],
    ["min is not below max", { ...common, kind: "regression", unit: "1", min: 3, max: 3 }],
    ["time and event are two columns", { ...(LABELS.survival as object), event: { name: "days", occurred: ["1"], censored: ["0"] } }],
    ["a code of the event stands twice", { ...(LABELS.survival as object), event: { name: "dead", occurred: ["1"], censored: ["1"] } }],
  ])("%s", (message, label) => expect(problems(label)).toContain(message));
  it("a kind that there is not", () => expect(problems({ ...common, kind: "pairs" })).toHaveLength(1));
});

describe("a plan's figures are those of its label", () => {
  const refused = (change: () => Plan): string => {
    try {
      change();
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
    return "";
  };
  it.each(KINDS)("%s has all of its own", (kind) => expect(planOf(kind).data.label).toEqual(labelOf(kind)));
  it("[M5] another label's figure is named with those there are, also where the run would watch it", () => {
    expect(refused(() => planOf("survival", { metrics: { names: ["auroc"] } }))).toContain(
      "a time to an event has no auroc; it has c-index, loss",
    );
    const stop = { metric: "auroc", patience: 1, minDelta: 0 } as const;
    expect(refused(() => planOf("regression", { rounds: { count: 2, stop } }))).toContain("a number has no auroc");
  });
  it("[M5] figures up to a time need that time, within the longest one, and only a time to an event has them", () => {
    const { horizon: _, ...rest } = planOf("survival").metrics;
    expect(refused(() => Plan.parse({ ...planOf("survival"), metrics: rest }))).toContain("integrated-brier is of risks up to a time");
    expect(refused(() => planOf("survival", { metrics: { horizon: 4001 } }))).toContain("beyond the longest plausible time, 4000");
    expect(refused(() => planOf("binary", { metrics: { horizon: 5 } }))).toContain("this label is a yes/no label");
  });
  it("[M5] what has no classes has none to weigh", () => {
    expect(refused(() => planOf("survival", { training: { classWeights: "balanced" } }))).toContain("has no classes to weigh");
    expect(planOf("ordinal", { training: { classWeights: "balanced" } }).training.classWeights).toBe("balanced");
  });
  it("a column of the label is no field", () => {
    const label = { ...(LABELS.survival as object), time: { name: "age", unit: "a", max: 100 } };
    expect(refused(() => planWith({ data: { label: Label.parse(label) }, metrics: { names: ["loss"] } }))).toContain(
      "the label's column age is a field too",
    );
  });
});

it("a range is scaled to -1 and 1, and back", () => {
  const range = { min: 40, max: 240 };
  expect([40, 140, 240].map((value) => scaled(range, value))).toEqual([-1, 0, 1]);
  expect([-1, 0, 1, 2].map((output) => unscaled(range, output))).toEqual([40, 140, 240, 340]);
});
