/**
 * The site's memory of secure rounds: one store for approvals, releases and secrets, so that none outlives the others. What
 * `append` was given is durable before it returns; only then may anything be sent that rests on it (SPEC.md, G-rules).
 * Calls come one after the other.
 */
import { hkdfSync } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, RunId } from "@engraft/core/base/ids";
import type { Outcome } from "@engraft/core/protocol/messages";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { crashPoint } from "@engraft/runtime/crash-point";
import { stillNeeded } from "./bounded.ts";
import { FrameFile, readFrames, type Frames } from "./frames.ts";
import { copied, Counter, readInstance, type Instance } from "./instance.ts";
import { makeKey, readKey } from "./key.ts";
import { NOTHING, wipeAttempt, type KeptAttempt, type Memory, type StoredRound } from "./kept.ts";
import { isVectorFile, readVector, vectorName, writeVector } from "./stored-vector.ts";

/** What one step adds: records for the rules, and what is kept beside them. */
export interface Entry {
  readonly records?: readonly JournalRecord[];
  readonly attempt?: { readonly hash: Digest; readonly keep: Partial<KeptAttempt> };
  readonly round?: StoredRound;
  readonly admit?: { readonly decision: string; readonly run: RunId };
  readonly outcome?: { readonly run: RunId; readonly outcome: Outcome };
}

/** `count`: frames ever written. A snapshot stands for all before it. */
type Frame =
  | { readonly count: number; readonly entry: Entry }
  | { readonly count: number; readonly snapshot: { readonly records: readonly JournalRecord[]; readonly memory: Memory } };

export interface JournalOptions {
  readonly now: number;
  /** Signatures of the steward's decisions about secure plans: void where the folder turns out to be an older copy. */
  readonly decisions: () => Promise<readonly string[]>;
  /** Tests only: called after each record. */
  readonly crash?: (point: string) => void;
}

/** What has ended: its secrets are wiped. */
export interface Ended {
  readonly attempts: (attempt: KeptAttempt) => boolean;
  readonly rounds: (round: StoredRound) => boolean;
}

interface Replayed {
  readonly count: number;
  readonly records: readonly JournalRecord[];
  readonly memory: Memory;
}

interface Place {
  readonly folder: string;
  readonly key: Uint8Array;
}

const FILE = "journal.bin";
const folderOf = (home: string): string => join(home, "secure");

export class SecureJournal {
  readonly #at: Place;
  readonly #file: FrameFile;
  readonly #counter: Counter;
  readonly #crash: (point: string) => void;
  #state: Replayed;

  private constructor(at: Place, file: FrameFile, counter: Counter, state: Replayed, crash: (point: string) => void) {
    this.#at = at;
    this.#file = file;
    this.#counter = counter;
    this.#state = state;
    this.#crash = crash;
  }

  /**
   * `restored` says why the folder counts as an older copy: then everything that was begun or approved is void (G11). The
   * caller holds the home's lock. Throws `bad-config` where the journal cannot be trusted.
   */
  static async open(
    home: string,
    options: JournalOptions,
  ): Promise<{ readonly journal: SecureJournal; readonly restored: string | undefined }> {
    const { crash = crashPoint } = options;
    const folder = folderOf(home);
    const [file, instanceFile] = [join(folder, FILE), join(folder, "instance.json")];
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = (await readKey(folder)) ?? (await makeKey(folder, file));
    const frames = await readFrames(file, key);
    const instance = await readInstance(instanceFile);
    let state = replay(frames);
    mustBeWhole(file, frames, state, instance);
    const restored = await whyRestored(frames, state, instance, options);
    const opened = await FrameFile.open(file, key, frames);
    if (restored !== undefined) {
      state = afterRestore(state, { at: options.now, why: restored }, await options.decisions());
      await opened.replace(toText({ count: state.count, snapshot: state }));
      crash("journal.restored");
    }
    const counter = await Counter.open(instanceFile, restored === undefined ? instance : undefined, state.count);
    await sweepVectors(folder, state.memory);
    return { journal: new SecureJournal({ folder, key }, opened, counter, state, crash), restored };
  }

  /** What the journal holds, for a command that runs beside the agent; undefined where there is none that can be read. */
  static async peek(home: string): Promise<Memory | undefined> {
    const key = await readKey(folderOf(home));
    return key === undefined ? undefined : replay(await readFrames(join(folderOf(home), FILE), key)).memory;
  }

  get records(): readonly JournalRecord[] {
    return this.#state.records;
  }

  get memory(): Memory {
    return this.#state.memory;
  }

  /** The attempt that this site advertised for; undefined where it has not, or its secrets are wiped. */
  attempt(run: string, round: number, number: number): KeptAttempt | undefined {
    return Object.values(this.memory.attempts).find((one) => one.run === run && one.round === round && one.number === number);
  }

  async append(entry: Entry): Promise<void> {
    const count = this.#state.count + 1;
    await this.#file.append(toText({ count, entry }));
    this.#state = after(this.#state, { count, entry });
    await this.#counter.set(count);
    for (const { kind } of entry.records ?? []) this.#crash(`journal.${kind}`);
  }

  /** Rewrites the file without the secrets of what has ended, and wipes them here. The attempts that are gone. */
  async compact(ended: Ended): Promise<readonly KeptAttempt[]> {
    const { records, memory } = this.#state;
    const gone = Object.values(memory.attempts).filter((one) => ended.attempts(one));
    const goneRounds = Object.values(memory.rounds).filter((one) => ended.rounds(one));
    if (gone.length === 0 && goneRounds.length === 0) return [];
    const kept = { ...memory, attempts: without(memory.attempts, ended.attempts), rounds: without(memory.rounds, ended.rounds) };
    const state = { count: this.#state.count + 1, records: stillNeeded(records), memory: kept };
    await this.#file.replace(toText({ count: state.count, snapshot: state }));
    this.#state = state;
    await this.#counter.set(state.count);
    this.#crash("journal.compacted");
    for (const attempt of gone) wipeAttempt(attempt);
    for (const { roundHash } of goneRounds) await rm(join(this.#at.folder, vectorName(roundHash)), { force: true });
    return gone;
  }

  /** 32 bytes for one purpose in one round, from this site's own key (HKDF-SHA-256, RFC 5869). */
  secretFor(purpose: string, roundHash: Digest): Uint8Array {
    return new Uint8Array(hkdfSync("sha256", this.#at.key, Buffer.from(roundHash, "hex"), `engraft ${purpose}`, 32));
  }

  /** Keeps a round's encoded vector, encrypted. Durable when it returns; the record that names it is appended after. */
  storeVector(roundHash: Digest, bytes: Uint8Array): Promise<void> {
    return writeVector(this.#at.folder, this.#at.key, roundHash, bytes);
  }

  /** Throws `blob-missing` where it is not as it was stored. */
  vector(roundHash: Digest): Promise<Uint8Array> {
    return readVector(this.#at.folder, this.#at.key, roundHash);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#counter.close();
  }
}

const without = <T>(all: Readonly<Record<string, T>>, ended: (one: T) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(all).filter(([, one]) => !ended(one)));

/** Bytes behind the frames are a torn last one where everything that was acted on is there; else something was altered. */
function mustBeWhole(file: string, { rest, contents }: Frames, { count }: Replayed, instance: Instance | undefined): void {
  if (rest === 0 || (instance === undefined ? contents.length > 0 : count >= instance.counter)) return;
  throw new EngraftError(
    "bad-config",
    `The secure journal ${file} was altered or does not belong to its key, so nothing of it can be trusted. Move the folder it lies in away and start again: the site then counts as restored, and its steward must approve secure plans again.`,
  );
}

function whyRestored(
  { rest }: Frames,
  { count }: Replayed,
  instance: Instance | undefined,
  { decisions }: JournalOptions,
): Promise<string | undefined> {
  if (instance !== undefined) return copied(instance, count);
  if (count > 0 || rest > 0) return Promise.resolve("the file that counts the journal's records is missing");
  return decisions().then((made) => (made.length > 0 ? "its journal of secure rounds is missing" : undefined));
}

/** G11: secrets of open attempts go, decisions are void; what the rules must never forget stays. */
const afterRestore = ({ count, records, memory }: Replayed, restored: Memory["restored"], voided: readonly string[]): Replayed => ({
  count: count + 1,
  records: [...stillNeeded(records), { kind: "restored" }],
  memory: { ...memory, attempts: {}, rounds: {}, restored, voided },
});

const replay = ({ contents }: Pick<Frames, "contents">): Replayed =>
  contents.map((content) => fromText(content) as Frame).reduce(after, { count: 0, records: [], memory: NOTHING });

const after = (state: Replayed, frame: Frame): Replayed =>
  "snapshot" in frame
    ? { ...frame.snapshot, count: frame.count }
    : { count: frame.count, records: [...state.records, ...(frame.entry.records ?? [])], memory: remembering(state.memory, frame.entry) };

function remembering(memory: Memory, { attempt, round, admit, outcome }: Entry): Memory {
  const { attempts, rounds, admitted, outcomes } = memory;
  return {
    ...memory,
    attempts:
      attempt === undefined ? attempts : { ...attempts, [attempt.hash]: { ...attempts[attempt.hash], ...attempt.keep } as KeptAttempt },
    rounds: round === undefined ? rounds : { ...rounds, [round.roundHash]: round },
    admitted: admit === undefined ? admitted : { ...admitted, [admit.decision]: admit.run },
    outcomes: outcome === undefined ? outcomes : { ...outcomes, [outcome.run]: outcome.outcome },
  };
}

const BYTES = "$bytes";
const toText = (frame: Frame): Uint8Array =>
  utf8(
    JSON.stringify(frame, function (this: Record<string, unknown>, key, inner: unknown) {
      // A Buffer has become something else by now: what stands in the object counts.
      const bytes = this[key];
      return bytes instanceof Uint8Array ? { [BYTES]: Buffer.from(bytes).toString("base64") } : inner;
    }),
  );
const fromText = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes).toString("utf8"), (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && BYTES in inner && typeof inner[BYTES] === "string"
      ? Uint8Array.from(Buffer.from(inner[BYTES], "base64"))
      : inner,
  );

/** Vectors that a crash left behind: stored before their record was, or of rounds that have ended. */
async function sweepVectors(folder: string, { rounds }: Memory): Promise<void> {
  const known = new Set(Object.keys(rounds).map((roundHash) => vectorName(roundHash as Digest)));
  for (const name of await readdir(folder)) if (isVectorFile(name) && !known.has(name)) await rm(join(folder, name), { force: true });
}
