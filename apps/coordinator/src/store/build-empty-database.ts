/** Part of the build: the empty database that new coordinators copy. */
import { rm } from "node:fs/promises";
import { EMPTY_DATABASE, makeDatabase } from "./new-database.ts";

await rm(EMPTY_DATABASE, { recursive: true, force: true });
await makeDatabase(EMPTY_DATABASE);
