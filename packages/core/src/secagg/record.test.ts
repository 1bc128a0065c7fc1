/** The record of a sum, rebuilt by a script that shares no code with the product (tools/check-record). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { findPython, requireOrSkip } from "../../../../test/support/require.ts";
import { toBase64url } from "../base/bytes.ts";
import { decode } from "../base/binary.ts";
import type { Digest } from "../base/ids.ts";
import { sha256 } from "../crypto/digest.ts";
import { answer } from "./complaint.ts";
import {
  acceptAll,
  advertiseAll,
  chanceOf,
  contextOf,
  dealAll,
  directoryOf,
  echoOne,
  keyFor,
  maskOne,
  openSum,
  releaseOne,
  rosterOf,
  siteOf,
  survivorsOf,
  value,
  type Masked,
} from "./federation.fixture.ts";
import { isRefusal } from "../base/errors.ts";
import { vectorBytes } from "./mask-input.ts";
import { pack, type Layout } from "./pack.ts";
import { RoundRecord } from "./record.ts";
import { statementText } from "./signed-text.ts";
import { BODIES, state, type Body, type Statement } from "./statement.ts";
import { acceptRelease } from "./unmask.ts";

const SCRIPT = fileURLToPath(new URL("../../../../tools/check-record/check_record.py", import.meta.url));
const WORDS = 70_001;
const FULL: Words = { all: WORDS, values: WORDS - 1, totals: 0, bits: 32 };
const COMPACT: Words = { all: WORDS, values: WORDS - 9, totals: 4, bits: 20 };

type Words = RoundRecord["words"];
const layoutOf = ({ all, values, totals, bits }: Words): Layout =>
  bits === 32 ? { front: all, narrow: 0, back: 0 } : { front: 1, narrow: values, back: 2 * totals };

/** Four sites, of which the third vanishes after the masks are agreed; one dealer answered one complaint. */
function attempt(words: Words) {
  const directory = directoryOf(4);
  const context = contextOf(directory);
  const vectors = [30, 60, 90, 120].map((weight, at) => {
    const bytes = chanceOf(`vector ${at}`)(4 * WORDS);
    const vector = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    vector[0] = weight;
    return vector;
  });
  const sites = vectors.map((vector, at) => siteOf(at, context, vector, "record", layoutOf(words)));
  const adverts = advertiseAll(directory, context, 1, sites);
  const roster = value(rosterOf(directory, adverts));
  const dealt = dealAll(directory, roster, adverts);
  const deals = acceptAll(directory, roster, dealt);
  const keyed = dealt.map((one) => value(keyFor(directory, roster, deals, one)));
  const masked = [0, 1, 3].map((at) => maskOne(directory, dealt[at] as (typeof dealt)[number], keyed[at] as (typeof keyed)[number]));
  const survivors = value(survivorsOf(directory, masked));
  const echoes = masked.map((one) => echoOne(directory, one, survivors));
  const releases = masked.map((one) => {
    const made = releaseOne(directory, one, survivors, echoes);
    if (isRefusal(made)) throw new Error(made.text);
    return made;
  });
  const opening = { roster, deals, survivors };
  const sum = openSum(
    opening,
    masked,
    releases.map((one) => value(acceptRelease(directory, opening, one))),
  );
  if ("ok" in sum) throw new Error(sum.text);
  const toSecond = keyed[1]?.held.get(1);
  const answers = toSecond === undefined ? [] : [answer((masked[0] as Masked).site.by, roster, 1, 2, toSecond)];
  return {
    directory,
    context,
    roster,
    adverts,
    deals,
    masked,
    survivors,
    echoes,
    releases,
    answers,
    sum: pack(layoutOf(words), sum),
    keyed,
    words,
  };
}

type Attempt = ReturnType<typeof attempt>;

function recordOf(made: Attempt): RoundRecord {
  const { directory, context, roster, sum, words } = made;
  const joined = made.adverts[0]?.site.journal.find(({ kind }) => kind === "advertised");
  const texts = (statements: readonly Statement[]) => statements.map(statementText);
  return RoundRecord.parse({
    format: "engraft.record/1",
    run: context.run,
    round: context.round,
    attempt: 1,
    purpose: "train",
    nonce: "01".repeat(32),
    plan: context.plan,
    base: context.base,
    coordinator: context.coordinator,
    directory: directory.sites,
    threshold: directory.numbers.threshold,
    minCohort: directory.numbers.minCohort,
    roundHash: joined?.kind === "advertised" ? joined.roundHash : "",
    attemptHash: roster.attempt,
    roster: roster.hash,
    adverts: texts(made.adverts.map(({ statement }) => statement)),
    deals: made.deals.map(({ statement, seedCommitment, leaves }) => ({
      statement: statementText(statement),
      seedCommitment,
      leaves: leaves.map(toBase64url),
    })),
    headers: texts(made.masked.map(({ header }) => header)),
    echoes: texts(made.echoes),
    answers: texts(made.answers),
    releases: texts(made.releases),
    words,
    sum: { digest: sha256(vectorBytes(sum)), bytes: sum.byteLength },
    masked: made.masked.map(({ site, body }) => ({
      site: site.by.site,
      body: { digest: sha256(vectorBytes(body)), bytes: body.byteLength },
    })),
  });
}

/** A release with other shares in it, signed by its site all the same: what liars could send. */
function otherRelease(made: Attempt, at: number, change: (body: Body<"release">) => Partial<Body<"release">>): Statement<"release"> {
  const body = decode(BODIES.release, (made.releases[at] as Statement).body);
  if (body === undefined) throw new Error("a release cannot be read");
  return state((made.masked[at] as Masked).site.by, "release", { ...body, ...change(body) });
}

const made = attempt(FULL);
const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

requireOrSkip("Python with numpy and cryptography", findPython("numpy", "cryptography")).describe("check_record.py", (python) => {
  function check(
    record: RoundRecord,
    body: (digest: Digest, bytes: Uint8Array) => Uint8Array | undefined = (_, bytes) => bytes,
    { masked } = made,
  ) {
    const folder = mkdtempSync(join(tmpdir(), "engraft-record-"));
    folders.push(folder);
    mkdirSync(join(folder, "masked"));
    writeFileSync(join(folder, "record.json"), JSON.stringify(record));
    for (const one of masked) {
      const bytes = vectorBytes(one.body);
      const kept = body(sha256(bytes), bytes);
      if (kept !== undefined) writeFileSync(join(folder, "masked", sha256(bytes)), kept);
    }
    const { status, stdout, stderr } = spawnSync(python, [SCRIPT, folder], { encoding: "utf8" });
    return { status, stderr, stdout };
  }

  it("[K11] rebuilds the sum of the survivors from a sound record", () => {
    const { status, stdout, stderr } = check(recordOf(made));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("in the sum hospital-a, hospital-b, hospital-d; dropped hospital-c");
    expect(stdout).toContain(`The sum is rebuilt, bit for bit: ${WORDS} words, total weight 210.`);
    expect(stdout).toContain("No single update can be read from this record: its least group is hospital-a, hospital-b, hospital-d.");
  });

  it("[K11] [N5] rebuilds a compact sum, of which 20 bits of each value travelled, and finds one bit of it that is another", () => {
    const compact = attempt(COMPACT);
    const record = recordOf(compact);
    expect(record.sum.bytes).toBe(2.5 * COMPACT.values + 4 * 9);
    const { status, stdout, stderr } = check(record, undefined, compact);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`The sum is rebuilt, bit for bit: ${WORDS} words, total weight 210.`);
    const bytes = vectorBytes(compact.sum).map((byte, at) => (at === 4321 ? byte ^ 8 : byte));
    const other = check({ ...record, sum: { ...record.sum, digest: sha256(bytes) } }, undefined, compact);
    expect(other.stdout).toContain("WRONG  the rebuilt sum is not the one that the coordinator states");
    const wrong = check({ ...record, words: { ...COMPACT, bits: 24 } }, undefined, compact);
    expect(wrong).toMatchObject({ status: 2 });
    expect(wrong.stdout).toContain("words of a vector that cannot be");
  });

  it("[K11] finds one flipped bit in a masked vector, and another sum than the inputs give", () => {
    const [first] = recordOf(made).masked;
    const flipped = check(recordOf(made), (digest, bytes) =>
      digest === first?.body.digest ? bytes.map((byte, at) => (at === 4321 ? byte ^ 8 : byte)) : bytes,
    );
    expect(flipped.status).toBe(1);
    expect(flipped.stdout).toContain("WRONG  masked vector of hospital-a: not the bytes that it signed");
    const record = recordOf(made);
    const other = check({ ...record, sum: { ...record.sum, digest: sha256("another") } });
    expect(other.status).toBe(1);
    expect(other.stdout).toContain("WRONG  the rebuilt sum is not the one that the coordinator states");
  });

  it("[K11] names the site that released another share than it was dealt", () => {
    const swapped = otherRelease(made, 1, ({ seeds }) => ({
      seeds: seeds.map((one, at) => ({ of: one.of, share: seeds[(at + 1) % seeds.length]?.share ?? one.share })),
    }));
    const { status, stdout } = check({
      ...recordOf(made),
      releases: [made.releases[0], swapped, made.releases[2]].map((one) => statementText(one as Statement)),
    });
    expect(status).toBe(1);
    expect(stdout).toContain("WRONG  release of hospital-b: a share that its dealer did not commit to");
    expect(stdout).not.toContain("release of hospital-a: a share");
  });

  it("[K11] says whose update could be read where both kinds of share of one site were released", () => {
    const both = made.masked.map((one, at) =>
      otherRelease(made, at, ({ keys }) => ({ keys: [{ of: 2, share: one.keyed.held.get(2)?.key ?? new Uint8Array(32) }, ...keys] })),
    );
    const all = check({ ...recordOf(made), releases: both.map(statementText) });
    expect(all.status).toBe(1);
    expect(all.stdout).toContain("The single update of hospital-b could be read from this record.");
    // One such release opens nothing, but it is against the rules.
    const one = check({
      ...recordOf(made),
      releases: [both[0], made.releases[1], made.releases[2]].map((text) => statementText(text as Statement)),
    });
    expect(one.status).toBe(1);
    expect(one.stdout).toContain("WRONG  release of hospital-a: both kinds of share for one site");
    expect(one.stdout).toContain("No single update can be read from this record");
  });

  it("[K11] counts shares that were told a complainer in clear", () => {
    // All others got an answer of the first dealer: with its seed shares from the releases, its update stands open.
    const { roster, masked, keyed } = made;
    const first = (masked[0] as Masked).site.by;
    const answers = [2, 3, 4].map((holder) => answer(first, roster, 1, holder, keyed[holder - 1]?.held.get(1) ?? raise()));
    const { stdout } = check({ ...recordOf(made), answers: answers.map(statementText) });
    expect(stdout).toContain("The single update of hospital-a could be read from this record.");
  });

  it.each([
    ["an echo is missing", (record: RoundRecord) => ({ echoes: record.echoes.slice(1) }), "2 survivors confirmed the inputs"],
    [
      "a signature is another one's",
      (r: RoundRecord) => ({ echoes: r.echoes.map((one) => ({ ...one, signature: r.echoes[0]?.signature ?? "" })) }),
      "echo of hospital-b: not signed by its key",
    ],
    ["the round is another one", () => ({ round: 2 }), "roundHash is not the hash"],
    ["the threshold is lower", () => ({ threshold: 2 }), "the threshold is not the one"],
    [
      "a leaf is another one",
      (r: RoundRecord) => ({ deals: r.deals.map((one, at) => (at === 0 ? { ...one, leaves: one.leaves.toReversed() } : one)) }),
      "deal of hospital-a: leaves are not those it signed",
    ],
    [
      "a release is there twice",
      (r: RoundRecord) => ({ releases: [...r.releases, r.releases[0] as (typeof r.releases)[number]] }),
      "a second one in this round",
    ],
  ])("[K11] does not pass a record in which %s", (_, change, text) => {
    const record = recordOf(made);
    const { status, stdout } = check({ ...record, ...change(record) });
    expect(status).toBe(1);
    expect(stdout).toContain(text);
  });

  it("[K11] says so where a masked vector is not kept any more, or the record cannot be read", () => {
    const [first] = recordOf(made).masked;
    const { status, stdout } = check(recordOf(made), (digest, bytes) => (digest === first?.body.digest ? undefined : bytes));
    expect(status).toBe(2);
    expect(stdout).toContain("The sum cannot be rebuilt: the masked vectors of hospital-a are not kept.");
    expect(stdout).toContain("No single update can be read from this record");
    const other = check({ ...recordOf(made), format: "engraft.plan/1" } as unknown as RoundRecord);
    expect(other.status).toBe(2);
    expect(other.stdout).toContain("Not a readable record");
  });
});

function raise(): never {
  throw new Error("a share is missing");
}
