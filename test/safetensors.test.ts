/** The reference implementation (Python's safetensors) reads what we write, and we read what it writes. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, writeSafetensors } from "@engraft/core/models/safetensors";
import { afterAll, expect, it } from "vitest";
import { findPython, requireOrSkip } from "./support/require.ts";

requireOrSkip("Python with safetensors", findPython("numpy", "safetensors.numpy")).describe(
  "safetensors beside its reference",
  (python) => {
    const folder = mkdtempSync(join(tmpdir(), "engraft-safetensors-"));
    afterAll(() => rmSync(folder, { recursive: true }));
    const run = (script: string, ...args: readonly string[]): string =>
      execFileSync(python, ["-c", script, ...args], { encoding: "utf8", timeout: 120_000 });
    // Zeros of both signs, the smallest and the largest float32, and values that decimal cannot hold.
    const values = Float32Array.of(0, -0, 1.401298464324817e-45, 3.4028234663852886e38, 1 / 3, -1e-10);

    it("[B1] Python reads our file, bit for bit", () => {
      const path = join(folder, "ours.safetensors");
      const specs = [
        { name: "head/kernel", shape: [3, 2], depth: 0 },
        { name: "scalar", shape: [], depth: 0 },
      ];
      const tensors = new Map([
        ["head/kernel", values],
        ["scalar", Float32Array.of(2.5)],
      ]);
      writeFileSync(path, writeSafetensors(specs, tensors, { made: "in a test" }));
      const script = `
import json, sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as file:
    print(json.dumps({"metadata": file.metadata(), "tensors": {name: [list(file.get_tensor(name).shape), file.get_tensor(name).tobytes().hex()] for name in file.keys()}}))`;
      expect(JSON.parse(run(script, path))).toEqual({
        metadata: { made: "in a test" },
        tensors: {
          "head/kernel": [[3, 2], Buffer.from(values.buffer).toString("hex")],
          scalar: [[], Buffer.from(Float32Array.of(2.5).buffer).toString("hex")],
        },
      });
    });

    it("[B1] we read Python's file, bit for bit", () => {
      const path = join(folder, "theirs.safetensors");
      const script = `
import sys, numpy
from safetensors.numpy import save_file
values = numpy.frombuffer(bytes.fromhex(sys.argv[2]), dtype="<f4")
save_file({"b": values.reshape(2, 3), "a": values[:1]}, sys.argv[1], metadata={"made": "by numpy"})`;
      run(script, path, Buffer.from(values.buffer).toString("hex"));
      const { tensors, header } = readSafetensors(readFileSync(path));
      expect(header.metadata).toEqual({ made: "by numpy" });
      expect(header.entries.find((entry) => entry.name === "b")?.shape).toEqual([2, 3]);
      expect([...(tensors.get("b") ?? [])]).toEqual([...values]);
      expect([...(tensors.get("a") ?? [])]).toEqual([0]);
    });
  },
);
