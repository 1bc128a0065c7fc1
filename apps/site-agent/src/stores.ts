/** Everything of the agent's that outlives its process. */
import { join } from "node:path";
import { BlobStore } from "@engraft/runtime/blobs";
import type { Logger } from "@engraft/runtime/log";
import type { Emit } from "./events.ts";
import { SiteAudit } from "./vault/audit.ts";
import { listDecisions } from "./vault/decisions.ts";
import type { Membership } from "./vault/federation.ts";
import { Outbox } from "./vault/outbox.ts";
import { listPlans } from "./vault/plans.ts";
import { SecureJournal } from "./vault/secure/journal.ts";
import { maskedOf } from "./vault/secure/kept.ts";
import { sweep, sweepDownloads } from "./work/sweep.ts";

interface StoresOptions {
  readonly home: string;
  readonly membership: Membership;
  readonly now: () => number;
  readonly log: Logger;
  readonly emit: Emit;
  /** Tests only: called after each record of the secure journal. */
  readonly crash?: (point: string) => void;
}

export interface Stores {
  readonly blobs: BlobStore;
  readonly outbox: Outbox;
  readonly secure: SecureJournal;
  readonly audit: SiteAudit;
}

/** Everything that outlives the process, put in order after a crash or a restore. */
export async function openStores({ home, membership, now, log, emit, ...tests }: StoresOptions): Promise<Stores> {
  const blobs = await BlobStore.open(join(home, "store"));
  const outbox = await Outbox.open(home, blobs);
  const decisions = (): Promise<readonly string[]> => secureDecisions(home, membership);
  const { journal: secure, restored } = await SecureJournal.open(home, {
    owner: membership.identity.publicKey,
    now: now(),
    decisions,
    ...tests,
  });
  if (restored !== undefined) {
    const text = `This site's folder is an older copy (${restored}): what was begun is wiped, and its steward must approve secure plans again.`;
    log.error({ event: "site.restored" }, text);
    emit({ event: "restored", text });
  }
  await sweep(home, blobs, [...outbox.blobs(), ...maskedOf(secure.memory)]);
  await sweepDownloads(blobs);
  const audit = await SiteAudit.open(home, membership, now);
  if (audit.altered !== undefined)
    log.error({ event: "audit.altered" }, `${audit.altered} It is not signed any more; "engraft-site audit verify".`);
  return { blobs, outbox, secure, audit };
}

/** Signatures of the decisions that let this site take part in secure rounds. */
async function secureDecisions(home: string, membership: Membership): Promise<readonly string[]> {
  const [decisions, plans] = await Promise.all([listDecisions(home, membership), listPlans(home)]);
  const plain = new Set(plans.filter(({ plan }) => plan.aggregation.method === "plain").map(({ digest }) => digest));
  return decisions.filter(({ approval }) => !plain.has(approval.plan)).map(({ statement }) => statement.sig);
}
