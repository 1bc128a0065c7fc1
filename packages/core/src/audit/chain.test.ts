import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Digest } from "../base/ids.ts";
import { CHAIN_START, chainHash, firstBrokenLink, type AuditEntry } from "./chain.ts";

const entry = fc.record({
  at: fc.nat(),
  actor: fc.constantFrom("admin:a@b.example", "site:st-anna", "coordinator"),
  action: fc.constantFrom("invite.created", "update.refused"),
  subject: fc.string(),
  detail: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), { noNullPrototype: true }),
});
const entries = fc.array(entry, { minLength: 1, maxLength: 8 });

function chained(list: readonly AuditEntry[]): (AuditEntry & { hash: Digest })[] {
  let previous = CHAIN_START;
  return list.map((one) => {
    previous = chainHash(previous, one);
    return { ...one, hash: previous };
  });
}

describe("the audit chain", () => {
  it("[A1] holds as written", () => {
    fc.assert(
      fc.property(entries, (list) => {
        expect(firstBrokenLink(chained(list))).toBeUndefined();
      }),
    );
  });

  it("[A1] breaks at an entry that was altered", () => {
    fc.assert(
      fc.property(
        entries,
        fc.nat(),
        fc.constantFrom<Partial<AuditEntry>>(
          { at: -1 },
          { actor: "x" },
          { action: "x" },
          { subject: "no such subject ☃" },
          { detail: { added: 1 } },
        ),
        (list, at, change) => {
          const chain = chained(list);
          const index = at % chain.length;
          chain[index] = { ...(chain[index] as (typeof chain)[number]), ...change };
          expect(firstBrokenLink(chain)).toBe(index);
        },
      ),
    );
  });

  it("[A1] breaks where an entry was removed, inserted or moved", () => {
    fc.assert(
      fc.property(entries, fc.nat(), entry, (list, at, extra) => {
        const chain = chained(list);
        const index = at % chain.length;
        const removed = chain.toSpliced(index, 1);
        expect(firstBrokenLink(removed)).toBe(index < removed.length ? index : undefined);
        const inserted = chain.toSpliced(index, 0, { ...extra, hash: chainHash(chain[index - 1]?.hash ?? CHAIN_START, extra) });
        expect(firstBrokenLink(inserted)).toBe(index + 1);
        if (chain.length > 1) expect(firstBrokenLink([...chain.slice(1), chain[0] as (typeof chain)[number]])).toBe(0);
      }),
    );
  });

  it("[A1] goes on from any entry, and only from that one", () => {
    const chain = chained([
      { at: 1, actor: "a", action: "b", subject: "c", detail: {} },
      { at: 2, actor: "a", action: "b", subject: "c", detail: {} },
    ]);
    expect(firstBrokenLink(chain.slice(1), chain[0]?.hash)).toBeUndefined();
    expect(firstBrokenLink(chain.slice(1))).toBe(0);
  });
});
