/** What the file system says of a table, in words. */
import { EngraftError } from "@engraft/core/base/errors";

/** Undefined for every other error. */
export function cannotOpen(error: unknown): EngraftError | undefined {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string" && /^E[A-Z]+$/.test(error.code))) return undefined;
  const why = error.code === "ENOENT" ? "there is no such file" : error.code === "EACCES" ? "this account may not read it" : error.code;
  return new EngraftError(
    "data-missing",
    `The declared table cannot be opened: ${why}. Register its path again with \`engraft-site data add\`.`,
  );
}
