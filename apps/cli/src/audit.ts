/** `engraft audit verify`: an exported audit log, of a coordinator or of a site, on a machine that keeps neither. */
import { createReadStream } from "node:fs";
import { auditInWords } from "@engraft/core/audit/in-words";
import { linesOf } from "@engraft/core/audit/lines";
import { verifyAudit } from "@engraft/core/audit/verify";
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { PublicKey } from "@engraft/core/base/ids";

/** The exit code: 0 where the log is as it was written, else that of `audit-altered`. Throws `bad-input` and `not-found`. */
export async function verifyLog(path: string, flags: { readonly key?: string; readonly json?: boolean }): Promise<number> {
  const key = flags.key === undefined ? undefined : PublicKey.safeParse(flags.key);
  if (key?.success === false) throw new EngraftError("bad-input", "--key needs a public key: 43 letters, digits, '-' and '_'.");
  const report = await verifyAudit(linesOf(createReadStream(path)), { key: key?.data }).catch((cause: unknown) => {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    throw new EngraftError("not-found", `Cannot read ${path} (${String(cause.code)}).`, { cause });
  });
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${auditInWords(report, key !== undefined).join("\n")}\n`);
  return report.ok ? 0 : CODES["audit-altered"].exit;
}
