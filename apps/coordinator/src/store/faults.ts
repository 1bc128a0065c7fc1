/** What a database error means to a writer. */

/**
 * `version-taken`: the run went on elsewhere. `fenced`: another coordinator leads. `again`: worth another try. `full`: no space.
 * Undefined: none of them.
 */
export type WriteFault = "version-taken" | "fenced" | "again" | "full";

/** Raised by the trigger `fence` of the migrations. */
const EPOCH_IS_OVER = "EG001";

interface DriverCause {
  readonly kind?: string;
  readonly originalCode?: string;
  readonly constraint?: { readonly fields?: readonly string[]; readonly index?: string };
}

interface DatabaseError {
  readonly code?: string;
  readonly meta?: { readonly driverAdapterError?: { readonly cause?: DriverCause } };
}

/** What begins or commits a transaction throws the driver's error as it is, and not inside one of Prisma's. */
const causeOf = (error: Error): DriverCause | undefined =>
  (error as DatabaseError).meta?.driverAdapterError?.cause ??
  (error.name === "DriverAdapterError" ? (error.cause as DriverCause | undefined) : undefined);

export function faultOf(error: unknown): WriteFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as DatabaseError;
  const cause = causeOf(error);
  const sql = cause?.originalCode;
  if (sql === EPOCH_IS_OVER) return "fenced";
  if (code === "P2034" || cause?.kind === "TransactionWriteConflict" || sql === "40001" || sql === "40P01") return "again";
  if (sql === "53100") return "full";
  if (code !== "P2002" && sql !== "23505") return undefined;
  const of = [...(cause?.constraint?.fields ?? []), cause?.constraint?.index ?? ""].join(" ").replaceAll('"', "");
  if (of.includes("version") && of.includes("run")) return "version-taken";
  // The audit chain's next number was taken by another process.
  return of.trim() === "seq" || of.includes("audit_pkey") ? "again" : undefined;
}

/** True for a unique value that exists already. */
export function isTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (error as DatabaseError).code === "P2002" || causeOf(error)?.originalCode === "23505";
}
