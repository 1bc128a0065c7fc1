/** The earlier model that a plan has its sites judge beside the new one: which there are, and whether the two can be compared. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError, refuse, type Refusal } from "@engraft/core/base/errors";
import type { EarlierModel, Plan } from "@engraft/core/models/plan";
import type { BlobRef, EventOf, RunEvent } from "@engraft/core/rounds/events";
import type { Store } from "../store/store.ts";
import { storedPlan } from "./stored-plan.ts";

/** What sites fetch of it. */
export const earlierCheckpoint = ({ metrics: { compareRelease } }: Pick<Plan, "metrics">): readonly BlobRef[] =>
  compareRelease === undefined ? [] : [{ digest: compareRelease.checkpoint, bytes: compareRelease.bytes }];

/** What a finished run's model is made of; undefined where there is no such run, or it has not finished. */
export async function modelCheckpoint(store: Store, run: string): Promise<BlobRef | undefined> {
  const row = await store.prisma.release.findUnique({ where: { runId: run }, select: { round: true } });
  if (row === null) return undefined;
  const isOfModel = (event: RunEvent): event is EventOf<"checkpoint.written"> =>
    event.type === "checkpoint.written" && (row.round === null || event.round === row.round);
  return (await store.events(run)).map(({ event }) => event).findLast(isOfModel)?.checkpoint;
}

/** A draft may name the run alone: then the checkpoint of its model is filled in. Throws `plan-invalid` where it has none. */
export async function withEarlier(store: Store, json: unknown): Promise<unknown> {
  const metrics = partOf(json, "metrics");
  const named = partOf(metrics, "compareRelease");
  const run = named?.["run"];
  if (typeof run !== "string" || Object.keys(named ?? {}).length > 1) return json;
  const found = await modelCheckpoint(store, run);
  if (found === undefined) throw new EngraftError("plan-invalid", noModel(run));
  const compareRelease = { run, checkpoint: found.digest, bytes: found.bytes };
  return { ...(json as object), metrics: { ...metrics, compareRelease } };
}

const noModel = (run: string): string =>
  `metrics.compareRelease: there is no model of a run ${run.slice(0, 80)}. Name a run that has finished.`;

const partOf = (json: unknown, key: string): Readonly<Record<string, unknown>> | undefined => {
  const part: unknown = typeof json === "object" && json !== null ? (json as Record<string, unknown>)[key] : undefined;
  return typeof part === "object" && part !== null ? (part as Record<string, unknown>) : undefined;
};

/**
 * That the plan's sites can judge the earlier model: it is there, its values are those that the plan trains, and no patient that it was
 * trained on is one of the plan's test patients.
 */
export async function checkEarlier(store: Store, plan: Plan): Promise<{ readonly ok: true } | Refusal> {
  const { compareRelease } = plan.metrics;
  if (compareRelease === undefined) return { ok: true };
  const { run } = compareRelease;
  const no = (why: string): Refusal => refuse("plan-invalid", `metrics.compareRelease: ${why}`);
  const row = await store.prisma.run.findUnique({ where: { id: run }, include: { plan: true } });
  const found = await modelCheckpoint(store, run);
  if (row === null || found === undefined) return refuse("plan-invalid", noModel(run));
  if (!isSame(compareRelease, found))
    return no(`the model of ${run} is checkpoint ${found.digest} of ${found.bytes} bytes. Name that one, or the run alone.`);
  const earlier = storedPlan(row.plan.text);
  if (earlier.base.manifest !== plan.base.manifest)
    return no(`the model of ${run} was trained from another base, ${earlier.base.name} ${earlier.base.version}.`);
  if (canonicalJson(earlier.training.trainable) !== canonicalJson(plan.training.trainable))
    return no(`under the plan of ${run} other values were trained. Train the same ones, or leave the comparison out.`);
  return canonicalJson(earlier.data.split) === canonicalJson(plan.data.split)
    ? { ok: true }
    : no(`${run} split patients otherwise, so its model may have been trained on this plan's test patients. Use its split.`);
}

const isSame = (named: EarlierModel, found: BlobRef): boolean => named.checkpoint === found.digest && named.bytes === found.bytes;
