/** The site's memory of secure rounds on disk: what is torn, altered, foreign or old is found and named, never guessed around. */
import { chmod, cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { PublicKey, RunId } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { SecureJournal, type Entry, type JournalOptions } from "./journal.ts";
import type { KeptAttempt } from "./kept.ts";

let dir: string;
let home: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-journal-"));
  home = join(dir, "home");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const run = "tiny-head.1" as RunId;
const OWNER = "A".repeat(43) as PublicKey;
const h = sha256;
const options = (change: Partial<JournalOptions> = {}): JournalOptions => ({ owner: OWNER, now: 5, decisions: async () => [], ...change });
const inRound = { run, round: 1, roundHash: h("round 1") };

/** Recognisable, and nothing that compresses or repeats by chance. */
const planted = (what: string): Uint8Array => Uint8Array.from(Buffer.from(h(`planted ${what}`), "hex"));
const SECRETS = ["box", "mask", "seed", "own seed", "own key", "held seed", "held key"].map((name) => [name, planted(name)] as const);

const kept = (attempt: number): KeptAttempt => ({
  run,
  round: 1,
  number: attempt,
  attemptHash: h(`attempt ${attempt}`),
  roundHash: h("round 1"),
  plan: h("plan"),
  until: 1000,
  secrets: { box: planted("box"), mask: planted("mask"), seed: planted("seed"), nonce: new Uint8Array(32) },
  advert: {} as KeptAttempt["advert"],
  own: { seed: planted("own seed"), key: planted("own key") },
  shared: { hash: h("shares"), dealers: [1, 2], held: [[2, { seed: planted("held seed"), key: planted("held key") }]] },
});

const ENTRIES: readonly Entry[] = [
  {
    records: [{ kind: "approved", run, plan: h("plan"), directory: h("directory"), rounds: 3, compared: true }],
    admit: { decision: "d", run },
  },
  {
    records: [{ kind: "stored", ...inRound, vector: h("x") }],
    round: {
      ...inRound,
      purpose: "train",
      figures: { validation: null, base: null, alone: null, federated: null },
      engine: "none",
      seconds: { fetch: 0, train: 0 },
    },
  },
  {
    records: [{ kind: "advertised", ...inRound, attempt: 1, attemptHash: h("attempt 1"), until: 1000 }],
    attempt: { hash: h("attempt 1"), keep: kept(1) },
  },
  { records: [{ kind: "dealt", attemptHash: h("attempt 1"), roster: h("roster"), index: 1 }] },
  { records: [{ kind: "masked", roster: h("roster"), shares: h("shares"), dealers: [1, 2, 3], vector: h("x") }] },
  { records: [{ kind: "echoed", roster: h("roster"), inputs: h("inputs"), survivors: [1, 2, 3] }] },
  { records: [{ kind: "released", ...inRound, roster: h("roster"), inputs: h("inputs") }] },
];
const RECORDS = ENTRIES.flatMap(({ records = [] }) => records);

async function filled(at = home, change: Partial<JournalOptions> = {}): Promise<void> {
  const { journal } = await SecureJournal.open(at, options(change));
  for (const entry of ENTRIES) await journal.append(entry);
  await journal.close();
}

/** What opening a changed copy of the home comes to. */
async function reopened(
  change: (folder: string) => Promise<void>,
  more: Partial<JournalOptions> = {},
): Promise<{ readonly records: readonly JournalRecord[]; readonly restored: string | undefined } | string> {
  const copy = await mkdtemp(join(dir, "copy-"));
  await cp(home, copy, { recursive: true, preserveTimestamps: true });
  await change(join(copy, "secure"));
  const opened = await SecureJournal.open(copy, options(more)).catch(
    (error: { readonly code?: string; readonly message: string }) => error,
  );
  await ("journal" in opened ? opened.journal.close() : undefined);
  await rm(copy, { recursive: true });
  return "journal" in opened ? { records: opened.journal.records, restored: opened.restored } : `${opened.code}: ${opened.message}`;
}

const journalOf = (folder: string): string => join(folder, "journal.bin");
const counterOf = async (folder: string): Promise<Record<string, unknown> & { counter: number }> =>
  JSON.parse(await readFile(join(folder, "instance.json"), "utf8")) as Record<string, unknown> & { counter: number };
const setInstance = async (folder: string, change: object): Promise<void> =>
  writeFile(join(folder, "instance.json"), JSON.stringify({ ...(await counterOf(folder)), ...change }));
const back = async (folder: string, by: number): Promise<void> => setInstance(folder, { counter: (await counterOf(folder)).counter - by });

/** Where each frame begins, and the file's end. */
function framesOf(bytes: Buffer): readonly number[] {
  const starts = [0];
  for (let at = 0; at < bytes.length;) {
    at += 4 + bytes.readUInt32LE(at);
    starts.push(at);
  }
  return starts;
}
const some = (limit: number, step: number): readonly number[] => Array.from({ length: Math.ceil(limit / step) }, (_, at) => at * step);

describe("the secure journal", () => {
  it("gives back what was appended, over restarts", async () => {
    await filled();
    for (let life = 0; life < 3; life++) {
      const { journal, restored } = await SecureJournal.open(home, options());
      expect([journal.records, restored]).toEqual([RECORDS, undefined]);
      expect(journal.attempt(run, 1, 1)).toEqual(kept(1));
      await journal.close();
    }
  });

  it("[V14] [G11] cut anywhere: the record that had not been acted on is dropped, and anything more is named", async () => {
    await filled();
    const bytes = await readFile(journalOf(join(home, "secure")));
    const starts = framesOf(bytes);
    const last = starts.at(-2) ?? 0;
    expect(starts.length).toBeGreaterThan(ENTRIES.length);
    for (const cut of new Set([...some(bytes.length, 61), ...starts.flatMap((start) => [start, start + 1, Math.max(0, start - 1)])])) {
      if (cut >= bytes.length) continue;
      // As it is after a power cut in the middle of the last append: its counter was not written yet.
      const torn = await reopened(async (folder) => {
        await truncate(journalOf(folder), cut);
        await back(folder, 1);
      });
      if (cut >= last) expect(torn, `cut at ${cut}`).toEqual({ records: RECORDS.slice(0, -1), restored: undefined });
      else expect(whatItSays(torn), `cut at ${cut}`).toMatch(/^bad-config: .*altered|older than what this site has done/);
      // Once the counter says that the last one was acted on, it may not be missing.
      const acted = await reopened((folder) => truncate(journalOf(folder), cut));
      expect(whatItSays(acted), `cut at ${cut}`).toMatch(/^bad-config: .*altered|older than what this site has done/);
    }
  });

  it("[V16] with one flipped byte anywhere is not trusted", async () => {
    await filled();
    const bytes = await readFile(journalOf(join(home, "secure")));
    for (const at of new Set([...some(bytes.length, 53), ...framesOf(bytes).slice(0, -1), bytes.length - 1])) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x10;
      expect(whatItSays(await reopened((folder) => writeFile(journalOf(folder), changed)))).toMatch(/^bad-config: .*altered/);
    }
  });

  it("[V16] with frames moved, removed, doubled or of an earlier file is not trusted", async () => {
    await filled();
    const bytes = await readFile(journalOf(join(home, "secure")));
    const starts = framesOf(bytes);
    const frames = starts.slice(0, -1).map((start, at) => bytes.subarray(start, starts[at + 1]));
    const [first, second, ...rest] = frames as [Buffer, Buffer, ...Buffer[]];
    for (const order of [
      [second, first, ...rest],
      [first, ...rest],
      [first, second, second, ...rest],
      [second, ...rest],
      [...frames.slice(0, -2), frames.at(-1) as Buffer],
    ]) {
      expect(whatItSays(await reopened((folder) => writeFile(journalOf(folder), Buffer.concat(order))))).toMatch(/^bad-config|older copy/);
    }
    // Nothing that was acted on is missing here: what stands behind it is a record that was never finished.
    const behind = await reopened((folder) => writeFile(journalOf(folder), Buffer.concat([...frames, first])));
    expect(behind).toEqual({ records: RECORDS, restored: undefined });
  });

  it("[V16] of another site, with or without its key, is not trusted", async () => {
    await filled();
    const other = join(dir, "other");
    await filled(other, { owner: "B".repeat(43) as PublicKey });
    const theirs = join(other, "secure");
    const alone = await reopened((folder) => cp(journalOf(theirs), journalOf(folder)));
    expect(whatItSays(alone)).toMatch(/^bad-config: .*altered or does not belong to its key/);
    const whole = await reopened((folder) => cp(theirs, folder, { recursive: true }));
    expect(whatItSays(whole)).toMatch(/^bad-config: .*another site/);
  });

  it("without its key, or with a damaged or open one, is not read", async () => {
    await filled();
    const key = (folder: string): string => join(folder, "journal.key");
    expect(whatItSays(await reopened((folder) => rm(key(folder))))).toMatch(/^bad-config: .*key .* missing/);
    expect(whatItSays(await reopened((folder) => writeFile(key(folder), "short")))).toMatch(/^bad-config: .*damaged/);
    if (process.platform !== "win32") {
      expect(whatItSays(await reopened((folder) => chmod(key(folder), 0o644)))).toMatch(/^bad-config: Other users can read the key/);
    }
    expect(whatItSays(await reopened((folder) => writeFile(key(folder), new Uint8Array(32))))).toMatch(/^bad-config: .*altered/);
  });

  it("[V7] [G6] a stored vector that was changed, or of another round, is missing by name", async () => {
    const { journal } = await SecureJournal.open(home, options());
    const bytes = Uint8Array.from({ length: 400 }, (_, at) => at);
    await journal.storeVector(h("round 1"), bytes);
    await journal.storeVector(h("round 2"), bytes.toReversed());
    expect(await journal.vector(h("round 1"))).toEqual(bytes);
    const path = (round: string): string => join(home, "secure", `vector-${h(round)}.box`);
    await cp(path("round 2"), path("round 1"));
    await expect(journal.vector(h("round 1"))).rejects.toMatchObject({ code: "blob-missing" });
    await expect(journal.vector(h("round 3"))).rejects.toMatchObject({ code: "blob-missing" });
    await journal.close();
  });
});

const whatItSays = (outcome: { readonly restored: string | undefined } | string): string =>
  typeof outcome === "string" ? outcome : outcome.restored === undefined ? "trusted" : `older copy: ${outcome.restored}`;

describe("a folder that is an older copy", () => {
  const decisions = async () => ["decision of the steward"];

  it.each([
    ["a counter ahead of the journal", (folder: string) => back(folder, -1), /older than what this site has done/],
    ["a counter two behind", (folder: string) => back(folder, 2), /newer than its counter/],
    ["no counter", (folder: string) => rm(join(folder, "instance.json")), /counts the journal's records is missing/],
    ["a counter that cannot be read", (folder: string) => writeFile(join(folder, "instance.json"), "{"), /counts the journal's records/],
    ["another machine's counter", (folder: string) => setInstance(folder, { machine: "f".repeat(32) }), /another machine/],
    ["no secure folder beside decisions", (folder: string) => rm(folder, { recursive: true }), /journal of secure rounds is missing/],
  ])("[V16] [G11] is known by %s", async (_what, change, why) => {
    await filled();
    const found = await reopened(change, { decisions });
    expect(whatItSays(found)).toMatch(why);
    if (typeof found === "string") return;
    expect(found.records.at(-1)).toEqual({ kind: "restored" });
  });

  it("[V16] [V17] [G11] loses its secrets and its approvals, and keeps what it has released and was charged; also when it happens again", async () => {
    await filled();
    await back(join(home, "secure"), -5);
    for (let time = 1; time <= 2; time++) {
      const { journal, restored } = await SecureJournal.open(home, options({ decisions }));
      expect(restored).toContain("older");
      expect(journal.memory).toMatchObject({ attempts: {}, rounds: {}, voided: ["decision of the steward"], restored: { at: 5 } });
      expect(journal.records.filter(({ kind }) => kind === "restored")).toHaveLength(time);
      expect(journal.records.filter(({ kind }) => kind === "released")).toEqual(RECORDS.filter(({ kind }) => kind === "released"));
      await journal.close();
      await back(join(home, "secure"), -5);
    }
  });

  it("is not seen where the folder is as the last process left it", async () => {
    await filled();
    expect(whatItSays(await reopened(async () => undefined, { decisions }))).toBe("trusted");
  });
});

/** Every file in a folder. */
async function filesIn(folder: string): Promise<Buffer> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return Buffer.concat(
    await Promise.all(found.filter((entry) => entry.isFile()).map((entry) => readFile(join(entry.parentPath, entry.name)))),
  );
}

const holds = (bytes: Buffer, secret: Uint8Array): boolean =>
  [Buffer.from(secret), ...(["hex", "base64", "base64url"] as const).map((form) => Buffer.from(secret).toString(form).slice(0, 40))].some(
    (form) => bytes.includes(form),
  );

describe("secrets at rest", () => {
  it("[V19] stand in no file in clear, and after the attempt's end not even in the opened journal", async () => {
    await filled();
    const { journal } = await SecureJournal.open(home, options());
    const vector = Buffer.concat(Array.from({ length: 8 }, (_, at) => planted(`vector ${at}`)));
    await journal.storeVector(h("round 1"), vector);
    const during = await filesIn(home);
    expect(SECRETS.filter(([, secret]) => holds(during, secret)).map(([name]) => name)).toEqual([]);
    expect(holds(during, vector.subarray(0, 32))).toBe(false);
    // They are there, for whoever holds the key.
    expect(SECRETS.every(([, secret]) => JSON.stringify(journal.memory).includes(JSON.stringify(secret)))).toBe(true);

    const attempt = journal.attempt(run, 1, 1);
    await journal.compact({ attempts: () => true, rounds: () => true });
    await journal.close();
    for (const secret of Object.values(attempt?.secrets ?? {}) as Uint8Array[]) expect(secret).toEqual(new Uint8Array(32));
    expect(JSON.stringify(attempt?.shared?.held)).not.toContain(JSON.stringify(planted("held seed")));
    const memory = await SecureJournal.peek(home);
    expect(memory?.attempts).toEqual({});
    const opened = JSON.stringify(memory);
    expect(SECRETS.filter(([, secret]) => opened.includes(JSON.stringify(secret)))).toEqual([]);
    expect((await readdir(join(home, "secure"))).filter((name) => name.startsWith("vector-"))).toEqual([]);
  });

  it("[V19] of what had ended when the process died are gone as soon as it is opened again", async () => {
    await filled();
    const { journal } = await SecureJournal.open(home, options());
    await journal.storeVector(h("round 1"), new Uint8Array(8));
    const outcome = { round: 1, attempt: 1, roster: h("roster"), inputs: h("inputs"), sum: h("s"), survivors: 3, totalWeight: 1 };
    await journal.append({ records: [{ kind: "finished", run, round: 1 }], outcome: { run, outcome: { ...outcome, checkpoint: h("c") } } });
    expect(Object.keys(journal.memory.attempts)).toHaveLength(1);
    await journal.close();
    const again = await SecureJournal.open(home, options());
    expect(again.restored).toBeUndefined();
    expect([again.journal.memory.attempts, again.journal.memory.rounds]).toEqual([{}, {}]);
    expect((await readdir(join(home, "secure"))).filter((name) => name.startsWith("vector-"))).toEqual([]);
    await again.journal.close();
    expect(JSON.stringify(await SecureJournal.peek(home))).not.toContain(JSON.stringify(planted("seed")));
  });

  it("[V19] [G8] [G12] of an attempt that was overtaken, or whose time is over, likewise; the live one stays", async () => {
    await filled();
    const { journal } = await SecureJournal.open(home, options());
    await journal.append({
      records: [{ kind: "advertised", ...inRound, attempt: 2, attemptHash: h("attempt 2"), until: 1000 }],
      attempt: { hash: h("attempt 2"), keep: kept(2) },
    });
    expect(Object.keys(journal.memory.attempts)).toHaveLength(2);
    await journal.close();
    const second = await SecureJournal.open(home, options({ now: 1000 }));
    expect(Object.values(second.journal.memory.attempts).map(({ number }) => number)).toEqual([2]);
    expect(Object.keys(second.journal.memory.rounds)).toEqual([h("round 1")]);
    await second.journal.close();
    const third = await SecureJournal.open(home, options({ now: 1001 }));
    expect(third.journal.memory.attempts).toEqual({});
    expect(Object.keys(third.journal.memory.rounds)).toEqual([h("round 1")]);
    await third.journal.close();
  });
});
