/** A database for somebody who only looks: no migration, no lock, nothing written by us. */
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { PrismaPGlite } from "pglite-prisma-adapter";
import { PrismaClient } from "./generated/client.ts";
import { unavailable } from "./lead.ts";
import type { SqlSession } from "./migrate.ts";
import { startEmbedded, type Database } from "./open.ts";
import { embeddedSession, postgresSession } from "./session.ts";

export interface DatabaseLook {
  readonly kind: Database["kind"];
  readonly session: SqlSession;
  readonly prisma: PrismaClient;
  close(): Promise<void>;
}

/**
 * Opens a database as it is. An embedded one must exist, and the caller holds the data folder's lock. Throws
 * `database-unavailable`.
 */
export async function lookIntoDatabase(where: { readonly url: string } | { readonly dir: string }): Promise<DatabaseLook> {
  if ("dir" in where) {
    const database = await startEmbedded(where.dir);
    const prisma = new PrismaClient({ adapter: new PrismaPGlite(database) });
    return { kind: "pglite", session: embeddedSession(database), prisma, close: () => ended(prisma, () => database.close()) };
  }
  const options = "-c default_transaction_read_only=on";
  const connection = new pg.Client({
    connectionString: where.url,
    options,
    connectionTimeoutMillis: 10_000,
    application_name: "engraft-doctor",
  });
  connection.on("error", () => undefined);
  await connection.connect().catch((cause: unknown) => {
    throw unavailable(cause);
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: where.url, options, max: 2 }) });
  return { kind: "postgresql", session: postgresSession(connection), prisma, close: () => ended(prisma, () => connection.end()) };
}

async function ended(prisma: PrismaClient, close: () => Promise<void>): Promise<void> {
  await prisma.$disconnect();
  await close();
}
