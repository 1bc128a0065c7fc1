/** Frozen vectors, and a second implementation in Python that reproduces them (test/vectors/secagg.py). */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { findPython, requireOrSkip } from "../../../../test/support/require.ts";
import { compactInput, compactOutput, type CompactInput } from "./compact-vectors.fixture.ts";
import { exampleInput, exampleOutput, type VectorInput } from "./vectors.fixture.ts";

const at = (file: string): string => fileURLToPath(new URL(`../../../../test/vectors/${file}`, import.meta.url));
const frozen = JSON.parse(readFileSync(at("secagg.json"), "utf8")) as {
  readonly input: VectorInput;
  readonly output: ReturnType<typeof exampleOutput>;
};

const compact = JSON.parse(readFileSync(at("compact.json"), "utf8")) as {
  readonly input: CompactInput;
  readonly output: ReturnType<typeof compactOutput>;
};

describe("the frozen compact example", () => {
  it("[K10] [N6] comes out to the last bit", () => {
    expect(compact.input).toEqual(compactInput());
    expect(compactOutput(compact.input)).toEqual(compact.output);
  });
});

describe("the frozen example", () => {
  it("[K10] comes out to the last bit", () => {
    expect(frozen.input).toEqual(exampleInput());
    expect(exampleOutput(frozen.input)).toEqual(frozen.output);
  });

  it("[K8] its sum is that of the survivors' vectors", () => {
    const there = frozen.input.sites.filter(({ dropped }) => !dropped);
    const plain = frozen.output.sum.map((_, i) => there.reduce((sum, { vector }) => (sum + (vector[i] ?? 0)) % 2 ** 32, 0));
    expect(frozen.output.sum).toEqual(plain);
  });
});

requireOrSkip("Python with cryptography", findPython("cryptography")).describe("a second implementation in Python", (python) => {
  it("[K10] comes to the same example", () => {
    const { status, stdout, stderr } = spawnSync(python, [at("secagg.py"), at("secagg.json")], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const found = JSON.parse(stdout) as Partial<typeof frozen.output>;
    // The words are the list's business (words.test.ts); everything else must be there and be the same.
    const { words: _words, ...rest } = frozen.output;
    expect(found).toEqual(rest);
  });

  it("[K10] [N5] [N6] comes to the same compact example, from updates to their mean", () => {
    const { status, stdout, stderr } = spawnSync(python, [at("compact.py"), at("compact.json")], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toEqual(compact.output);
  });
});
