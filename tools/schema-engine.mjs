#!/usr/bin/env node
/**
 * Stands in for Prisma's native schema engine, which npm does not carry: the same engine's WASM build on an in-memory PGlite,
 * speaking the engine's JSON-RPC over stdio. Only for writing migrations (`npm run db:diff`) and checking them
 * (`npm run db:check`); the protocol is internal to Prisma, so both packages are pinned.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PGlite } from "@electric-sql/pglite";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";

const require = createRequire(import.meta.url);
// The adapter is the coordinator's dependency, not the root's.
const { PrismaPGlite } = await import(pathToFileURL(require.resolve("pglite-prisma-adapter")).href);

const argv = process.argv.slice(2);
if (argv.includes("can-connect-to-database")) process.exit(0);
// `migrate diff` names no schema, but the WASM build wants one to know the provider.
const named = argv.filter((_, index) => argv[index - 1] === "--datamodels");
const schemas = named.length > 0 ? named : [fileURLToPath(new URL("../prisma/schema.prisma", import.meta.url))];
const datamodels = schemas.map((path) => [path, readFileSync(path, "utf8")]);

/** The package's own entry imports a .wasm file as a module, which Node 20 cannot. */
async function loadEngine() {
  const glue = await import(pathToFileURL(require.resolve("@prisma/schema-engine-wasm/schema_engine_bg")).href);
  const wasm = readFileSync(require.resolve("@prisma/schema-engine-wasm/schema_engine_bg").replace(/\.js$/, ".wasm"));
  const { exports } = await WebAssembly.instantiate(new WebAssembly.Module(wasm), { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return glue.SchemaEngine;
}

/** The adapter starts an SQL script without waiting for it; the engine goes on too early. */
class AwaitingPGlite extends PrismaPGlite {
  #database;
  constructor(database) {
    super(database);
    this.#database = database;
  }
  async connect() {
    return awaiting(await super.connect(), this.#database);
  }
  async connectToShadowDb() {
    const shadow = new PGlite();
    return awaiting(await new PrismaPGlite(shadow).connect(), shadow);
  }
}

function awaiting(adapter, database) {
  adapter.executeScript = async (script) => void (await database.exec(script));
  return adapter;
}

const SchemaEngine = await loadEngine();
const engine = await SchemaEngine.new(
  { datamodels },
  () => undefined,
  bindMigrationAwareSqlAdapterFactory(new AwaitingPGlite(new PGlite())),
);

const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const { id, method, params } = JSON.parse(line);
  try {
    const result = await engine[method](params);
    // The native engine prints a diff itself.
    if (method === "diff" && typeof result.stdout === "string") send({ id, method: "print", params: { content: result.stdout } });
    send({ id, result });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    send({ id, error: { code: 4466, message, data: { is_panic: false, message, meta: null } } });
  }
}
process.exit(0);
