/**
 * `npm run check`: format, lint, types, dead code and tidiness, each with its time. Goes on after a failure, so that one
 * run shows everything; exits 1 where anything failed. Names of steps as arguments run only those: `npm run check lint`.
 */
import { spawnSync } from "node:child_process";
import { delimiter, join } from "node:path";

const root = join(import.meta.dirname, "..");
const env = {
  ...process.env,
  PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: "1",
  DO_NOT_TRACK: "1",
};

/** Types come after a build of the packages, because packages see each other's declarations. */
const STEPS = {
  format: [["oxfmt", "--check"]],
  lint: [["oxlint", "--type-aware", "--deny-warnings"]],
  types: [
    ["turbo", "run", "build", "--filter=!@engraft/dashboard", "--output-logs=errors-only"],
    ["tsc", "-p", "."],
    ["tsc", "-p", "apps/dashboard"],
  ],
  "dead code": [["knip", "--no-progress"]],
  tidy: [["vitest", "run", "--project", "unit", "test/tidy.test.ts"]],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`Unknown step ${unknown.join(", ")}. Steps: ${Object.keys(STEPS).join(", ")}.`);
  process.exit(2);
}

const rows = [];
for (const [name, commands] of Object.entries(STEPS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  const started = performance.now();
  const failed = commands.find(([program, ...args]) => spawnSync(program, args, { cwd: root, env, stdio: "inherit" }).status !== 0);
  rows.push({ name, failed: failed?.join(" "), seconds: (performance.now() - started) / 1000 });
}

console.log("");
for (const { name, failed, seconds } of rows) {
  console.log(
    `${failed === undefined ? "ok  " : "FAIL"} ${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s${failed === undefined ? "" : `   ${failed}`}`,
  );
}
const failures = rows.filter(({ failed }) => failed !== undefined).length;
console.log(
  `${rows.length - failures} of ${rows.length} checks passed in ${rows.reduce((sum, { seconds }) => sum + seconds, 0).toFixed(0)} s`,
);
process.exitCode = failures > 0 ? 1 : 0;
