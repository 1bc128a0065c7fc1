/** What the databases have in common. */
import { EngraftError } from "@engraft/core/base/errors";

/** Rows fetched at once. */
export const FETCH = 5000;

export interface Query {
  readonly text: string;
  readonly address: URL;
  /** The longest that one statement may take. */
  readonly seconds: number;
}

/** The names of the columns, then rows in batches, in a transaction that cannot write. Throws `data-missing` by `databaseFault`. */
export type ReadQuery = (query: Query) => AsyncGenerator<readonly (readonly unknown[])[]>;

/** A database's message can repeat values, so only its code goes on. */
export function databaseFault(during: "connect" | "query", error: unknown): EngraftError {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "no code";
  return new EngraftError(
    "data-missing",
    during === "connect"
      ? `The database cannot be reached (${code}). Check the address, the password and that this machine may connect.`
      : `The database did not answer the query (${code}). Try the query with the database's own tools, as the same user.`,
  );
}
