import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { identityFromSeed } from "../crypto/identity.ts";
import { chainHash, type AuditEntry } from "./chain.ts";
import { BEGINNING, entryLine, firstLine, headLine, sealHead, type NumberedEntry, type Position } from "./file.ts";
import { linesOf } from "./lines.ts";
import { verifyAudit, type Expected } from "./verify.ts";

const keeper = identityFromSeed(new Uint8Array(32).fill(7));
const stranger = identityFromSeed(new Uint8Array(32).fill(8));

const entry = fc.record({
  at: fc.nat(),
  actor: fc.constantFrom("admin:a@b.example", "site:st-anna", "coordinator"),
  action: fc.constantFrom("invite.created", "update.refused"),
  subject: fc.string({ unit: "grapheme" }),
  detail: fc.dictionary(
    fc.string(),
    fc.oneof(fc.string({ unit: "binary" }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)),
    { noNullPrototype: true, maxKeys: 3 },
  ),
});
const entries = fc.array(entry, { minLength: 2, maxLength: 7 });

function numbered(list: readonly AuditEntry[], from: Position = BEGINNING): readonly NumberedEntry[] {
  let { seq, hash } = from;
  return list.map((one) => {
    seq += 1;
    hash = chainHash(hash, one);
    return { ...one, seq, hash };
  });
}

const signed = ({ seq, hash }: Position, by = keeper): string => headLine(sealHead(by, { seq, hash, at: 1_700_000_000_000 + seq }));

/** With a head behind every second entry and behind the last. */
const fileOf = (list: readonly NumberedEntry[]): string[] => [
  firstLine(keeper.publicKey, BEGINNING),
  ...list.flatMap((one, index) => (index % 2 === 1 || index === list.length - 1 ? [entryLine(one), signed(one)] : [entryLine(one)])),
];

/** In pieces, as a stream gives them. */
function* pieces(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 97) yield bytes.subarray(at, at + 97);
}

const check = (lines: readonly string[] | Buffer, expected: Expected = { key: keeper.publicKey }) =>
  verifyAudit(linesOf(pieces(Buffer.isBuffer(lines) ? lines : Buffer.from(lines.join("")))), expected);

/** Number of the entry that a line of `fileOf` is, or stands in front of. */
const seqOfLine = (lines: readonly string[], index: number): number => {
  const before = lines
    .slice(0, index)
    .filter((line) => line.includes('"seq":') && !line.includes('"format"') && !line.startsWith('{"head"'));
  return before.length + 1;
};

describe("an audit file", () => {
  it("[A3] holds as written, and says how far it is signed", async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (list) => {
        const chain = numbered(list);
        const last = chain.at(-1) as NumberedEntry;
        const report = await check(fileOf(chain));
        expect(report).toMatchObject({
          ok: true,
          entries: list.length,
          anchored: true,
          torn: false,
          signed: { seq: list.length, hash: last.hash },
        });
      }),
    );
  });

  it("[A3] names the entry of any single byte that was changed", async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), async (list, where, change) => {
        const lines = fileOf(numbered(list));
        const bytes = Buffer.from(lines.join(""));
        const at = where % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ change;
        let [index, end] = [0, Buffer.byteLength(lines[0] ?? "")];
        while (at >= end) end += Buffer.byteLength(lines[++index] ?? "");
        expect(await check(bytes)).toMatchObject({ ok: false, seq: seqOfLine(lines, index) });
      }),
      { numRuns: 400 },
    );
  });

  it("[A3] names the entry that was removed, inserted or moved", async () => {
    await fc.assert(
      fc.asyncProperty(entries, entry, fc.nat(), async (list, extra, where) => {
        const chain = numbered(list);
        const lines = fileOf(chain);
        const seq = (where % list.length) + 1;
        const index = lines.indexOf(entryLine(chain[seq - 1] as NumberedEntry));
        expect(await check(lines.toSpliced(index, 1))).toMatchObject({ ok: false, seq });
        const put = numbered([extra], chain[seq - 2] ?? BEGINNING)[0] as NumberedEntry;
        const inserted = await check(lines.toSpliced(index, 0, entryLine(put)));
        // What was put in follows from the one before; the true one behind it does not.
        expect(inserted).toMatchObject({
          ok: false,
          seq: entryLine(put) === lines[index] ? seq + 1 : expect.toSatisfy((n) => n === seq || n === seq + 1),
        });
        const garbage = await check(lines.toSpliced(index, 0, entryLine({ ...put, hash: chainHash(put.hash, extra) })));
        expect(garbage).toMatchObject({ ok: false, seq, text: expect.stringContaining("inserted") });
        if (seq < list.length) {
          const other = lines.indexOf(entryLine(chain[seq] as NumberedEntry));
          const moved = [...lines];
          [moved[index], moved[other]] = [lines[other] ?? "", lines[index] ?? ""];
          expect(await check(moved)).toMatchObject({ ok: false, seq });
        }
      }),
    );
  });

  it("[A3] finds a chain that was made anew by whoever keeps it without the key, between two signed heads", async () => {
    const list = [1, 2, 3, 4].map((at) => ({ at, actor: "coordinator", action: "x", subject: "y", detail: {} }));
    const lines = fileOf(numbered(list));
    const forged = fileOf(numbered(list.with(2, { ...(list[2] as AuditEntry), subject: "z" })));
    const heads = lines.filter((line) => line.startsWith('{"head"'));
    let next = 0;
    const made = forged.map((line) => (line.startsWith('{"head"') ? (heads[next++] ?? "") : line));
    expect(await check(made)).toMatchObject({ ok: false, seq: 3, text: expect.stringContaining("made anew") });
    const byStranger = forged.map((line, index) => (index === forged.length - 1 ? signed(numbered(list)[3] as Position, stranger) : line));
    expect(await check(byStranger)).toMatchObject({ ok: false });
  });

  it("[A3] is refused under another key, without its first line, and empty", async () => {
    const lines = fileOf(numbered([{ at: 1, actor: "a", action: "b", subject: "c", detail: {} }]));
    expect(await check(lines, { key: stranger.publicKey })).toMatchObject({ ok: false, text: expect.stringContaining("another key") });
    expect(await check(lines.slice(1))).toMatchObject({ ok: false, seq: 1 });
    expect(await check([])).toMatchObject({ ok: false });
    expect(await check(lines, {})).toMatchObject({ ok: true, key: keeper.publicKey });
    expect(await check([...lines, "x".repeat(3 << 20)])).toMatchObject({ ok: false });
  });

  it("[A3] names entries that are missing at the end where a signed head speaks of them", async () => {
    const chain = numbered([1, 2, 3].map((at) => ({ at, actor: "a", action: "b", subject: "c", detail: {} })));
    const cut = [firstLine(keeper.publicKey, BEGINNING), ...chain.slice(0, 2).map(entryLine), signed(chain[2] as Position)];
    expect(await check(cut)).toMatchObject({ ok: false, seq: 3, text: expect.stringContaining("removed") });
  });

  it("[A4] stays whole from a signed head on, and says where it begins", async () => {
    const chain = numbered([1, 2, 3, 4].map((at) => ({ at, actor: "a", action: "b", subject: "c", detail: {} })));
    const second = chain[1] as NumberedEntry;
    const after = { seq: second.seq, hash: second.hash };
    const rest = [firstLine(keeper.publicKey, after), signed(second), ...chain.slice(2).map(entryLine)];
    expect(await check(rest)).toMatchObject({ ok: true, after, anchored: true, entries: 2 });
    expect(await check(rest.toSpliced(1, 1))).toMatchObject({ ok: true, anchored: false });
    expect(await check(rest.toSpliced(2, 1))).toMatchObject({ ok: false, seq: 3 });
  });

  it("[A6] takes a last line without its end for a crash only where told to, and nothing behind it", async () => {
    const lines = fileOf(numbered([{ at: 1, actor: "a", action: "b", subject: "c", detail: {} }]));
    const torn = [...lines, '{"action":"b","act'];
    expect(await check(torn)).toMatchObject({ ok: false, seq: 2 });
    expect(await check(torn, { key: keeper.publicKey, mayBeTorn: true })).toMatchObject({ ok: true, torn: true, entries: 1 });
  });
});
