import { describe, expect, it } from "vitest";
import { heartManifest } from "./heart.fixture.ts";
import { Manifest } from "./manifest.ts";

const problem = (change: object): string | undefined => Manifest.safeParse({ ...heartManifest, ...change }).error?.issues[0]?.message;

describe("a manifest", () => {
  it("is refused with a reason where its parts contradict each other", () => {
    const [tensor] = heartManifest.tensors;
    const [field] = heartManifest.fields;
    expect(problem({})).toBeUndefined();
    expect(problem({ tensors: [tensor, tensor] })).toBe("two tensors have the same name");
    expect(problem({ fields: [field, field], inputs: [] })).toBe("two fields have the same name");
    expect(problem({ fields: [field] })).toBe("an input names a field that is not declared");
    expect(problem({ tensors: [{ name: "huge", shape: [500_000_001], depth: 0 }] })).toBe("more than 500 million values");
    expect(problem({ extra: 1 })).toMatch(/Unrecognized key/);
  });

  it("[W5] may hold any architecture, but not one that is nested without end", () => {
    const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);
    expect(problem({ architecture: { layers: [{ units: 2, bias: true, name: null }] } })).toBeUndefined();
    expect(problem({ architecture: nested(20) })).toBeUndefined();
    expect(problem({ architecture: nested(200_000) })).toMatch(/levels deep/);
    expect(problem({ architecture: undefined })).toMatch(/expected JSON/);
  });

  it("declares fields without ambiguity", () => {
    const [, sex] = heartManifest.fields;
    expect(problem({ fields: [{ kind: "number", name: "age", title: "Age", unit: "a", min: 5, max: 5 }, sex] })).toBe(
      "min is not below max",
    );
    expect(problem({ label: { ...heartManifest.label, negative: ["1"] } })).toBe("a code of the label stands twice");
    expect(
      problem({
        fields: [
          heartManifest.fields[0],
          {
            kind: "category",
            name: "sex",
            title: "Sex",
            values: [
              { code: "1", means: "a" },
              { code: "1", means: "b" },
            ],
          },
        ],
      }),
    ).toBe("a code stands twice");
    expect(problem({ split: { salt: "x", train: 0.8, validation: 0.2 } })).toBe("train and validation leave no test patients");
  });
});
