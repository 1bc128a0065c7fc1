/**
 * `npm run check:size`: the JavaScript that each route of the built dashboard loads before it can be used, gzip, against
 * the budget. Asks the real server for each page and weighs every script that the page names; `noModule` scripts are left
 * out, since no browser that the dashboard supports loads them. Exits 1 where a route is over the budget.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 260;
const root = join(import.meta.dirname, "..");
const dashboard = join(root, "apps", "dashboard");

/** Any value does for a parameter: what a page loads does not depend on it. */
const routes = Object.entries(JSON.parse(readFileSync(join(dashboard, ".next", "app-path-routes-manifest.json"), "utf8")))
  .filter(([page, route]) => page.endsWith("/page") && !route.startsWith("/_"))
  .map(([, route]) => route)
  .toSorted((a, b) => a.localeCompare(b));

const server = spawn(process.execPath, [join(dashboard, "bin", "engraft-dashboard.js"), "--port", "0", "--json"], {
  stdio: ["ignore", "pipe", "inherit"],
});
const url = await new Promise((resolve, reject) => {
  server.once("exit", (code) => reject(new Error(`The dashboard ended with ${code} before it was ready.`)));
  createInterface({ input: server.stdout }).on("line", (line) => resolve(JSON.parse(line).url));
});

/** @type {Map<string, Promise<number>>} */
const weights = new Map();
const weigh = async (path) => gzipSync(Buffer.from(await (await fetch(new URL(path, url))).arrayBuffer()), { level: 6 }).length;
const weightOf = async (path) => {
  const weight = weights.get(path) ?? weigh(path);
  weights.set(path, weight);
  return weight;
};

try {
  let over = 0;
  for (const route of routes) {
    const html = await (await fetch(new URL(route.replaceAll(/\[\w+\]/g, "some"), url))).text();
    const scripts = new Set(
      [...html.matchAll(/<script\b[^>]*>/g)]
        .map(([tag]) => tag)
        .filter((tag) => !/\bnomodule\b/i.test(tag))
        .flatMap((tag) => /\bsrc="([^"]+)"/.exec(tag)?.[1] ?? []),
    );
    if (scripts.size === 0) throw new Error(`${route} names no script: what is measured here is not the page.`);
    const bytes = (await Promise.all([...scripts].map(async (path) => weightOf(path)))).reduce((sum, each) => sum + each, 0);
    const kb = bytes / 1000;
    if (kb > BUDGET_KB) over++;
    console.log(`${kb > BUDGET_KB ? "OVER" : "ok  "} ${route.padEnd(20)} ${kb.toFixed(1).padStart(7)} KB of ${BUDGET_KB}`);
  }
  console.log(over === 0 ? `${routes.length} routes within the budget` : `${over} of ${routes.length} routes over the budget`);
  process.exitCode = over === 0 ? 0 : 1;
} finally {
  server.removeAllListeners("exit");
  server.kill();
}
