// Prisma's command line looks for a native engine that it would have to download. `generate` needs none, and migrations are
// written with the engine's WASM build behind tools/schema-engine.mjs (a developer's tool; nothing of it runs in production).
import { fileURLToPath } from "node:url";
import { defineConfig } from "prisma/config";

process.env["PRISMA_SCHEMA_ENGINE_BINARY"] ??= fileURLToPath(new URL("./tools/schema-engine.mjs", import.meta.url));

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: "postgresql://unused@127.0.0.1/unused" },
});
