/** The whole database as lines of text, as of one moment, while the coordinator goes on. */
import { Prisma } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import { TABLES, type Applied, type DumpHead } from "./format.ts";
import type * as z from "zod";

const ROWS_AT_ONCE = 500;
const LONGEST_MS = 3_600_000;

/** Calls `line` for the head, each row and the end, one after the other: what it has not taken yet is not read yet. */
export async function dump(
  store: Store,
  head: Omit<DumpHead, "format" | "migrations">,
  line: (text: string) => Promise<void>,
): Promise<void> {
  await store.prisma.$transaction(
    async (tx) => {
      const migrations = await tx.$queryRaw<z.infer<typeof Applied>[]>`
        SELECT "migration_name" AS "name", "checksum" FROM "_prisma_migrations" WHERE "rolled_back_at" IS NULL ORDER BY "migration_name"`;
      await line(JSON.stringify({ format: "engraft.dump/1", ...head, migrations } satisfies DumpHead));
      let rows = 0;
      for (const table of TABLES) {
        // The names are our own; a cursor keeps memory flat however long the log is.
        await tx.$executeRawUnsafe(`DECLARE dump NO SCROLL CURSOR FOR SELECT row_to_json(t)::text AS "row" FROM "${table}" t`);
        for (;;) {
          const fetched = await tx.$queryRawUnsafe<{ row: string }[]>(`FETCH ${ROWS_AT_ONCE} FROM dump`);
          for (const { row } of fetched) await line(`${table}\t${row}`);
          rows += fetched.length;
          if (fetched.length < ROWS_AT_ONCE) break;
        }
        await tx.$executeRawUnsafe("CLOSE dump");
      }
      await line(JSON.stringify({ rows }));
    },
    { isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead, timeout: LONGEST_MS, maxWait: 60_000 },
  );
}
