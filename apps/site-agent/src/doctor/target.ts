/** What `doctor` looks at: the coordinator that this site belongs to, or the one that an invite names. */
import { EngraftError } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { readInvite } from "@engraft/core/protocol/invite";
import { loadFederation } from "../vault/federation.ts";

export interface Target {
  /** `http(s)://host:port`, without a slash at the end. */
  readonly url: string;
  readonly coordinator: PublicKey;
  /** PEM file of a certificate authority to trust beside Node's. */
  readonly ca: string | undefined;
}

export interface Looking {
  /** Absolute. */
  readonly home: string;
  readonly ca: string | undefined;
  /** Looks at the way to this invite's coordinator, before joining. */
  readonly invite: string | undefined;
  readonly now: () => number;
}

/** Throws `not-enrolled`, `invite-mistyped` or `bad-config`. */
export async function targetOf({ home, ca, invite }: Looking): Promise<Target> {
  if (invite !== undefined) {
    const read = readInvite(invite);
    if (!read.ok) throw new EngraftError(read.code, read.text);
    return { url: trimmed(read.invite.url), coordinator: read.invite.coordinator, ca };
  }
  const federation = await loadFederation(home);
  if (federation === undefined) throw new EngraftError("not-enrolled", `There is no enrolled site in ${home}.`);
  return { url: trimmed(federation.url), coordinator: federation.coordinator, ca: ca ?? federation.ca ?? undefined };
}

const trimmed = (url: string): string => url.replace(/\/$/, "");
