/** What a database error means to a writer. */

/**
 * `version-taken`: the run went on elsewhere. `fenced`: another coordinator leads. `again`: worth another try. `full`: no space.
 * Undefined: none of them.
 */
export type WriteFault = "version-taken" | "fenced" | "again" | "full";

/** Raised by the trigger `fence` of the migrations. */
const EPOCH_IS_OVER = "EG001";

interface DriverCause {
  readonly originalCode?: string;
  readonly constraint?: { readonly fields?: readonly string[]; readonly index?: string };
}

export function faultOf(error: unknown): WriteFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, meta } = error as {
    readonly code?: string;
    readonly meta?: { readonly driverAdapterError?: { readonly cause?: DriverCause } };
  };
  const cause = meta?.driverAdapterError?.cause;
  const sql = cause?.originalCode;
  if (sql === EPOCH_IS_OVER) return "fenced";
  if (code === "P2034" || sql === "40001" || sql === "40P01") return "again";
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
  const { code, meta } = error as {
    readonly code?: string;
    readonly meta?: { readonly driverAdapterError?: { readonly cause?: DriverCause } };
  };
  return code === "P2002" || meta?.driverAdapterError?.cause?.originalCode === "23505";
}
