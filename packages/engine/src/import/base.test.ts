import { sha256 } from "@engraft/core/crypto/digest";
import type { Manifest } from "@engraft/core/models/manifest";
import { writeSafetensors } from "@engraft/core/models/safetensors";
import { describe, expect, it } from "vitest";
import { manifest, tensors, weights } from "../model.fixture.ts";
import { assembleModel, initialVector, readWeights } from "./base.ts";

const named = (file: Uint8Array): Manifest => ({ ...manifest, weights: { digest: sha256(file), bytes: file.byteLength } });

it("[B2] the first checkpoint is the base's trainable values in the manifest's order", () => {
  const head = [...(tensors.get("dense_3/kernel") ?? []), ...(tensors.get("dense_3/bias") ?? [])];
  expect([...initialVector(manifest, weights, { part: "head" })]).toEqual(head);
  expect([...initialVector(manifest, weights, { part: "all" })]).toEqual([...tensors.values()].flatMap((values) => [...values]));
});

it("a model is the frozen tensors of the base and the trained ones of the checkpoint", () => {
  const model = assembleModel(manifest, weights, Float32Array.of(1, 2, 3, 4), { part: "head" });
  expect([...model.keys()]).toEqual(manifest.tensors.map((spec) => spec.name));
  expect(model.get("dense_3/kernel")).toEqual(Float32Array.of(1, 2, 3));
  expect(model.get("dense_3/bias")).toEqual(Float32Array.of(4));
  for (const name of ["dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias"])
    expect(model.get(name)).toEqual(tensors.get(name));
  expect(() => assembleModel(manifest, weights, new Float32Array(3), { part: "head" })).toThrow(RangeError);
});

describe("weights are refused where", () => {
  it("one bit differs", () => {
    const flipped = Uint8Array.from(weights);
    flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    expect(() => readWeights(manifest, flipped)).toThrow(expect.objectContaining({ code: "digest-mismatch" }));
  });
  it("a tensor is missing, or one too many", () => {
    const fewer = writeSafetensors(manifest.tensors.slice(1), tensors);
    expect(() => readWeights(named(fewer), fewer)).toThrow("exactly the tensors");
    const more = writeSafetensors(
      [...manifest.tensors, { name: "extra", shape: [1], depth: 0 }],
      new Map([...tensors, ["extra", new Float32Array(1)]]),
    );
    expect(() => readWeights(named(more), more)).toThrow("exactly the tensors");
  });
  it("a tensor has another shape of the same size", () => {
    const turned = writeSafetensors([{ name: "dense_1/kernel", shape: [5, 4], depth: 2 }, ...manifest.tensors.slice(1)], tensors);
    expect(() => readWeights(named(turned), turned)).toThrow("exactly the tensors");
  });
  it("a value is not finite", () => {
    const broken = writeSafetensors(manifest.tensors, new Map([...tensors, ["dense_3/bias", Float32Array.of(Number.NaN)]]));
    expect(() => readWeights(named(broken), broken)).toThrow("no finite numbers");
  });
});
