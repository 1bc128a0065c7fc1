import { describe, expect, it } from "vitest";
import { architecture, manifest } from "../model.fixture.ts";
import { architectureOf } from "./architecture.ts";
import { tensorsOf } from "./parameters.ts";

it("names parameters canonically, and counts depth from the head", () => {
  expect(tensorsOf(architecture)).toEqual([
    { name: "dense_1/kernel", shape: [4, 5], depth: 2 },
    { name: "dense_1/bias", shape: [5], depth: 2 },
    { name: "dense_2/kernel", shape: [5, 3], depth: 1 },
    { name: "dense_2/bias", shape: [3], depth: 1 },
    { name: "dense_3/kernel", shape: [3, 1], depth: 0 },
    { name: "dense_3/bias", shape: [1], depth: 0 },
  ]);
  expect(architectureOf(manifest)).toEqual(architecture);
});

describe("an architecture is refused where", () => {
  const refusal = (change: (copy: typeof architecture) => void): (() => unknown) => {
    const copy = structuredClone(architecture);
    change(copy);
    return () => architectureOf({ ...manifest, architecture: copy, tensors: [...tensorsOf(copy)] });
  };
  const at = (copy: typeof architecture, index: number): { [key: string]: unknown } =>
    copy.layers[index] as unknown as { [key: string]: unknown };

  it("widths do not follow from each other", () =>
    expect(refusal((copy) => (at(copy, 2)["in"] = 6))).toThrow("dense_2 expects 6 numbers and gets 5"));
  it("the input does not fit", () => expect(refusal((copy) => (copy.input = 3))).toThrow("dense_1 expects 4 numbers and gets 3"));
  it("the output is no single logit", () => expect(refusal((copy) => (at(copy, 4)["out"] = 2))).toThrow("gives 2 numbers"));
  it("the last layer is an activation", () =>
    expect(refusal((copy) => copy.layers.push({ kind: "activation", name: "end", function: "sigmoid" }))).toThrow("must be dense"));
  it("codes are not what comes in", () =>
    expect(refusal((copy) => copy.layers.splice(1, 0, { kind: "embedding", name: "table", entries: 3, width: 2 }))).toThrow(
      "only the network's input can be codes",
    ));
  it("two layers have one name", () => expect(refusal((copy) => (at(copy, 3)["name"] = "tanh_1"))).toThrow("same name"));
  it("a kind of layer is unknown", () =>
    expect(() => architectureOf({ ...manifest, architecture: { ...architecture, layers: [{ kind: "lambda", name: "x" }] } })).toThrow(
      "cannot be used",
    ));
  it("the manifest lists other tensors", () =>
    expect(() => architectureOf({ ...manifest, tensors: manifest.tensors.slice(1) })).toThrow("does not follow from its architecture"));
});
