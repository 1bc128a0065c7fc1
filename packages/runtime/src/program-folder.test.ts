import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { insideProgram, isInside } from "./program-folder.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

it("[S9] a data folder inside the program's own folder is named, others are not", () => {
  expect(insideProgram(join(ROOT, "engraft-coordinator"), "--data")).toContain("--data");
  expect(insideProgram(ROOT, "--data")).toContain("an upgrade may replace");
  expect(insideProgram(join(tmpdir(), "engraft"), "--data")).toBeUndefined();
  expect(insideProgram(`${ROOT}-data`, "--data")).toBeUndefined();
  expect(isInside("/opt/engraft/../data", "/opt/engraft")).toBe(false);
  expect(isInside("/opt/engraft/..data", "/opt/engraft")).toBe(true);
});
