/** A site driven by hand through secure rounds: it does what an honest one does, except where the test has it lie. */
import { randomBytes } from "node:crypto";
import { fromBase64url, fromHex, lengthPrefixed, toBase64url, utf8 } from "@engraft/core/base/bytes";
import { isRefusal, type Refusal } from "@engraft/core/base/errors";
import type { Digest, PublicKey } from "@engraft/core/base/ids";
import { unpackPath } from "@engraft/core/crypto/merkle";
import { sha256 } from "@engraft/core/crypto/digest";
import { signBytes } from "@engraft/core/crypto/identity";
import type { Plan } from "@engraft/core/models/plan";
import { totalsLength } from "@engraft/core/models/tally";
import type { Ask, SecaggReply, SecaggStep } from "@engraft/core/protocol/messages";
import { advertise, agreeOnRoster, attemptSecrets, type AttemptSecrets, type Roster } from "@engraft/core/secagg/advertise";
import { answer } from "@engraft/core/secagg/complaint";
import type { Directory } from "@engraft/core/secagg/directory";
import { encodingOf } from "@engraft/core/secagg/encoding-of-plan";
import { announceMasked, maskInput, vectorBytes } from "@engraft/core/secagg/mask-input";
import { directoryOfPlan } from "@engraft/core/secagg/of-plan";
import { encodeInput } from "@engraft/core/secagg/quantize";
import {
  deal,
  dealEntropy,
  dealtShares,
  openShareSet,
  type Deal,
  type DealPart,
  type HeldShares,
  type Keyed,
} from "@engraft/core/secagg/share";
import { statementOf, statementText, type SignedText } from "@engraft/core/secagg/signed-text";
import { readStatement, state, type Signing, type StatementKind } from "@engraft/core/secagg/statement";
import { agreeOnSurvivors, echo, type Survivors } from "@engraft/core/secagg/survivors";
import { attemptHash, DOMAIN, roundHash } from "@engraft/core/secagg/transcript";
import { release } from "@engraft/core/secagg/unmask";

const random = (count: number): Uint8Array => Uint8Array.from(randomBytes(count));

export function mustBe<T>(result: { readonly ok: true; readonly value: T } | Refusal): T {
  if (isRefusal(result)) throw new Error(`${result.code}: ${result.text}`);
  return result.value;
}

/** What every side of an attempt knows. */
export interface Attempt {
  readonly at: { readonly run: Ask["run"]; readonly round: number; readonly attempt: number };
  readonly ask: Ask;
  readonly hash: Digest;
}

export function attemptOf(ask: Ask, directory: Directory, coordinator: PublicKey): Attempt {
  const { run, round, plan, checkpoint } = ask;
  if (ask.attempt === null) throw new Error("a plain ask");
  const { number, nonce } = ask.attempt;
  const context = { run, round, plan, base: checkpoint.digest, directory: directory.hash, coordinator };
  return { at: { run, round, attempt: number }, ask, hash: attemptHash(roundHash(context), number, fromHex(nonce) ?? new Uint8Array()) };
}

/** One site's side of one attempt. What it says is made once. */
export class HandAttempt {
  readonly by: Signing;
  readonly about: Attempt;
  readonly plan: Plan;
  readonly directory: Directory;
  readonly secrets: AttemptSecrets = attemptSecrets(random(128));
  readonly said: SecaggReply[] = [];
  roster: Roster | undefined;
  dealt: { readonly deal: Deal; readonly own: HeldShares } | undefined;
  /** With boxes that open, whatever was sent: an honest answer to a complaint comes from it. */
  boxes: Deal | undefined;
  keyed: Keyed | undefined;
  survivors: Survivors | undefined;
  body: Uint8Array = new Uint8Array();

  constructor(plan: Plan, by: Signing, about: Attempt) {
    this.plan = plan;
    this.by = by;
    this.about = about;
    const directory = directoryOfPlan(plan);
    if (isRefusal(directory)) throw new Error(directory.text);
    this.directory = directory;
  }

  get index(): number {
    return this.roster?.members.find(({ site }) => site === this.by.site)?.index ?? 0;
  }

  advert(secrets = this.secrets): Extract<SecaggReply, { phase: "advert" }> {
    const { at, hash, ask } = this.about;
    const figures = { validation: null, base: null, alone: null, federated: null };
    const rest = { plan: ask.plan, checkpoint: ask.checkpoint.digest, figures, engine: "hand", seconds: { fetch: 0, train: 0 } };
    return { ...at, phase: "advert", statement: statementText(advertise(this.by, hash, secrets)), ...rest };
  }

  deal(adverts: readonly SignedText[]): Extract<SecaggReply, { phase: "deal" }> {
    const texts = adverts.map((text) => statementOf("advert", text));
    const roster = mustBe(agreeOnRoster(this.directory, this.about.hash, texts));
    this.roster = roster;
    this.dealt = deal(this.by, roster, this.index, this.secrets, random(dealEntropy(roster)));
    this.boxes = this.dealt.deal;
    return this.dealText(this.dealt.deal);
  }

  dealText({ statement, seedCommitment, leaves }: Deal): Extract<SecaggReply, { phase: "deal" }> {
    return { ...this.about.at, phase: "deal", statement: statementText(statement), seedCommitment, leaves: leaves.map(toBase64url) };
  }

  masked(parts: readonly DealPart[]): Extract<SecaggReply, { phase: "masked" }> {
    const { roster, dealt } = this;
    if (roster === undefined || dealt === undefined) throw new Error("nothing was dealt");
    const mine = { index: this.index, secrets: this.secrets, ...dealt };
    this.keyed = mustBe(openShareSet(this.directory, roster, mine, parts));
    const { ask } = this.about;
    const values = ask.checkpoint.bytes / 4;
    const encoding = encodingOf(this.plan, { vectorLength: values, headInputs: 0 }, { purpose: ask.kind, round: ask.round });
    const totals = Array.from({ length: totalsLength(this.plan, ask.kind) }, () => 0);
    const update = new Float32Array(ask.kind === "train" ? values : 0);
    return this.maskedText(
      maskInput(
        this.keyed,
        this.secrets,
        encodeInput(encoding, sha256("full words need no round"), { weight: 1, update, totals }, random(32)),
      ),
    );
  }

  maskedText(words: Uint32Array): Extract<SecaggReply, { phase: "masked" }> {
    if (this.keyed === undefined) throw new Error("no shares yet");
    this.body = Uint8Array.from(vectorBytes(words));
    const statement = statementText(announceMasked(this.by, this.keyed, words));
    return { ...this.about.at, phase: "masked", statement, body: { digest: sha256(this.body), bytes: this.body.length } };
  }

  echo(headers: readonly SignedText[]): Extract<SecaggReply, { phase: "echo" }> {
    const { roster, keyed } = this;
    if (roster === undefined || keyed === undefined) throw new Error("no shares yet");
    this.survivors = mustBe(
      agreeOnSurvivors(
        this.directory,
        roster,
        keyed,
        headers.map((text) => statementOf("masked", text)),
      ),
    );
    return { ...this.about.at, phase: "echo", statement: statementText(echo(this.by, roster, this.index, this.survivors)) };
  }

  release(survivors = this.survivors): Extract<SecaggReply, { phase: "release" }> {
    const { roster, keyed } = this;
    if (roster === undefined || keyed === undefined || survivors === undefined) throw new Error("nothing was confirmed");
    const given = keyed.dealers.map((index) => ({ index, kind: survivors.members.includes(index) ? ("seed" as const) : ("key" as const) }));
    return {
      ...this.about.at,
      phase: "release",
      statement: statementText(release(this.by, roster, this.index, survivors, given, keyed.held)),
    };
  }

  /** To whoever complained about this dealer. */
  answer(complaint: SignedText): Extract<SecaggReply, { phase: "answer" }> {
    const { roster, boxes } = this;
    if (roster === undefined || boxes === undefined) throw new Error("nothing was dealt");
    const complainer = mustBe(readStatement(this.directory, "complaint", statementOf("complaint", complaint))).index;
    const shares = dealtShares(roster, this.index, this.secrets, boxes, complainer);
    if (shares === undefined) throw new Error("the dealt shares do not open");
    return { ...this.about.at, phase: "answer", statement: statementText(answer(this.by, roster, this.index, complainer, shares)) };
  }

  /** A statement of this site with other fields, signed by it. */
  resigned(kind: StatementKind, text: SignedText, change: object): SignedText {
    const body = mustBe(readStatement(this.directory, kind, statementOf(kind, text)));
    return statementText(state(this.by, kind, { ...body, ...change } as never));
  }

  /** Any bytes, signed as a statement of that kind. */
  signedRaw(kind: StatementKind, body: Uint8Array): SignedText {
    const bytes = lengthPrefixed([utf8(DOMAIN), utf8("statement"), utf8(kind), body]);
    return { site: this.by.site, body: toBase64url(body), signature: signBytes(this.by.identity, bytes) };
  }
}

export const partsOfStep = ({ parts }: Extract<SecaggStep, { phase: "shares" }>): readonly DealPart[] =>
  parts.map((part) => ({
    statement: statementOf("deal", part.statement),
    seedCommitment: part.seedCommitment,
    seedPath: unpackPath(part.seedPath),
    leaf: fromBase64url(part.leaf) ?? new Uint8Array(),
    path: unpackPath(part.path),
  }));
