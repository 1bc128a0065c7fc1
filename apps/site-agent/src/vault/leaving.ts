/** The signed word by which this site left, kept after its keys are gone. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { Instant } from "@engraft/core/base/ids";
import { Envelope, seal } from "@engraft/core/crypto/envelope";
import { MEMBERSHIP_TYPES, type Leave } from "@engraft/core/protocol/membership";
import type { Membership } from "./federation.ts";
import { identityPath } from "./identity.ts";
import { readJson, writeJson } from "./json-file.ts";

const LeavingFile = z.strictObject({
  format: z.literal("engraft.leaving/1"),
  leave: Envelope,
  /** By the coordinator's clock; null until it has said that it knows. */
  leftAt: Instant.nullable(),
});

const path = (home: string): string => join(home, "left.json");

export const findLeaving = (home: string) => readJson(path(home), LeavingFile);

/** The word of a leave that was begun before, or a new one. Durable when it returns. */
export async function signLeave(home: string, { identity, federation }: Membership, at: number): Promise<Envelope> {
  const known = await findLeaving(home);
  if (known !== undefined) return known.leave;
  const word: Leave = { site: federation.site, key: identity.publicKey, at };
  const leave = seal(identity, MEMBERSHIP_TYPES.leave, federation.coordinator, word);
  await writeJson(path(home), { format: "engraft.leaving/1", leave, leftAt: null });
  return leave;
}

export const markLeft = (home: string, leave: Envelope, leftAt: number): Promise<void> =>
  writeJson(path(home), { format: "engraft.leaving/1", leave, leftAt });

export const forgetLeave = (home: string): Promise<void> => rm(path(home), { force: true });

/** Everything here that is secret: keys, and what is encrypted under them. The site's own key last, so that a crash leaves it to try again. */
export async function removeKeys(home: string): Promise<void> {
  for (const name of ["next-identity.json", "secure", "features.key", "split-key.json"])
    await rm(join(home, name), { recursive: true, force: true });
  await rm(identityPath(home), { force: true });
}
