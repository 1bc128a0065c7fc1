import { sha256 } from "@engraft/core/crypto/digest";
import { parse } from "csv-parse/sync";
import { describe, expect, it } from "vitest";
import type { RunId } from "@engraft/core/base/ids";
import { utf8 } from "@engraft/core/base/bytes";
import { makeBundle } from "@engraft/core/provenance/bundle";
import { FAMILIES, type Family } from "./families.fixture.ts";
import { describedRelease } from "./described.fixture.ts";
import type { DescribedRelease } from "./described.ts";
import { releaseFiles, releaseTexts } from "./release-files.ts";

const textOf = (name: string, release: DescribedRelease = describedRelease()): string =>
  new TextDecoder().decode(releaseTexts(release).get(name));

interface Line {
  readonly [column: string]: string;
}
const lines = (release?: DescribedRelease): readonly Line[] => parse<Line>(textOf("metrics.csv", release), { columns: true });

describe("metrics.csv", () => {
  it("holds every figure of the run, by checkpoint, site and split", () => {
    const all = lines();
    expect(Object.keys(all[0] as Line)).toEqual(["run", "round", "site", "split", "metric", "value", "ci_low", "ci_high", "n"]);
    const one = (round: string, site: string, split: string) =>
      all.filter((line) => line["round"] === round && line["site"] === site && line["split"] === split);
    expect(one("1", "berta", "validation")).toEqual([
      {
        run: "heart-head.1",
        round: "1",
        site: "berta",
        split: "validation",
        metric: "auroc",
        value: "0.8125",
        ci_low: "0",
        ci_high: "1",
        n: "100",
      },
    ]);
    expect(one("0", "anna", "test")).toMatchObject([{ value: "0.51", n: "41" }]);
    expect(one("2", "anna", "test")).toMatchObject([{ value: "0.73" }]);
    expect(one("2", "anna", "test-alone")).toMatchObject([{ value: "0.62" }]);
    expect(one("2", "berta", "test")).toMatchObject([{ value: "", ci_low: "", ci_high: "", n: "3" }]);
  });

  it("[M10] holds an earlier model's figures and what the new one is better by, and so does the card", () => {
    const { plan, view, ...rest } = describedRelease();
    const metrics = { n: 41, positives: null, values: { auroc: { value: 0.7, low: 0.6, high: 0.8 } } };
    const earlier = { metrics, over: { auroc: { value: 0.03, low: -0.01, high: 0.07 } } };
    const compareRelease = { run: "heart-head.0" as RunId, checkpoint: sha256("earlier"), bytes: 12 };
    const release = {
      ...rest,
      plan: { ...plan, metrics: { ...plan.metrics, compareRelease } },
      view: { ...view, comparisons: view.comparisons.map((one) => (one.site === "anna" ? { ...one, earlier } : one)) },
    };
    const of = (split: string) => lines(release).filter((line) => line["split"] === split);
    expect(of("test-earlier")).toMatchObject([{ site: "anna", round: "2", value: "0.7", n: "41" }]);
    expect(of("test-over-earlier")).toMatchObject([{ site: "anna", value: "0.03", ci_low: "-0.01", ci_high: "0.07" }]);
    expect(textOf("MODEL_CARD.md", release)).toContain("| 0.62 (0 to 1) | 0.7 (0.6 to 0.8) | 0.03 (-0.01 to 0.07) |");
  });

  it("gives figures out of a sum no confidence interval: their bounds are none", () => {
    const { view, ...rest } = describedRelease();
    const pooled = { n: 400, positives: null, values: { auroc: { value: 0.66, low: 0.65, high: 0.67 } }, calibration: [] };
    const summed = lines({ ...rest, view: { ...view, pooledCurve: [{ round: 1, metrics: pooled }] } }).filter(({ site }) => site === "*");
    expect(summed).toMatchObject([{ round: "1", value: "0.66", ci_low: "", ci_high: "", n: "400" }]);
  });
});

describe("the model card", () => {
  it("has a header of JSON values, which YAML is too, and every figure from the run", () => {
    const [, header = "", body = ""] = textOf("MODEL_CARD.md").split("---\n", 3);
    const entries = new Map(
      header
        .trim()
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(":")), JSON.parse(line.slice(line.indexOf(":") + 1)) as unknown]),
    );
    expect(entries.get("license")).toBe("cc-by-4.0");
    expect(entries.get("engraft")).toMatchObject({ "engraft.plan": sha256("plan"), "engraft.run": "heart-head.1" });
    expect(JSON.stringify(entries.get("model-index"))).toContain('{"type":"auroc","value":0.73,"ci_low":0,"ci_high":1}');
    expect(body).toContain("| `anna` | 41 | auroc | 0.73 (0 to 1) | 0.51 (0 to 1) | 0.62 (0 to 1) |");
    expect(body).toContain("| `berta` | 3 | auroc |  |  |  |");
    expect(body).toContain(`There is no \`model.json\``);
  });

  it("shows what people wrote as text, whatever it holds", () => {
    const card = textOf("MODEL_CARD.md");
    expect(card).not.toContain("<script>");
    expect(card).not.toMatch(/^# clinics/m);
    expect(card).toContain(String.raw`For \`wards\`, \| not \<script\>`);
  });

  it("says so where nothing was measured, and names a licence that hubs do not know", () => {
    const { view, manifest, ...rest } = describedRelease();
    const bare = { ...rest, manifest: { ...manifest, licence: "Ours: ask first" }, view: { ...view, comparisons: [], curve: [] } };
    const card = textOf("MODEL_CARD.md", bare);
    expect(card).toContain("No site reported figures");
    expect(card).toContain('license: "other"\nlicense_name: "Ours: ask first"');
  });
});

describe("the other texts", () => {
  it("bom.json names the model, what it was made from and how well it does", () => {
    const bom = JSON.parse(textOf("bom.json")) as {
      readonly metadata: { readonly component: Record<string, unknown> };
      readonly components: readonly object[];
    };
    expect(bom).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", metadata: { timestamp: "2031-05-06T12:00:00.000Z" } });
    expect(bom.metadata.component).toMatchObject({
      type: "machine-learning-model",
      hashes: [{ alg: "SHA-256", content: sha256("tuned") }],
      modelCard: {
        quantitativeAnalysis: {
          performanceMetrics: [{ type: "auroc", value: "0.73", slice: "41 test patients of anna" }, { value: "0.95" }],
        },
      },
    });
    expect(bom.components).toHaveLength(3);
  });

  it("REPRODUCE.md has the digests of all files, and what came out of each round", () => {
    const guide = textOf("REPRODUCE.md");
    expect(guide).toContain(`${sha256("onnx")}  model.onnx`);
    expect(guide).toMatch(/\| 2 \| `anna`, `berta` \| .* \| `[0-9a-f]{64}` \|/);
  });
});

describe("a release", () => {
  it("has each file that it lists, with the digest that it says, and the same bytes each time", async () => {
    const { files: _, leftOut: __, ...release } = describedRelease();
    const { source } = (FAMILIES["logistic"] as (count: number) => Family)(1);
    const written = () => releaseFiles({ ...release, manifest: source.manifest }, source.tensors, new Map([["plan.json", utf8("{}")]]));
    const { files } = await written();
    const listed = JSON.parse(new TextDecoder().decode(files.get("bom.json"))) as {
      readonly components: readonly {
        readonly type: string;
        readonly name: string;
        readonly hashes: readonly { readonly content: string }[];
      }[];
    };
    const names = listed.components.filter(({ type }) => type === "file").map(({ name, hashes }) => [name, hashes[0]?.content] as const);
    const texts = ["MODEL_CARD.md", "metrics.csv", "bom.json", "REPRODUCE.md"];
    expect([...names.map(([name]) => name), ...texts]).toEqual([...files.keys()]);
    for (const [name, digest] of names) expect(digest, `digest of ${name}`).toBe(sha256(files.get(name) as Uint8Array));
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(["plan.json", "trainable-only.safetensors", "model.onnx", "model.keras", "model.json", "load.py"]),
    );
    expect(makeBundle((await written()).files)).toEqual(makeBundle(files));
  });
});
