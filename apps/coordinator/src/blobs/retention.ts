/**
 * Which blobs stay (SPEC.md, S16). Pure: what the database refers to and what lies on the disk come in, what may be collected
 * comes out. Nothing that is referred to is collected; what is not is collected a day after anybody wrote it or relied on it.
 */
import type { Digest } from "@engraft/core/base/ids";
import type { Manifest } from "@engraft/core/models/manifest";
import type { BlobRef, RunEvent } from "@engraft/core/rounds/events";
import type { StoredBlob } from "@engraft/runtime/blob-folder";
import { heldBy } from "../rounds/update-blobs.ts";

const DAY_MS = 86_400_000;
/** What nobody refers to stays so long: it may be on its way to being referred to. */
export const GRACE_MS = DAY_MS;

/** A blob that several have a claim to counts under the first of these. */
export const KINDS = ["base", "release", "checkpoint", "server state", "record", "masked vector", "round under way"] as const;
export type Kind = (typeof KINDS)[number];

export interface RunHeld {
  /** Null while the run goes on or its release is not made: then nothing of it is let go. */
  readonly endedAt: number | null;
  /** Whose checkpoint was released, where that is not the last. */
  readonly releasedRound?: number | null;
  /** Oldest first; only those that refer to blobs or end what did are looked at. */
  readonly events: readonly RunEvent[];
}

export interface Held {
  /** Manifests, weights and trunks of imported bases. */
  readonly bases: readonly Digest[];
  /** Files of releases. */
  readonly releases: readonly Digest[];
  readonly runs: readonly RunHeld[];
}

export interface Rules {
  readonly now: number;
  /** How long after its end a run keeps what it has been through: its checkpoints in between, and masked vectors. */
  readonly keepDays: number;
}

/** Event types that a run's part depends on. */
export const LOOKED_AT = [
  "run.created",
  "update.accepted",
  "deal.accepted",
  "release.accepted",
  "input.accepted",
  "checkpoint.written",
  "sum.opened",
  "attempt.failed",
] as const satisfies readonly RunEvent["type"][];

/** What a base's manifest names. */
export const blobsOf = ({ weights, trunk }: Pick<Manifest, "weights" | "trunk">): readonly Digest[] => [
  weights.digest,
  ...(trunk === undefined ? [] : [trunk.onnx.digest]),
];

/** Everything that must stay, and as what. */
export function needed({ bases, releases, runs }: Held, rules: Rules): ReadonlyMap<Digest, Kind> {
  const stays = new Map<Digest, Kind>();
  const stay = (kind: Kind, digests: readonly Digest[]): void => {
    for (const digest of digests) if (!stays.has(digest)) stays.set(digest, kind);
  };
  stay("base", bases);
  stay("release", releases);
  const parts = runs.map((run) => partOf(run, rules));
  for (const { checkpoints } of parts) stay("checkpoint", checkpoints);
  for (const { records } of parts) stay("record", records);
  for (const { masked } of parts) stay("masked vector", masked);
  for (const { serverState } of parts) stay("server state", serverState);
  for (const { underWay } of parts) stay("round under way", underWay);
  return stays;
}

interface Part {
  readonly checkpoints: readonly Digest[];
  /** The newest: a round begins from it; an earlier one is never read again. */
  readonly serverState: readonly Digest[];
  readonly records: readonly Digest[];
  readonly masked: readonly Digest[];
  readonly underWay: readonly Digest[];
}

function partOf({ endedAt, releasedRound = null, events }: RunHeld, { now, keepDays }: Rules): Part {
  const whole = endedAt === null || now < endedAt + keepDays * DAY_MS;
  const checkpoints = events.flatMap(checkpointOf);
  const released = events.find((event) => event.type === "checkpoint.written" && event.round === releasedRound);
  const kept = [checkpoints[0], ...(released === undefined ? [] : checkpointOf(released)), checkpoints.at(-1)];
  return {
    checkpoints: whole ? checkpoints : kept.filter((digest) => digest !== undefined),
    serverState: endedAt === null ? newestState(events) : [],
    records: events.flatMap((event) => (event.type === "sum.opened" ? [event.record.digest] : [])),
    masked: whole ? inOpenedSums(events).map(({ digest }) => digest) : [],
    underWay: endedAt === null ? sentSince(events) : [],
  };
}

const checkpointOf = (event: RunEvent): readonly Digest[] =>
  event.type === "run.created" ? [event.start.digest] : event.type === "checkpoint.written" ? [event.checkpoint.digest] : [];

function newestState(events: readonly RunEvent[]): readonly Digest[] {
  const written = events.findLast((event) => event.type === "checkpoint.written");
  return written?.serverState === undefined ? [] : [written.serverState.digest];
}

/** What sites have sent since whatever made an end of it: for updates the checkpoint, for the parts of a sum the sum. */
function sentSince(events: readonly RunEvent[]): readonly Digest[] {
  const after = (end: RunEvent["type"]): number => 1 + events.findLastIndex(({ type }) => type === end || type === "attempt.failed");
  const [updatesFrom, partsFrom] = [after("checkpoint.written"), after("sum.opened")];
  return events.flatMap((event, index) => (index >= (event.type === "update.accepted" ? updatesFrom : partsFrom) ? heldBy(event) : []));
}

/** Masked vectors that a sum was opened from. */
function inOpenedSums(events: readonly RunEvent[]): readonly BlobRef[] {
  const opened: BlobRef[] = [];
  let open: BlobRef[] = [];
  for (const event of events) {
    if (event.type === "input.accepted") open.push(event.body);
    if (event.type === "sum.opened") opened.push(...open);
    if (event.type === "sum.opened" || event.type === "attempt.failed") open = [];
  }
  return opened;
}

export interface Sizes {
  readonly blobs: number;
  readonly bytes: number;
}

export interface Verdict {
  /** On the disk, by what it is needed for. */
  readonly kept: readonly (Sizes & { readonly kind: Kind })[];
  /** Not needed, but too young to be sure. */
  readonly young: Sizes;
  readonly collect: readonly StoredBlob[];
  /** Needed, and not on the disk. Masked vectors beyond a run's allowance are let go on purpose and are not counted. */
  readonly missing: readonly Digest[];
}

export const sizesOf = (blobs: readonly StoredBlob[]): Sizes => ({
  blobs: blobs.length,
  bytes: blobs.reduce((sum, { bytes }) => sum + bytes, 0),
});

/** `now`: by the clock of the file system. */
export function judge(stored: readonly StoredBlob[], stays: ReadonlyMap<Digest, Kind>, now: number): Verdict {
  const loose = stored.filter(({ digest }) => !stays.has(digest));
  const isYoung = ({ at }: StoredBlob): boolean => at >= now - GRACE_MS;
  const there = new Set(stored.map(({ digest }) => digest));
  return {
    kept: KINDS.map((kind) => ({ kind, ...sizesOf(stored.filter(({ digest }) => stays.get(digest) === kind)) })),
    young: sizesOf(loose.filter(isYoung)),
    collect: loose.filter((blob) => !isYoung(blob)),
    missing: [...stays].flatMap(([digest, kind]) => (kind === "masked vector" || there.has(digest) ? [] : [digest])),
  };
}
