/** Keys that this site had before, each with the rotation by which the next one followed: what they signed stays this site's. */
import { join } from "node:path";
import * as z from "zod";
import { Instant, PublicKey } from "@engraft/core/base/ids";
import { SignedRotation } from "@engraft/core/protocol/membership";
import { readJson, writeJson } from "./json-file.ts";

const HistoryFile = z.strictObject({
  format: z.literal("engraft.keys/1"),
  rotations: z.array(z.strictObject({ from: PublicKey, to: PublicKey, at: Instant, rotation: SignedRotation })),
});
export type KeyChange = z.infer<typeof HistoryFile>["rotations"][number];

const path = (home: string): string => join(home, "keys.json");

/** Oldest first. */
export const keyChanges = async (home: string): Promise<readonly KeyChange[]> => (await readJson(path(home), HistoryFile))?.rotations ?? [];

/** The same change twice is one. */
export async function addKeyChange(home: string, change: KeyChange): Promise<void> {
  const known = await keyChanges(home);
  if (known.some(({ from }) => from === change.from)) return;
  await writeJson(path(home), { format: "engraft.keys/1", rotations: [...known, change] });
}
