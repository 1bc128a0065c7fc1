/** From a site's statement to the round machine's answer: refuse early, check against the deals, keep what is large, decide. */
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import { sha256 } from "@engraft/core/crypto/digest";
import { decide } from "@engraft/core/rounds/decide";
import type { BlobRef } from "@engraft/core/rounds/events";
import type { ReplyCommand } from "@engraft/core/rounds/secure/decide";
import type { SecureParams } from "@engraft/core/rounds/secure/state";
import type { RunState } from "@engraft/core/rounds/state";
import { readAnswer } from "@engraft/core/secagg/complaint";
import { statementOf } from "@engraft/core/secagg/signed-text";
import { acceptRelease } from "@engraft/core/secagg/unmask";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Runner } from "../runner.ts";
import type { Outcome, Statement } from "../step.ts";
import type { UpdateBlobs } from "../update-blobs.ts";
import { dealBytes, releaseBytes, type Kept } from "./kept.ts";

interface Intake {
  readonly runner: Runner;
  readonly blobs: BlobStore;
  readonly updates: UpdateBlobs;
  readonly kept: Kept;
  readonly fetch: (ref: BlobRef) => Promise<void>;
  readonly command: ReplyCommand;
  readonly statement: Statement;
  readonly now: () => number;
}

/** Stands for a blob that is not written yet, where only the answer matters. */
const NOT_YET: BlobRef = { digest: sha256(""), bytes: 0 };

/** Throws `link-lost` where the site went away: its step is owed again when it is back. */
export async function takeReply(intake: Intake): Promise<Outcome> {
  const { runner, command, statement } = intake;
  // What is refused now is not decided again in the queue: it could have become welcome by then, without having been checked.
  const expected = decide(runner.params, runner.state, { ...command, blob: NOT_YET, checked: { ok: true } });
  if (isRefusal(expected)) return runner.refuse(command, expected);
  if (expected.length === 0) return expected;
  if (expected.some((event) => event.type === "site.dropped" && event.site === command.site)) return runner.submit(command, statement);
  const checked = await check(intake, runner.state);
  if (isRefusal(checked)) return runner.submit({ ...command, checked }, statement);
  return keepAndSubmit(intake, checked);
}

/** What the leaves of the deals say about a release or an answer. */
async function check({ runner, kept, command }: Intake, state: RunState): Promise<{ readonly ok: true } | Refusal> {
  const { secure } = runner.params;
  const { reply } = command;
  if (secure === null) return { ok: true };
  if (reply.phase === "release" && state.phase === "unmasking") {
    const deals = (await kept.deals(secure.directory, state.roster, state.deals)).map(({ accepted }) => accepted);
    const opening = { roster: state.roster, deals, survivors: state.survivors };
    const read = acceptRelease(secure.directory, opening, statementOf("release", reply.statement));
    return isRefusal(read) ? read : { ok: true };
  }
  if (reply.phase === "answer" && state.phase === "masking") return checkAnswer(secure, state, kept, command);
  return { ok: true };
}

async function checkAnswer(
  secure: SecureParams,
  state: Extract<RunState, { phase: "masking" }>,
  kept: Kept,
  { site, reply }: ReplyCommand,
): Promise<{ readonly ok: true } | Refusal> {
  if (reply.phase !== "answer") return { ok: true };
  const dealt = state.deals.find((one) => one.site === site);
  if (dealt === undefined) return refuse("bad-message", "Only a dealer answers.");
  const { part } = await kept.deal(secure.directory, state.roster, dealt);
  const statement = statementOf("answer", reply.statement);
  const complainers = new Set(state.complaints.filter(({ dealer }) => dealer === site).map(({ complainer }) => complainer));
  const indices = state.deals.filter((one) => complainers.has(one.site)).map(({ index }) => index);
  const readings = indices.map((index) => readAnswer(secure.directory, state.roster, index, part(index), statement));
  const wrong = readings.find((one) => isRefusal(one) && one.code === "share-wrong");
  return readings.some((one) => one.ok) ? { ok: true } : ((wrong as Refusal | undefined) ?? refuse("bad-message", "No such complaint."));
}

async function keepAndSubmit(intake: Intake, checked: { readonly ok: true }): Promise<Outcome> {
  const { runner, blobs, updates, command, statement, now } = intake;
  const { reply } = command;
  if (reply.phase !== "deal" && reply.phase !== "masked" && reply.phase !== "release") {
    return runner.submit({ ...command, at: now(), checked }, statement);
  }
  const bytes = reply.phase === "deal" ? dealBytes(reply) : reply.phase === "release" ? releaseBytes(reply.statement) : undefined;
  const digest = bytes === undefined ? (reply.phase === "masked" ? reply.body.digest : "") : sha256(bytes);
  await updates.hold(digest);
  const blob = await (bytes === undefined ? fetched(intake) : blobs.put(bytes)).catch((error: unknown) => {
    updates.letGo(digest);
    throw error;
  });
  if (isRefusal(blob)) {
    updates.letGo(digest);
    return blob;
  }
  // Where this throws, the event may have been stored all the same: the blob stays.
  const outcome = await runner.submit({ ...command, at: now(), checked, blob }, statement);
  const counts =
    !isRefusal(outcome) && outcome.some((event) => event.type.endsWith(".accepted") && "site" in event && event.site === command.site);
  if (!counts) updates.letGo(digest);
  return outcome;
}

/** Fetches the masked vector; a site that cannot deliver what it signed is out of the attempt. */
async function fetched({ runner, fetch, command, now }: Intake): Promise<BlobRef | Refusal> {
  const { reply } = command;
  if (reply.phase !== "masked") throw new Error("Bug: only a masked vector is fetched");
  try {
    await fetch(reply.body);
    return reply.body;
  } catch (error) {
    if (!(error instanceof EngraftError) || (error.code !== "blob-missing" && error.code !== "digest-mismatch")) throw error;
    const text = "The site could not deliver the masked vector that it signed.";
    const { run, round, attempt } = reply;
    const refused = { run, round, attempt, phase: "refused", step: "masked", code: error.code, text } as const;
    await runner.submit({ ...command, at: now(), reply: refused });
    return refuse(error.code, text);
  }
}
