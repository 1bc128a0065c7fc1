import { randomInt } from "node:crypto";
import { defineConfig } from "vitest/config";

/** One seed for every property test of a run; the reporter prints it, and ENGRAFT_SEED=<n> repeats the run. */
const seed = process.env["ENGRAFT_SEED"] ?? String(randomInt(2 ** 31 - 1));
process.env["ENGRAFT_SEED"] = seed;

export default defineConfig({
  test: {
    reporters: ["./tools/reporter.ts"],
    env: { ENGRAFT_SEED: seed },
    setupFiles: ["./test/support/seed.ts"],
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: [
            "packages/**/src/**/*.test.{ts,tsx}",
            "apps/**/src/**/*.test.{ts,tsx}",
            "examples/**/*.test.ts",
            "test/{tidy,fuzz}.test.ts",
          ],
          maxWorkers: "100%",
          testTimeout: 60_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real processes, databases and browsers: one file at a time, so that two cores suffice.
        extends: true,
        test: {
          name: "system",
          globalSetup: ["./test/support/database-setup.ts"],
          include: ["test/**/*.test.ts"],
          exclude: ["test/{tidy,fuzz}.test.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
