/** `engraft audit verify`: an exported audit log, of a coordinator or of a site, on a machine that keeps neither. */
import { auditInWords } from "@engraft/core/audit/in-words";
import { CODES } from "@engraft/core/base/errors";
import { auditFileVerdict, keyFlag } from "@engraft/runtime/audit-file";

/** The exit code: 0 where the log is as it was written, else that of `audit-altered`. Throws `bad-input` and `not-found`. */
export async function verifyLog(path: string, flags: { readonly key?: string; readonly json?: boolean }): Promise<number> {
  const key = flags.key === undefined ? undefined : keyFlag(flags.key);
  const report = await auditFileVerdict(path, key);
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `${auditInWords(report, key !== undefined).join("\n")}\n`);
  return report.ok ? 0 : CODES["audit-altered"].exit;
}
