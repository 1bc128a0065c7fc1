/**
 * Opening a sum: secrets are rebuilt from t releases, the masked vectors are added as they are read, one slice at a time, and
 * the masks come off the sum. Memory holds one vector whatever the number of sites; no single update is ever there.
 */
import type { Moments } from "@engraft/core/aggregation/statistics";
import { setImmediate } from "node:timers/promises";
import { serverStep } from "@engraft/core/aggregation/server-step";
import { isRefusal, type Code, type Refusal } from "@engraft/core/base/errors";
import type { RunId, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { PooledFigures } from "@engraft/core/models/pooled";
import { analyticOf } from "@engraft/core/models/analytic";
import { readSummary } from "@engraft/core/models/summary/read";
import type { SummaryFigures } from "@engraft/core/models/summary/table";
import { pooledFigures, totalsLength } from "@engraft/core/models/tally";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { Unmasking } from "@engraft/core/rounds/secure/state";
import type { RunParams } from "@engraft/core/rounds/state";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { vectorBytes } from "@engraft/core/secagg/mask-input";
import { addSlice, layoutWords, pack, slicesOf, type Layout } from "@engraft/core/secagg/pack";
import { decodeSum, layoutOf, type Decoded } from "@engraft/core/secagg/quantize";
import { statementOf } from "@engraft/core/secagg/signed-text";
import { acceptRelease, recoverSecrets, unmaskSum, type AcceptedRelease, type Opening, type Recovered } from "@engraft/core/secagg/unmask";
import { BlobFault } from "@engraft/runtime/blob-fault";
import type { BlobStore } from "@engraft/runtime/blobs";
import { SLICE_BYTES, withSequential } from "../../plans/weights-file.ts";
import { writeNext, type Standing } from "../next-checkpoint.ts";
import { solved } from "./solve.ts";
import { roundHashOf, type Kept } from "./kept.ts";

/** A million words of a few masks: some milliseconds, after which the links are served. */
const SLICE_WORDS = 1 << 20;

export interface Opened {
  readonly ok: true;
  readonly sum: BlobRef;
  readonly totalWeight: number;
  readonly pooled: PooledFigures;
  readonly crooked: readonly SiteName[];
  /** Null for an evaluation. */
  readonly checkpoint: BlobRef | null;
  /** Null where the strategy keeps nothing. */
  readonly serverState: BlobRef | null;
  /** Of the first analytic round. */
  readonly moments: Moments | undefined;
  /** Of a summary. */
  readonly summary: SummaryFigures | undefined;
}

export interface NotOpened {
  readonly ok: false;
  readonly code: Code;
  readonly text: string;
  readonly blamed: SiteName | null;
}

const not = (refusal: Refusal): NotOpened => ({
  ok: false,
  code: refusal.code,
  text: refusal.text,
  blamed: "site" in refusal ? (refusal.site as SiteName) : null,
});

/** Of which run, and where its blobs are. */
export interface Opens {
  readonly blobs: BlobStore;
  readonly kept: Kept;
  readonly run: RunId;
  readonly params: RunParams;
}

/**
 * Opens the sum, or says why it cannot be. What a site sent and the disk has lost cannot come again: then the round ends by name.
 * Throws where the checkpoint or the server's state is not here, or the disk is at fault: that may pass.
 */
export async function openSum({ blobs, kept, run, params }: Opens, state: Unmasking, before?: Moments): Promise<Opened | NotOpened> {
  try {
    return await open({ blobs, kept, run, params }, state, before);
  } catch (error) {
    const ours = error instanceof BlobFault && [state.checkpoint.digest, state.serverState?.digest].includes(error.digest);
    if (!(error instanceof BlobFault) || ours) throw error;
    return { ok: false, code: error.code, text: `What a site had sent is lost on the coordinator's disk. ${error.message}`, blamed: null };
  }
}

async function open({ blobs, kept, run, params }: Opens, state: Unmasking, before: Moments | undefined): Promise<Opened | NotOpened> {
  const { secure } = params;
  if (secure === null) throw new Error("Bug: a plain plan has no sum to open");
  const deals = (await kept.deals(secure.directory, state.roster, state.deals)).map(({ accepted }) => accepted);
  const opening: Opening = { roster: state.roster, deals, survivors: state.survivors };
  const releases: AcceptedRelease[] = [];
  for (const { release } of state.releases) {
    const accepted = acceptRelease(secure.directory, opening, statementOf("release", await kept.release(release)));
    if (isRefusal(accepted)) return not(accepted);
    releases.push(accepted.value);
  }
  const recovered = recoverSecrets(opening, releases);
  if (isRefusal(recovered)) return not(recovered);
  const encoding = encodingOf(params.plan, params, state.attempt);
  const layout = layoutOf(encoding);
  const sum = await summed(blobs, state, layout);
  await unmasked(sum, opening, recovered.value);
  const decoded = decodeSum(encoding, roundHashOf(run, params, state), sum, state.inputs.length);
  if (isRefusal(decoded)) return not(decoded);
  const { totals } = decoded.value;
  const counts = totalsLength(params.plan, state.attempt.purpose);
  const pooled = pooledFigures(params.plan, state.attempt.purpose, totals.slice(0, counts), state.inputs.length);
  if (isRefusal(pooled)) return not(pooled);
  const next = await nextOf(blobs, params, state, { ...decoded.value, totals: totals.slice(counts) }, before);
  if (isRefusal(next)) return not(next);
  const summary = params.plan.summary === undefined ? undefined : readSummary(params.plan, totals.slice(counts), state.inputs.length);
  if (summary !== undefined && isRefusal(summary)) return not(summary);
  const packed = pack(layout, sum);
  return {
    ok: true,
    sum: { digest: sha256(vectorBytes(packed)), bytes: packed.byteLength },
    totalWeight: decoded.value.totalWeight,
    pooled: pooled.value,
    crooked: recovered.value.crooked,
    checkpoint: next?.checkpoint ?? null,
    serverState: next?.serverState ?? null,
    moments: next?.moments,
    summary: summary?.value,
  };
}

/** The sum of the masked vectors, read slice by slice. */
async function summed(blobs: BlobStore, { inputs }: Unmasking, layout: Layout): Promise<Uint32Array> {
  const sum = new Uint32Array(layoutWords(layout));
  for (const { body } of inputs) {
    await withSequential(blobs, body, async (vector) => {
      for (const slice of slicesOf(layout, SLICE_BYTES / 4)) {
        const bytes = await vector.next(4 * slice.words);
        addSlice(sum, slice, new Uint32Array(bytes.buffer));
      }
    });
  }
  return sum;
}

async function unmasked(sum: Uint32Array, opening: Opening, recovered: Recovered): Promise<void> {
  for (let at = 0; at < sum.length; at += SLICE_WORDS) {
    unmaskSum(sum.subarray(at, Math.min(sum.length, at + SLICE_WORDS)), opening, recovered, at);
    await setImmediate();
  }
}

/** What follows from the sum, where it is not of an evaluation; `totals` without the counts of predictions. */
async function nextOf(
  blobs: BlobStore,
  params: RunParams,
  state: Unmasking,
  { mean, totals }: Decoded,
  before: Moments | undefined,
): Promise<(Standing & Pick<Opened, "moments">) | Refusal | undefined> {
  if (state.attempt.purpose === "evaluate") return undefined;
  const analytic = analyticOf(params.plan, state.attempt);
  if (analytic === undefined) return { ...(await applied(blobs, params, state, mean)), moments: undefined };
  const next = await solved(blobs, params, state, analytic, { totals, before });
  return isRefusal(next) ? next : { checkpoint: next.checkpoint, serverState: null, moments: next.moments };
}

/** The next checkpoint: what the strategy makes of the one that the round started from and the mean. */
function applied(blobs: BlobStore, { plan }: RunParams, state: Unmasking, mean: Decoded["mean"]): Promise<Standing> {
  const share = state.inputs.length / state.sites.length;
  return writeNext(blobs, state, serverStep(plan.strategy, { values: mean.length, share }), (from, to) => mean.subarray(from, to));
}
