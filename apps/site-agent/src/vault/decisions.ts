/**
 * The steward's decisions: signed statements, kept as they were signed. They count here from the moment they are on disk,
 * whether the coordinator knows them or not.
 */
import { join } from "node:path";
import * as z from "zod";
import { EngraftError } from "@engraft/core/base/errors";
import { Digest } from "@engraft/core/base/ids";
import { Envelope, unseal } from "@engraft/core/crypto/envelope";
import { BACKENDS, type Backend } from "@engraft/engine/train/trainer";
import { MESSAGES, type Approval } from "@engraft/core/protocol/messages";
import { sealStatement } from "@engraft/core/protocol/session";
import { Limits } from "../rules/limits.ts";
import { isOwnKey, type Membership } from "./federation.ts";
import { jsonNames, readJson, writeJson } from "./json-file.ts";

const DecisionFile = z.strictObject({
  format: z.literal("engraft.decision/1"),
  statement: Envelope,
  /** The registered table that this plan may use. */
  data: z.string().nullable(),
  /** What its steward bound the approval to; it stays here. */
  limits: Limits.optional(),
  /** The engine that was chosen for it when it was approved; absent in decisions of older agents. */
  engine: z.enum(BACKENDS).optional(),
  /** Signature of the statement that the coordinator has said it keeps. */
  recorded: z.string().nullable(),
});

/** What belongs to a decision and is in no statement. */
export interface KeptAtSite {
  /** The table that the plan may use. */
  readonly data: string | null;
  readonly limits?: Limits;
  /** Where it is to be trained, when the site's settings name no engine: the same in every round, so that a repeated round ends the same. */
  readonly engine?: Backend | undefined;
}

export interface Decision extends KeptAtSite {
  readonly approval: Approval;
  readonly statement: Envelope;
  readonly limits: Limits;
  /** True where the coordinator has said that it keeps exactly this statement. */
  readonly recorded: boolean;
}

const folder = (home: string): string => join(home, "decisions");
const path = (home: string, plan: string): string => join(folder(home), `${plan}.json`);

/** Signs a decision and keeps it; the running agent sends it. A later decision about the same plan replaces it. */
export async function saveDecision(
  home: string,
  membership: Membership,
  approval: Approval,
  { data, limits = {}, engine }: KeptAtSite,
): Promise<Decision> {
  const scopes = { federation: membership.federation.coordinator, session: undefined };
  const statement = sealStatement(membership.identity, scopes, "approval", approval);
  await writeJson(path(home, approval.plan), { format: "engraft.decision/1", statement, data, limits, engine, recorded: null });
  return { approval, statement, data, limits, engine, recorded: false };
}

/** What the steward decided about a plan; undefined where nothing yet. A file that no key of this site's has signed is an error. */
export async function findDecision(home: string, membership: Membership, plan: string): Promise<Decision | undefined> {
  const file = await readJson(path(home, plan), DecisionFile);
  if (file === undefined) return undefined;
  const { identity, federation } = membership;
  const opened = unseal(file.statement, {
    type: "approval",
    scope: federation.coordinator,
    key: isOwnKey(membership, file.statement.key) ? file.statement.key : identity.publicKey,
    schema: MESSAGES.approval.schema,
  });
  if (!opened.ok || opened.value.plan !== plan) {
    throw new EngraftError(
      "bad-config",
      `The decision about plan ${plan.slice(0, 12)} in ${folder(home)} is not signed by this site for this federation. Remove the file and decide again.`,
    );
  }
  const { statement, data, limits = {}, engine, recorded } = file;
  return { approval: opened.value, statement, data, limits, engine, recorded: recorded === statement.sig };
}

export async function listDecisions(home: string, membership: Membership): Promise<readonly Decision[]> {
  const decisions = await Promise.all((await jsonNames(folder(home))).map((plan) => findDecision(home, membership, plan)));
  return decisions.filter((decision) => decision !== undefined);
}

/** Notes that the coordinator keeps a statement. Where the steward has decided anew meanwhile, that one stays unrecorded. */
export async function markRecorded(home: string, membership: Membership, plan: Digest, decision: Approval["decision"]): Promise<boolean> {
  const known = await findDecision(home, membership, plan);
  if (known === undefined || known.recorded || known.approval.decision !== decision) return false;
  await writeJson(path(home, plan), {
    format: "engraft.decision/1",
    statement: known.statement,
    data: known.data,
    limits: known.limits,
    engine: known.engine,
    recorded: known.statement.sig,
  });
  return true;
}
