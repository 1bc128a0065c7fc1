/** Writes the record of a sum that was opened (core's secagg/record.ts), and reads of it what people are shown. */
import type { Moments } from "@engraft/core/aggregation/statistics";
import { toBase64url, utf8 } from "@engraft/core/base/bytes";
import { decode } from "@engraft/core/base/binary";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import type { Unmasking } from "@engraft/core/rounds/secure/state";
import type { RunParams } from "@engraft/core/rounds/state";
import { analyticOf } from "@engraft/core/models/analytic";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { NARROW_BITS } from "@engraft/core/secagg/pack";
import { encodedWords, valueWords, type Encoding } from "@engraft/core/secagg/quantize";
import { RoundRecord } from "@engraft/core/secagg/record";
import { statementOf, statementText } from "@engraft/core/secagg/signed-text";
import { BODIES } from "@engraft/core/secagg/statement";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { RoundRecordView } from "../../api/views.ts";
import type { OpeningResult } from "../effects.ts";
import { roundHashOf } from "./kept.ts";
import { openSum, type Opened, type Opens } from "./open-sum.ts";

/** Opens a sum as `openSum` does, and writes the record of it. `log`: the run's events so far. */
export async function openAndRecord(
  opens: Opens,
  state: Unmasking,
  log: () => Promise<readonly { readonly event: RunEvent }[]>,
): Promise<OpeningResult> {
  const solves = analyticOf(opens.params.plan, state.attempt) !== undefined;
  const before = solves
    ? await momentsOf(
        opens.blobs,
        (await log()).map(({ event }) => event),
      )
    : undefined;
  const opened = await openSum(opens, state, before);
  return opened.ok ? { ...opened, record: await writeRecord(opens, state, opened) } : opened;
}

async function writeRecord({ blobs, kept, run, params }: Opens, state: Unmasking, opened: Opened): Promise<BlobRef> {
  const { sum, moments, summary } = opened;
  const { secure, plan, planDigest } = params;
  if (secure === null) throw new Error("Bug: a plain plan has no record of a sum");
  const { attempt, roster } = state;
  const { directory, coordinator } = secure;
  const { threshold, minCohort } = directory.numbers;
  const encoding = encodingOf(plan, params, attempt);
  const base = state.checkpoint.digest;
  const deals = await kept.deals(directory, roster, state.deals);
  const record: RoundRecord = {
    format: "engraft.record/1",
    run,
    round: attempt.round,
    attempt: attempt.number,
    purpose: attempt.purpose,
    nonce: attempt.nonce,
    plan: planDigest,
    base,
    coordinator,
    directory: [...secure.aggregation.directory],
    threshold,
    minCohort,
    roundHash: roundHashOf(run, params, state),
    attemptHash: attempt.hash,
    roster: roster.hash,
    adverts: [...state.adverts],
    deals: deals.map(({ accepted }) => ({
      statement: statementText(accepted.statement),
      seedCommitment: accepted.seedCommitment,
      leaves: accepted.leaves.map(toBase64url),
    })),
    headers: state.inputs.map(({ header }) => header),
    echoes: [...state.echoes],
    answers: [...state.answers],
    releases: await Promise.all(state.releases.map(({ release }) => kept.release(release))),
    words: {
      all: encodedWords(encoding),
      values: valueWords(encoding),
      totals: encoding.totals,
      bits: encoding.words === "compact" ? NARROW_BITS : 32,
    },
    sum,
    masked: state.inputs.map(({ site, body }) => ({ site, body })),
    ...madeOf(params, state, opened, encoding),
    ...(moments === undefined ? {} : { moments: { ...moments, sums: [...moments.sums], squares: [...moments.squares] } }),
    ...(summary === undefined ? {} : { summary }),
  };
  return blobs.put(utf8(JSON.stringify(record)));
}

/** What a checkpoint was made of; nothing of an evaluation, nor of an analytic round, whose sum is no update. */
function madeOf(
  { plan }: RunParams,
  state: Unmasking,
  { checkpoint, serverState }: Opened,
  { cap, clip }: Encoding,
): Pick<RoundRecord, "checkpoint"> {
  if (checkpoint === null || analyticOf(plan, state.attempt) !== undefined) return {};
  const states = { stateBefore: state.serverState, stateAfter: serverState };
  const strategy = plan.strategy ?? null;
  return { checkpoint: { before: state.checkpoint, after: checkpoint, ...states, strategy, sites: state.sites.length, cap, clip } };
}

/** Blobs of a record that others may have: masked vectors, checkpoints, and what the strategy kept. */
export const blobsOfRecord = ({ masked, checkpoint }: RoundRecord): readonly BlobRef[] => [
  ...masked.map(({ body }) => body),
  ...(checkpoint === undefined ? [] : checkpointBlobs(checkpoint)),
];

const checkpointBlobs = ({ before, after, stateBefore, stateAfter }: NonNullable<RoundRecord["checkpoint"]>): readonly BlobRef[] =>
  [before, after, stateBefore, stateAfter].filter((ref) => ref !== null);

/** A stored record. Throws `blob-missing` or `digest-mismatch`. */
export const readRecord = async (blobs: BlobStore, { digest }: BlobRef): Promise<RoundRecord> =>
  RoundRecord.parse(JSON.parse(Buffer.from(await blobs.read(digest)).toString("utf8")));

/** What the first analytic round of a run has said of the head's inputs; undefined before it has. */
async function momentsOf(blobs: BlobStore, events: readonly RunEvent[]): Promise<Moments | undefined> {
  for (const event of events) {
    if (event.type !== "sum.opened") continue;
    const { moments } = await readRecord(blobs, event.record);
    if (moments === undefined) continue;
    return { samples: moments.samples, sums: Float64Array.from(moments.sums), squares: Float64Array.from(moments.squares) };
  }
  return undefined;
}

/** All records of a run, oldest first. */
export async function recordViews(blobs: BlobStore, events: readonly RunEvent[]): Promise<RoundRecordView[]> {
  const opened = events.flatMap((event) => (event.type === "sum.opened" ? [event.record] : []));
  return Promise.all(opened.map(async (record) => recordView(blobs, await readRecord(blobs, record))));
}

async function recordView(blobs: BlobStore, record: RoundRecord): Promise<RoundRecordView> {
  const { round, attempt, purpose, adverts, releases, sum } = record;
  const name = (index: number): string => adverts[index - 1]?.site ?? "";
  const released = releases.map((text) => {
    const body = decode(BODIES.release, statementOf("release", text).body);
    const of = (kind: "seeds" | "keys"): readonly string[] => body?.[kind].map((share) => name(share.of)) ?? [];
    return { site: text.site, seedsFor: of("seeds"), keysFor: of("keys") };
  });
  const masked = await Promise.all(
    record.masked.map(async ({ site, body }) => ({ site, ...body, kept: (await blobs.size(body.digest)) === body.bytes })),
  );
  const enough = (kind: "seedsFor" | "keysFor", site: string): boolean =>
    released.filter((one) => one[kind].includes(site)).length >= record.threshold;
  const readable = adverts.map(({ site }) => site).filter((site) => enough("seedsFor", site) && enough("keysFor", site));
  const made = record.checkpoint === undefined ? [] : checkpointBlobs(record.checkpoint).map(({ digest }) => digest);
  return {
    round,
    attempt,
    purpose,
    checkpoints: [...new Set(made)],
    sites: masked.map(({ site }) => site),
    masked,
    released,
    sum,
    readable,
  };
}
