/** Which federation this site belongs to: written once, at enrolment. The coordinator's key is pinned here. */
import { join } from "node:path";
import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Instant, PublicKey, SiteName } from "@engraft/core/base/ids";
import type { Identity } from "@engraft/core/crypto/identity";
import { loadIdentity } from "./identity.ts";
import { keyChanges } from "./key-history.ts";
import { readJson, writeJson } from "./json-file.ts";

const Federation = z.strictObject({
  format: z.literal("engraft.federation/1"),
  /** `http(s)://host:port`. */
  url: z.string(),
  /** Of coordinators that stand by for the one at `url`: same key, same database. */
  otherUrls: z.array(z.string()).optional(),
  /** Pinned: whoever answers with another key is not the coordinator. */
  coordinator: PublicKey,
  site: SiteName,
  /** The invite that was used. */
  invite: z.string(),
  joinedAt: Instant,
  /** Path of a file with the hospital's own certificate authority, PEM. */
  ca: z.string().nullable(),
});
export type Federation = z.infer<typeof Federation>;

const path = (home: string): string => join(home, "federation.json");

export const loadFederation = (home: string): Promise<Federation | undefined> => readJson(path(home), Federation);

export const saveFederation = (home: string, federation: Omit<Federation, "format">): Promise<void> =>
  writeJson(path(home), { format: "engraft.federation/1", ...federation });

/** Every address at which the coordinator may answer, the first one first. */
export const addresses = ({
  url,
  otherUrls = [],
}: {
  readonly url: string;
  readonly otherUrls?: readonly string[] | undefined;
}): readonly string[] => [...new Set([url, ...otherUrls])];

export interface Membership {
  readonly identity: Identity;
  readonly federation: Federation;
  /** Keys that this site had before. */
  readonly formerKeys?: readonly PublicKey[];
}

/** Whether a key is, or was, this site's own. */
export const isOwnKey = ({ identity, formerKeys = [] }: Membership, key: PublicKey): boolean =>
  key === identity.publicKey || formerKeys.includes(key);

/** Who this site is and where it belongs. Throws `not-enrolled`. */
export async function requireMembership(home: string): Promise<Membership> {
  const [identity, federation, changes] = await Promise.all([loadIdentity(home), loadFederation(home), keyChanges(home)]);
  if (identity === undefined && federation !== undefined)
    throw new EngraftError(
      "not-enrolled",
      `The key of ${federation.site} is not in ${home}. Where this site has left the federation, that is why; to take part again ask the admin for an invite under a new name, and join with it in a new folder. Else restore the folder from a backup.`,
    );
  if (identity === undefined || federation === undefined) {
    throw new EngraftError(
      "not-enrolled",
      `There is no enrolled site in ${home}. Ask the federation's admin for an invite and run "engraft-site join <invite>", or name the right folder with --home.`,
    );
  }
  return { identity, federation, ...(changes.length > 0 && { formerKeys: changes.map(({ from }) => from) }) };
}
