/**
 * Which reply of a site counts in an attempt. What needs bytes that the state does not hold (the leaves of deals) is
 * checked by whoever holds them, with the functions of secagg/, and comes in with the command as `checked`.
 */
import { assert, isRefusal, refuse, type Code, type Refusal } from "../../base/errors.ts";
import type { Digest, SiteName } from "../../base/ids.ts";
import type { SiteFigures } from "../../models/metrics.ts";
import { shiftAllowed } from "../../models/summary/shift.ts";
import type { SecaggReply } from "../../protocol/messages.ts";
import { readOfRoster } from "../../secagg/advertise.ts";
import { packedWords } from "../../secagg/pack.ts";
import { layoutOf } from "../../secagg/quantize.ts";
import { encodingOf } from "../../secagg/encoding-of-plan.ts";
import { acceptMasked } from "../../secagg/mask-input.ts";
import { acceptDeal } from "../../secagg/share.ts";
import { sameText, statementOf } from "../../secagg/signed-text.ts";
import { readStatement } from "../../secagg/statement.ts";
import { fromBase64url } from "../../base/bytes.ts";
import { isAgreementKey } from "../../crypto/x25519.ts";
import type { BlobRef, RunEvent } from "../events.ts";
import { earlierAllowed, gainAllowed, interceptAllowed, metricsAllowed, mixAllowed } from "../figures.ts";
import type { LiveState, RunParams } from "../state.ts";
import { isSecure, type SecureParams, type SecureState, type Unmasking } from "./state.ts";

export interface ReplyCommand {
  readonly do: "reply";
  readonly at: number;
  readonly site: SiteName;
  /** Digest of the signed message. */
  readonly statement: Digest;
  readonly reply: SecaggReply;
  /** Where the deal, the masked vector or the release is kept. */
  readonly blob?: BlobRef;
  /** Of a release or an answer to a complaint: what the functions of secagg/ say about it. */
  readonly checked?: { readonly ok: true } | Refusal;
}

type Reply<P extends SecaggReply["phase"]> = Extract<SecaggReply, { phase: P }>;

interface Taken {
  readonly params: RunParams;
  readonly secure: SecureParams;
  readonly command: ReplyCommand;
}

/** Fields that every event of the attempt bears. */
const inAttempt = ({ command }: Taken, { attempt }: SecureState) => ({ at: command.at, round: attempt.round, attempt: attempt.number });

/** Nothing more is awaited from the site in this attempt; the others go on. */
const dropped = (taken: Taken, state: SecureState, code: Code, text: string): RunEvent[] => [
  { type: "site.dropped", at: taken.command.at, round: state.attempt.round, site: taken.command.site, code, text },
];

const TWO = "Two different messages came for one step: the site lost its journal, runs twice, or lies. The first one counts.";

/** Events, none where the reply says again what is known, or why it does not count. */
export function decideReply(params: RunParams, state: LiveState, command: ReplyCommand): RunEvent[] | Refusal {
  const { reply, site } = command;
  const { secure } = params;
  if (reply.run !== state.run) return refuse("wrong-plan", "The reply belongs to another run.");
  if (secure === null || !isSecure(state)) return refuse("stale-round", `Round ${reply.round} is not open.`);
  if (state.attempt.round !== reply.round) return refuse("stale-round", `Round ${reply.round} is not open.`);
  if (state.attempt.number !== reply.attempt) return refuse("attempt-stale", `Attempt ${reply.attempt} of this round is over.`);
  if (!state.attempt.cohort.includes(site)) return refuse("not-in-cohort", "This site was not asked in this round.");
  if (state.attempt.dropped.includes(site)) return refuse("second-answer", "This site was dropped from this attempt already.");
  if (reply.phase !== "refused" && "statement" in reply && reply.statement.site !== site) {
    return refuse("roster-wrong", "The statement is in another site's name.");
  }
  const taken = { params, secure, command };
  switch (reply.phase) {
    case "advert":
      return takeAdvert(taken, state, reply);
    case "deal":
      return takeDeal(taken, state, reply);
    case "complaint":
      return takeComplaint(taken, state, reply);
    case "answer":
      return takeAnswer(taken, state, reply);
    case "masked":
      return takeMasked(taken, state, reply);
    case "echo":
      return takeEcho(taken, state, reply);
    case "release":
      return takeRelease(taken, state);
    case "refused":
      return dropped(taken, state, reply.code, reply.text);
  }
}

/** Why a reply that comes outside its phase counts for nothing: known already, or too late. */
const outOfPhase = (known: boolean): RunEvent[] | Refusal =>
  known ? [] : refuse("attempt-stale", "Too late: the others went on without this site. It is asked again in the next round.");

function takeAdvert(taken: Taken, state: SecureState, reply: Reply<"advert">): RunEvent[] | Refusal {
  const { params, secure, command } = taken;
  const { site, statement } = command;
  const before = state.adverts.find((one) => one.site === site);
  if (state.phase !== "advertising") return outOfPhase(before !== undefined);
  if (before !== undefined) return sameText(before, reply.statement) ? [] : refuse("second-answer", TWO);
  if (reply.plan !== params.planDigest) return refuse("wrong-plan", "The keys are for another plan.");
  if (reply.checkpoint !== state.checkpoint.digest) return refuse("stale-round", "The keys are for another checkpoint.");
  const advert = readStatement(secure.directory, "advert", statementOf("advert", reply.statement));
  if (isRefusal(advert)) return dropped(taken, state, advert.code, advert.text);
  const { attempt, boxKey, maskKey } = advert.value;
  if (attempt !== state.attempt.hash) return dropped(taken, state, "attempt-stale", "The keys are of another attempt.");
  if (!isAgreementKey(boxKey) || !isAgreementKey(maskKey)) {
    return dropped(taken, state, "roster-wrong", "Under these keys nothing would be secret.");
  }
  if (!figuresAllowed(params, reply.figures)) {
    return dropped(taken, state, "metric-not-allowed", "The site sent figures that the plan does not let out.");
  }
  const { figures, engine, seconds } = reply;
  return [{ type: "advert.accepted", ...inAttempt(taken, state), site, advert: reply.statement, statement, figures, engine, seconds }];
}

const figuresAllowed = (
  { plan }: RunParams,
  { mix = null, intercept = null, gain = null, earlier = null, shift = null, ...figures }: SiteFigures,
): boolean => {
  const given = Object.values(figures).filter((one) => one !== null);
  const some = given.length > 0 || [mix, intercept, gain, earlier, shift].some((one) => one !== null);
  return (
    (plan.metrics.perSite || !some) &&
    given.every((one) => metricsAllowed(plan, one)) &&
    mixAllowed(plan, mix) &&
    interceptAllowed(plan, intercept) &&
    gainAllowed(plan, gain, [figures.alone, figures.federated]) &&
    earlierAllowed(plan, earlier, figures.federated) &&
    shiftAllowed(plan, shift)
  );
};

function takeDeal(taken: Taken, state: SecureState, reply: Reply<"deal">): RunEvent[] | Refusal {
  const { secure, command } = taken;
  if (state.phase === "advertising") return outOfPhase(false);
  const before = state.deals.find(({ site }) => site === command.site);
  if (state.phase !== "dealing") return outOfPhase(before !== undefined);
  const leaves = reply.leaves.map((leaf) => fromBase64url(leaf) ?? new Uint8Array());
  const offered = { statement: statementOf("deal", reply.statement), seedCommitment: reply.seedCommitment, leaves };
  const accepted = acceptDeal(secure.directory, state.roster, offered);
  if (isRefusal(accepted)) return dropped(taken, state, accepted.code, accepted.text);
  const { root } = accepted.value;
  if (before !== undefined) return before.root === root ? [] : refuse("second-answer", TWO);
  assert(command.blob !== undefined, "an accepted deal is kept nowhere");
  return [{ type: "deal.accepted", ...inAttempt(taken, state), site: command.site, deal: command.blob, root }];
}

/** The complainer's and the dealer's places are checked here; whether the shares are garbage only the complainer can know. */
function takeComplaint(taken: Taken, state: SecureState, reply: Reply<"complaint">): RunEvent[] | Refusal {
  const { secure, command } = taken;
  if (state.phase !== "masking") return outOfPhase(state.phase === "unmasking");
  const read = readOfRoster(secure.directory, state.roster, "complaint", statementOf("complaint", reply.statement));
  if (isRefusal(read)) return dropped(taken, state, read.code, read.text);
  const dealer = state.deals.find(({ index }) => index === read.value.dealer)?.site;
  if (dealer === undefined || dealer === command.site) return refuse("bad-message", "The complaint names no dealer.");
  if (state.complaints.some((one) => one.complainer === command.site && one.dealer === dealer)) return [];
  return [{ type: "complaint.made", ...inAttempt(taken, state), site: command.site, dealer, complaint: reply.statement }];
}

function takeAnswer(taken: Taken, state: SecureState, reply: Reply<"answer">): RunEvent[] | Refusal {
  const { secure, command } = taken;
  if (state.phase !== "masking") return outOfPhase(state.phase === "unmasking");
  const read = readOfRoster(secure.directory, state.roster, "answer", statementOf("answer", reply.statement));
  if (isRefusal(read)) return dropped(taken, state, read.code, read.text);
  const complainer = state.roster.members[read.value.complainer - 1]?.site;
  const complaint = state.complaints.find((one) => one.dealer === command.site && one.complainer === complainer);
  if (complaint === undefined) return refuse("bad-message", "Nobody complained of this.");
  if (complaint.answer !== null) return sameText(complaint.answer, reply.statement) ? [] : refuse("second-answer", TWO);
  const { checked } = command;
  assert(checked !== undefined, "an answer was not checked");
  if (isRefusal(checked)) return dropped(taken, state, checked.code, checked.text);
  return [
    {
      type: "complaint.answered",
      ...inAttempt(taken, state),
      site: command.site,
      complainer: complaint.complainer,
      answer: reply.statement,
    },
  ];
}

function takeMasked(taken: Taken, state: SecureState, reply: Reply<"masked">): RunEvent[] | Refusal {
  const { params, secure, command } = taken;
  if (state.phase === "advertising" || state.phase === "dealing") return outOfPhase(false);
  const before = state.inputs.find(({ site }) => site === command.site);
  if (state.phase !== "masking") return outOfPhase(before !== undefined);
  if (before !== undefined) return sameText(before.header, reply.statement) ? [] : refuse("second-answer", TWO);
  const encoding = encodingOf(params.plan, params, state.attempt);
  const header = statementOf("masked", reply.statement);
  const read = acceptMasked(secure.directory, state.roster, state.shared, packedWords(layoutOf(encoding)), header);
  if (isRefusal(read)) return dropped(taken, state, read.code, read.text);
  if (read.value.body !== reply.body.digest || reply.body.bytes !== 4 * read.value.words) {
    return refuse("bad-message", "The vector that is offered is not the one that was announced.");
  }
  const { index } = read.value;
  if (state.deals.every((one) => one.index !== index)) return refuse("inputs-wrong", "This site dealt no shares.");
  return [{ type: "input.accepted", ...inAttempt(taken, state), site: command.site, header: reply.statement, body: reply.body }];
}

const outsideUnmasking = (state: Exclude<SecureState, Unmasking>): Refusal =>
  refuse("attempt-stale", `Nothing of this is awaited while the sites are ${state.phase}.`);

/** A site that is not among the survivors gives nothing. */
const isSurvivor = (state: Unmasking, site: SiteName): boolean => state.inputs.some((input) => input.site === site);

function takeEcho(taken: Taken, state: SecureState, reply: Reply<"echo">): RunEvent[] | Refusal {
  const { secure, command } = taken;
  if (state.phase !== "unmasking") return outsideUnmasking(state);
  if (!isSurvivor(state, command.site)) return outOfPhase(false);
  const before = state.echoes.find(({ site }) => site === command.site);
  if (before !== undefined) return sameText(before, reply.statement) ? [] : refuse("second-answer", TWO);
  const read = readOfRoster(secure.directory, state.roster, "echo", statementOf("echo", reply.statement));
  if (isRefusal(read)) return dropped(taken, state, read.code, read.text);
  if (read.value.inputs !== state.survivors.hash) {
    return dropped(taken, state, "second-set", "The site confirms other inputs than the rest.");
  }
  return [{ type: "echo.accepted", ...inAttempt(taken, state), site: command.site, echo: reply.statement }];
}

function takeRelease(taken: Taken, state: SecureState): RunEvent[] | Refusal {
  const { command } = taken;
  if (state.phase !== "unmasking") return outsideUnmasking(state);
  if (!isSurvivor(state, command.site)) return outOfPhase(false);
  if (state.releases.some(({ site }) => site === command.site)) return [];
  const { checked, blob } = command;
  assert(checked !== undefined, "a release was not checked");
  if (isRefusal(checked)) return dropped(taken, state, checked.code, checked.text);
  assert(blob !== undefined, "an accepted release is kept nowhere");
  return [{ type: "release.accepted", ...inAttempt(taken, state), site: command.site, release: blob }];
}
