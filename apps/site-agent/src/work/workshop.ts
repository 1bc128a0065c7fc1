/** What answering an ask needs, and how far it is told to be. */
import type { Progress } from "@engraft/core/protocol/messages";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Membership } from "../vault/federation.ts";
import type { Outbox } from "../vault/outbox.ts";
import type { Agreed } from "./check-ask.ts";
import type { Models } from "./models.ts";
import type { OnProgress } from "./site-model.ts";
import type { Vectors } from "./vectors.ts";

export interface Workshop {
  readonly home: string;
  readonly membership: Membership;
  readonly blobs: BlobStore;
  readonly outbox: Outbox;
  readonly vectors: Vectors;
  readonly models: Models;
  readonly report: (progress: Progress) => void;
  readonly now: () => number;
}

export const seedOf = (workshop: Workshop, { ask }: Agreed) => ({
  run: ask.run,
  round: ask.round,
  site: workshop.membership.federation.site,
});

export const reporter =
  (workshop: Workshop, { ask }: Agreed, phase: Progress["phase"]): OnProgress =>
  ({ done, total }) =>
    workshop.report({ run: ask.run, round: ask.round, phase, done, total });
