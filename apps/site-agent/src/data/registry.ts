/** The tables that a steward has registered, by name: a declaration each, never a copy of the data. */
import { join } from "node:path";
import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Instant } from "@engraft/core/base/ids";
import { TableDeclaration } from "@engraft/engine/data/declaration";
import { jsonNames, readJson, writeJson } from "../vault/json-file.ts";

export const DataName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$/, "use 2 to 40 of a-z, 0-9 and '-', starting and ending with a letter or digit");

const DataFile = z.strictObject({ format: z.literal("engraft.data/1"), name: DataName, table: TableDeclaration, registeredAt: Instant });

export interface RegisteredData {
  readonly name: string;
  readonly table: TableDeclaration;
  readonly registeredAt: number;
}

const folder = (home: string): string => join(home, "data");

/** Registers a table under a name; an existing name is declared anew. */
export async function registerData(home: string, data: RegisteredData): Promise<void> {
  await writeJson(join(folder(home), `${data.name}.json`), { format: "engraft.data/1", ...data });
}

export const findData = (home: string, name: string): Promise<RegisteredData | undefined> =>
  DataName.safeParse(name).success ? readJson(join(folder(home), `${name}.json`), DataFile) : Promise.resolve(undefined);

export async function listData(home: string): Promise<readonly RegisteredData[]> {
  const found = await Promise.all((await jsonNames(folder(home))).map((name) => findData(home, name)));
  return found.filter((data) => data !== undefined);
}

/** The named table, or the only one there is. Throws `data-missing`, or `bad-input` where a name is needed. */
export async function resolveData(home: string, name: string | undefined): Promise<RegisteredData> {
  if (name !== undefined) {
    const named = await findData(home, name);
    if (named === undefined)
      throw new EngraftError(
        "data-missing",
        `No table "${name}" is registered here. "engraft-site data list" shows those that are; "engraft-site data add" registers one.`,
      );
    return named;
  }
  const [only, ...others] = await listData(home);
  if (only === undefined) throw new EngraftError("data-missing", 'No table is registered here. Register one with "engraft-site data add".');
  if (others.length > 0)
    throw new EngraftError(
      "bad-input",
      `${others.length + 1} tables are registered (${[only, ...others].map((data) => data.name).join(", ")}). Name the one that is meant.`,
    );
  return only;
}
