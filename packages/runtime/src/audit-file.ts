/** An exported audit log, looked at: the same for whoever keeps it and for anybody else. */
import { createReadStream } from "node:fs";
import { linesOf } from "@engraft/core/audit/lines";
import { verifyAudit, type AuditBroken, type AuditSound } from "@engraft/core/audit/verify";
import { EngraftError } from "@engraft/core/base/errors";
import { PublicKey } from "@engraft/core/base/ids";

/** `key`: whose log it must be; without one the file's own word is taken. Throws `not-found` where it cannot be read. */
export async function auditFileVerdict(path: string, key: PublicKey | undefined): Promise<AuditSound | AuditBroken> {
  try {
    return await verifyAudit(linesOf(createReadStream(path)), { key });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    throw new EngraftError("not-found", `Cannot read ${path} (${String(cause.code)}).`, { cause });
  }
}

/** Of a command's `--key`. Throws `bad-input`. */
export function keyFlag(text: string): PublicKey {
  const key = PublicKey.safeParse(text);
  if (!key.success) throw new EngraftError("bad-input", "--key needs a public key: 43 letters, digits, '-' and '_'.");
  return key.data;
}
