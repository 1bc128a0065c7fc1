/** Deals that lie: garbage in one box, or one share that is off the polynomial though it is committed to. Tests only. */
import { blob, digest, record, u8 } from "../base/binary.ts";
import { concat, utf8 } from "../base/bytes.ts";
import { openBox, sealBox } from "../crypto/box.ts";
import { treeRoot } from "../crypto/merkle.ts";
import { agree, agreementKey, deriveKey } from "../crypto/x25519.ts";
import { memberAt, type Roster } from "./advertise.ts";
import type { Dealt } from "./federation.fixture.ts";
import { readLeaf, shareCommitment, type Deal, type HeldShares } from "./share.ts";
import { state } from "./statement.ts";
import { digestBytes } from "./transcript.ts";

const Leaf = record({ holder: u8, box: blob, seed: digest, key: digest });

function boxKey(one: Dealt, roster: Roster, holder: number): { readonly key: Uint8Array; readonly bound: Uint8Array } {
  const shared = agree(agreementKey(one.secrets.box), memberAt(roster, holder).boxKey) ?? new Uint8Array(32);
  const [salt, direction] = [digestBytes(roster.hash), Uint8Array.of(one.index, holder)];
  return { key: deriveKey(shared, salt, concat([utf8("box"), direction])), bound: concat([salt, direction]) };
}

/** The site's deal with one leaf changed, signed anew by the site itself. */
export function dealWith(one: Dealt, roster: Roster, lie: { readonly garbageFor?: number; readonly crookedFor?: number }): Deal {
  const holder = lie.garbageFor ?? lie.crookedFor ?? 0;
  const leaf = readLeaf(one.deal.leaves[holder - 1] ?? new Uint8Array());
  if (leaf === undefined) throw new Error("no such leaf");
  const { key, bound } = boxKey(one, roster, holder);
  const wrong = new Uint8Array(32).fill(77);
  const changed =
    lie.crookedFor === undefined
      ? { ...leaf, box: leaf.box.with(20, (leaf.box[20] ?? 0) ^ 1) }
      : {
          holder,
          box: sealBox(key, new Uint8Array(12), bound, concat([wrong, wrong])),
          seed: shareCommitment(roster.hash, one.index, holder, "seed", wrong),
          key: shareCommitment(roster.hash, one.index, holder, "key", wrong),
        };
  const leaves = one.deal.leaves.with(holder - 1, Leaf.write(changed));
  const root = treeRoot([digest.write(one.deal.seedCommitment), ...leaves]);
  return { ...one.deal, leaves, statement: state(one.site.by, "deal", { roster: roster.hash, index: one.index, root }) };
}

/** What an honest answer holds: the shares as they would have been in the box, whose bit 160 was flipped. */
export function sharesInBox(one: Dealt, roster: Roster, holder: number): HeldShares {
  const leaf = readLeaf(one.deal.leaves[holder - 1] ?? new Uint8Array());
  const { key, bound } = boxKey(one, roster, holder);
  const content = openBox(key, bound, leaf?.box.with(20, (leaf.box[20] ?? 0) ^ 1) ?? new Uint8Array()) ?? new Uint8Array(64);
  return { seed: content.slice(0, 32), key: content.slice(32) };
}
