/** One connection to either database for statements by hand: migrations, and putting back a backup. */
import type { PGlite } from "@electric-sql/pglite";
import type pg from "pg";
import type { SqlSession } from "./migrate.ts";

export const embeddedSession = (database: PGlite): SqlSession => ({
  script: async (sql) => void (await database.exec(sql)),
  rows: async (sql, values = []) => (await database.query<Record<string, unknown>>(sql, [...values])).rows,
});

export const postgresSession = (connection: pg.Client): SqlSession => ({
  script: async (sql) => void (await connection.query(sql)),
  rows: async (sql, values = []) => (await connection.query<Record<string, unknown>>(sql, [...values])).rows,
});
