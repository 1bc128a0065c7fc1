/**
 * The site's memory of secure rounds: one store for approvals, releases and secrets, so that none outlives the others. What
 * `append` was given is durable before it returns; only then may anything be sent that rests on it (SPEC.md, G-rules).
 */
import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { utf8 } from "@engraft/core/base/bytes";
import { EngraftError } from "@engraft/core/base/errors";
import type { Digest, RunId } from "@engraft/core/base/ids";
import { openBox, sealBox } from "@engraft/core/crypto/box";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Outcome } from "@engraft/core/protocol/messages";
import { wipeSecrets } from "@engraft/core/secagg/advertise";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { digestBytes } from "@engraft/core/secagg/transcript";
import { crashPoint } from "@engraft/runtime/crash-point";
import { writeFileDurably } from "@engraft/runtime/files";
import { stillNeeded } from "./bounded.ts";
import { FrameFile } from "./frames.ts";
import { Counter } from "./instance.ts";
import { NOTHING, type KeptAttempt, type Memory, type StoredRound } from "./kept.ts";

/** What one step adds: records for the rules, and what is kept beside them. */
export interface Entry {
  readonly records?: readonly JournalRecord[];
  readonly attempt?: { readonly hash: Digest; readonly keep: Partial<KeptAttempt> };
  readonly round?: StoredRound;
  readonly admit?: { readonly decision: string; readonly run: RunId };
  readonly outcome?: { readonly run: RunId; readonly outcome: Outcome };
  readonly restoredAt?: number;
}

/** `count`: frames ever written. A snapshot stands for all before it. */
type Frame =
  | { readonly count: number; readonly entry: Entry }
  | { readonly count: number; readonly snapshot: { readonly records: readonly JournalRecord[]; readonly memory: Memory } };

const BYTES = "$bytes";
const toText = (value: unknown): Uint8Array =>
  utf8(
    JSON.stringify(value, (_, inner: unknown) =>
      inner instanceof Uint8Array ? { [BYTES]: Buffer.from(inner).toString("base64") } : inner,
    ),
  );
const fromText = (bytes: Uint8Array): unknown =>
  JSON.parse(Buffer.from(bytes).toString("utf8"), (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && BYTES in inner && typeof inner[BYTES] === "string"
      ? Uint8Array.from(Buffer.from(inner[BYTES], "base64"))
      : inner,
  );

function remembering(memory: Memory, entry: Entry): Memory {
  const { attempt, round, admit, outcome, restoredAt } = entry;
  return {
    attempts:
      attempt === undefined
        ? memory.attempts
        : { ...memory.attempts, [attempt.hash]: { ...memory.attempts[attempt.hash], ...attempt.keep } as KeptAttempt },
    rounds: round === undefined ? memory.rounds : { ...memory.rounds, [round.roundHash]: round },
    admitted: admit === undefined ? memory.admitted : { ...memory.admitted, [admit.decision]: admit.run },
    outcomes: outcome === undefined ? memory.outcomes : { ...memory.outcomes, [outcome.run]: outcome.outcome },
    restoredAt: restoredAt ?? memory.restoredAt,
  };
}

export class SecureJournal {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #file: FrameFile;
  readonly #counter: Counter;
  #count: number;
  #records: readonly JournalRecord[];
  #memory: Memory;

  private constructor(folder: string, key: Uint8Array, file: FrameFile, counter: Counter, state: Replayed) {
    this.#folder = folder;
    this.#key = key;
    this.#file = file;
    this.#counter = counter;
    this.#count = state.count;
    this.#records = state.records;
    this.#memory = state.memory;
  }

  /**
   * `restored` says why the folder counts as an older copy: then everything that was begun or approved is void (G11). The
   * caller holds the home's lock. Throws `bad-config` where the journal cannot be trusted.
   */
  static async open(home: string, now: number): Promise<{ readonly journal: SecureJournal; readonly restored: string | undefined }> {
    const folder = join(home, "secure");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const key = await journalKey(join(folder, "journal.key"));
    const { file, contents } = await FrameFile.open(join(folder, "journal.bin"), key);
    const state = replay(contents.map((content) => fromText(content) as Frame));
    const { counter, restored } = await Counter.open(join(folder, "instance.json"), state.count);
    const journal = new SecureJournal(folder, key, file, counter, state);
    if (restored !== undefined) {
      journal.#memory = { ...journal.#memory, attempts: {}, rounds: {} };
      await journal.append({ records: [{ kind: "restored" }], restoredAt: now });
      await journal.compact(() => false);
    }
    return { journal, restored };
  }

  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  get memory(): Memory {
    return this.#memory;
  }

  /** The attempt that this site advertised for; undefined where it has not, or its secrets are wiped. */
  attempt(run: string, round: number, number: number): KeptAttempt | undefined {
    return Object.values(this.#memory.attempts).find((one) => one.run === run && one.round === round && one.number === number);
  }

  async append(entry: Entry): Promise<void> {
    const count = this.#count + 1;
    await this.#file.append(toText({ count, entry } satisfies Frame));
    this.#count = count;
    this.#records = [...this.#records, ...(entry.records ?? [])];
    this.#memory = remembering(this.#memory, entry);
    await this.#counter.set(count);
    for (const { kind } of entry.records ?? []) crashPoint(`journal.${kind}`);
  }

  /** Rewrites the file without the secrets of attempts and vectors of rounds that `live` does not name, and wipes them here. */
  async compact(live: (what: { readonly run: string; readonly round: number }) => boolean): Promise<void> {
    const { attempts, rounds } = this.#memory;
    const ended = Object.values(attempts).filter((attempt) => !live(attempt));
    const gone = Object.values(rounds).filter((round) => !live(round));
    const keep = <T extends { readonly run: string; readonly round: number }>(all: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(all).filter(([, one]) => live(one)));
    this.#memory = { ...this.#memory, attempts: keep(attempts), rounds: keep(rounds) };
    this.#records = stillNeeded(this.#records);
    const count = this.#count + 1;
    await this.#file.replace(toText({ count, snapshot: { records: this.#records, memory: this.#memory } } satisfies Frame));
    this.#count = count;
    await this.#counter.set(count);
    for (const { secrets } of ended) wipeSecrets(secrets);
    for (const { roundHash } of gone) await rm(this.#vectorPath(roundHash), { force: true });
  }

  /** Keeps a round's encoded vector, encrypted. Durable when it returns; the record that names it is appended after. */
  async storeVector(roundHash: Digest, bytes: Uint8Array): Promise<void> {
    await writeFileDurably(this.#vectorPath(roundHash), sealBox(this.#key, randomBytes(12), digestBytes(roundHash), bytes));
  }

  /** Throws `blob-missing` where it is not as it was stored. */
  async vector(roundHash: Digest): Promise<Uint8Array> {
    const box = await readFile(this.#vectorPath(roundHash)).catch(() => undefined);
    const bytes = box === undefined ? undefined : openBox(this.#key, digestBytes(roundHash), box);
    const stored = this.#records.findLast((record) => record.kind === "stored" && record.roundHash === roundHash);
    if (bytes === undefined || stored?.kind !== "stored" || sha256(bytes) !== stored.vector) {
      throw new EngraftError(
        "blob-missing",
        "The round's stored vector is not there or was changed. The site joins again in the next round.",
      );
    }
    return bytes;
  }

  #vectorPath(roundHash: Digest): string {
    return join(this.#folder, `vector-${roundHash}.box`);
  }

  async close(): Promise<void> {
    await this.#file.close();
    await this.#counter.close();
  }
}

interface Replayed {
  readonly count: number;
  readonly records: readonly JournalRecord[];
  readonly memory: Memory;
}

const replay = (frames: readonly Frame[]): Replayed =>
  frames.reduce<Replayed>(
    (state, frame) =>
      "snapshot" in frame
        ? { count: frame.count, ...frame.snapshot }
        : {
            count: frame.count,
            records: [...state.records, ...(frame.entry.records ?? [])],
            memory: remembering(state.memory, frame.entry),
          },
    { count: 0, records: [], memory: NOTHING },
  );

/** Beside the journal, not in it: whoever copies the journal alone has nothing. */
async function journalKey(path: string): Promise<Uint8Array> {
  const known = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (known !== undefined) {
    if (known.length === 32) return known;
    throw new EngraftError("bad-config", `The file ${path} is damaged. Restore it from a backup of the agent's home.`);
  }
  const key = randomBytes(32);
  await writeFileDurably(path, key, 0o600);
  return key;
}
