/** The weight of the built dashboard's pages. Needs nothing but npm. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

it("every route of the dashboard loads at most 260 KB of JavaScript, gzip", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "tools", "check-size.mjs")], { encoding: "utf8" });
  process.stderr.write(stdout);
  expect(`${status} ${stderr.replace(/✓ Running next\.config\.mjs took \d+ms\n/, "")}`.trim()).toBe("0");
  expect(stdout).toContain("/runs/[run]");
});
