import { readFileSync } from "node:fs";
import type { BaseView } from "@engraft/coordinator/api/views";
import { sha256 } from "@engraft/core/crypto/digest";
import { Manifest } from "@engraft/core/models/manifest";
import { Plan } from "@engraft/core/models/plan";
import { completeDraft } from "@engraft/core/models/plan-draft";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../form/plan-judge.ts";
import { enrolledSites } from "../form/sites.fixture.ts";
import { ENTER_WORDS } from "../words/enter.ts";
import { VIOLATION_WORDS } from "../words/violations.ts";
import { wholeDraft } from "../form/written-plan.ts";
import { readPlanFile } from "./plan-file.ts";
import { pathText } from "./violations.ts";

const example = (path: string): Buffer => readFileSync(new URL(`../../../../../../examples/heart-disease/${path}`, import.meta.url));
const text = example("base/manifest.json");
const manifest = Manifest.parse(JSON.parse(text.toString("utf8")));
const base: BaseView = { digest: sha256(text), name: manifest.name, version: manifest.version, manifest, importedAt: 0 };
const enrolled = enrolledSites(4);
const words = { enter: ENTER_WORDS.en, violations: VIOLATION_WORDS.en };
const here = { bases: [base], enrolled, words };
const written = JSON.parse(example("plan.json").toString("utf8")) as Record<string, unknown>;
const whole = Plan.parse(completeDraft(written, enrolled));

/** The example with one value put at a path; left out where it is undefined. */
function changed(path: string, value: unknown, from: object = whole): unknown {
  const json = structuredClone(from) as Record<string, unknown>;
  const keys = path.split(".");
  let holder: Record<string, unknown> = json;
  for (const key of keys.slice(0, -1)) holder = holder[key] as Record<string, unknown>;
  holder[keys.at(-1) ?? ""] = value;
  return JSON.parse(JSON.stringify(json)) as unknown;
}

const read = (json: unknown) => {
  const { written: filled, violations } = readPlanFile(json, base, here);
  return { filled, said: violations.map(({ path, text: says }) => `${pathText(path)}: ${says}`) };
};
const judged = (filled: ReturnType<typeof read>["filled"]) => judge(wholeDraft(filled, 1, enrolled), base, enrolled);

describe("a plan's file", () => {
  it("fills the form with all that it says", () => {
    const { filled, said } = read(whole);
    expect(said).toEqual([]);
    expect(judged(filled).plan).toEqual(whole);
  });

  it("fills it from a draft too, with what the coordinator would fill in", () => {
    const { filled, said } = read(written);
    expect(said).toEqual([]);
    expect(judged(filled).plan).toEqual(whole);
  });

  it.each([
    ["training.batch", 0, "training.batch: must be at least 1; it is 0", "batch", "0"],
    ["training.batch", 1.5, "training.batch: must be a whole number; it is 1.5", "batch", "1.5"],
    ["training.batch", "many", 'training.batch: must be a number; it is "many"', "batch", "many"],
    ["training.batch", undefined, "training.batch: is missing", "batch", ""],
    ["rounds.count", 20_000, "rounds.count: must be at most 10,000; it is 20000", "rounds", "20000"],
    ["training.clip", -1, "training.clip: must be above 0; it is -1", "clip", "-1"],
    ["cohort.minSites", 9, "cohort.minSites: Enter at most 4: the directory has 4 sites.", "minSites", "9"],
    ["aggregation.weightCap", null, "aggregation.weightCap: must be a number; it is null", "weightCap", ""],
    ["name", "Heart Head", `name: use 2 to 40 of a-z, 0-9 and '-'; it is "Heart Head"`, "name", "Heart Head"],
  ] as const)("says of %s = %j what it must be, and shows it at its field to be mended", (path, value, says, key, shown) => {
    const { filled, said } = read(changed(path, value));
    expect(said).toEqual([says]);
    expect(filled.form[key]).toBe(shown);
    expect(Object.keys(judged(filled).wrong)).toEqual([key]);
  });

  it.each([
    ["training.optimizer.name", "lion", 'training.optimizer.name: must be one of "sgd", "adam", "adamw"; it is "lion"'],
    ["aggregation.method", "hidden", 'aggregation.method: must be one of "secure", "plain"; it is "hidden"'],
    ["metrics.perSite", "yes", 'metrics.perSite: must be true or false; it is "yes"'],
    ["training", 3, "training: must be an object in { }; it is 3"],
    ["training.schedule", "cosine", "training.schedule: is not known: no plan has such a value here"],
    ["base.manifest", "0".repeat(64), "base.manifest: names a base model that is not here"],
    ["base.version", "9", "base.version: is not what the base model has; a plan says it as its base does"],
    ["data.label.title", "Stroke", "data.label.title: is not what the base model has; a plan says it as its base does"],
    ["data.fields", whole.data.fields.slice(1), "data.fields: is not what the base model has; a plan says it as its base does"],
  ])("names %s, and takes what the form itself would say there", (path, value, says) => {
    const { filled, said } = read(changed(path, value));
    expect(said).toContain(says);
    expect(judged({ ...filled, form: { ...filled.form, purpose: "For a test." } }).plan).toBeDefined();
  });

  it("names every violation at once, also in lists", () => {
    const acceptance = [
      { metric: "auroc", on: "pooled", limit: { atLeast: "high" } },
      { metric: "auroc", on: "somewhere", limit: { atMost: 1 } },
    ];
    const metrics = { ...whole.metrics, names: ["auroc", "luck"] };
    const { filled, said } = read({ ...whole, acceptance, metrics, training: { ...whole.training, batch: 0, seed: -1 }, extra: 1 });
    expect(new Set(said.map((each) => each.split(":")[0]))).toEqual(
      new Set(["acceptance.0.limit", "acceptance.1.on", "extra", "metrics.names.1", "training.batch", "training.seed"]),
    );
    expect(filled.form.metrics).toEqual(["auroc"]);
    expect(filled.form.acceptance.map(({ on, bound, limit }) => [on, bound, limit])).toEqual([
      ["pooled", "atLeast", "high"],
      ["pooled", "atMost", "1"],
    ]);
    expect(Object.keys(judged(filled).wrong).toSorted()).toEqual(["batch", "limit 0", "seed"]);
  });

  it("keeps the sites of a directory with what is wrong about one of them", () => {
    if (whole.aggregation.method !== "secure") throw new Error("the example is secure");
    const directory = whole.aggregation.directory.map((entry, at) => (at === 2 ? { ...entry, operator: "Zürich" } : entry));
    const { filled } = read({ ...whole, aggregation: { ...whole.aggregation, directory } });
    expect(filled.form.directory.map(({ site, operator }) => [site, operator])).toEqual(
      directory.map(({ site, operator }) => [site, operator]),
    );
    expect(Object.keys(judged(filled).wrong)).toEqual(["operators"]);
  });

  it("shows a share in per cent", () => {
    const { filled } = read(changed("cohort.fraction", 1.5, { ...whole, aggregation: { method: "plain" } }));
    expect(filled.form.fraction).toBe("150");
  });

  it("keeps the encoding of masked values where few sites are enrolled yet", () => {
    const draft = changed("aggregation", { method: "secure", encoding: "compact", weightCap: 300 }, written);
    const { written: filled } = readPlanFile(draft, base, { ...here, enrolled: enrolledSites(2) });
    expect([filled.form.encoding, filled.form.weightCap]).toEqual(["compact", "300"]);
  });

  it("makes a form of any JSON, and says that it is no plan", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (json) => {
        const { filled, said } = read(json);
        expect(said.length).toBeGreaterThan(0);
        expect(judged({ ...filled, form: { ...filled.form, name: "a-test", purpose: "For a test." } }).plan).toBeDefined();
      }),
    );
  });

  it("makes a form of the example with anything in place of any value", () => {
    const paths = [
      "training",
      "training.trainable",
      "training.optimizer",
      "rounds.stop",
      "cohort",
      "aggregation",
      "metrics",
      "data.split",
      "strategy",
      "acceptance",
      "summary",
      "metrics.shift",
      "metrics.compareRelease",
      "data.minimum",
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 2 }), (path, value) => {
        const { filled } = read(changed(path, value));
        expect(() => judged(filled)).not.toThrow();
        expect(typeof filled.form.batch).toBe("string");
      }),
    );
  });
});
