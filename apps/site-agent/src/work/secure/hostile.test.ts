/**
 * A coordinator that lies to a real site, with the keys of one site as its accomplice: each lie ends in its named refusal,
 * changes nothing in the journal and brings no share out; and after all of them the honest round still opens.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { digest } from "@engraft/core/base/binary";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { packPath, treeRoot, unpackPath } from "@engraft/core/crypto/merkle";
import { identityFromSeed, signBytes } from "@engraft/core/crypto/identity";
import { planDigest } from "@engraft/core/models/plan-digest";
import { MESSAGES, type Ask, type SecaggReply, type SecaggStep } from "@engraft/core/protocol/messages";
import type { SecureState } from "@engraft/core/rounds/secure/state";
import { advertise, attemptSecrets } from "@engraft/core/secagg/advertise";
import { partFor } from "@engraft/core/secagg/share";
import { statementOf, statementText, type SignedText } from "@engraft/core/secagg/signed-text";
import { readStatement, state as signed, type Signing, type StatementKind } from "@engraft/core/secagg/statement";
import { pauseSite, resumeSite } from "../../vault/participation.ts";
import { Lab, partText } from "./lab.fixture.ts";
import { RUN, securePlan } from "./secure-plan.fixture.ts";
import { bytesOf, foundIn, type LabSite } from "./site.fixture.ts";

type Step<P extends SecaggStep["phase"]> = Extract<SecaggStep, { phase: P }>;

/** The site that is lied to, and the accomplice whose key the liar has. */
const [VICTIM, LIAR] = [0, 3];
const mallory = identityFromSeed(new Uint8Array(32).fill(99));

const signingOf = ({ name, identity }: LabSite): Signing => ({ site: name, identity, sign: signBytes });

/** Changes one statement's fields and signs it anew, as only its own site could. */
function resigned(lab: Lab, by: LabSite, kind: StatementKind, text: SignedText, change: object): SignedText {
  const read = readStatement(lab.directory, kind, statementOf(kind, text));
  if (!read.ok) throw new Error(read.text);
  return statementText(signed(signingOf(by), kind, { ...read.value, ...change } as never));
}

const flipped = (text: SignedText): SignedText => {
  const body = Buffer.from(text.body, "base64url");
  body[body.length - 1] = (body[body.length - 1] as number) ^ 1;
  return { ...text, body: body.toString("base64url") };
};

/** All secrets that the site holds for its open attempts, by name. */
function secretsOf(site: LabSite): ReadonlyMap<string, Uint8Array> {
  const all = new Map<string, Uint8Array>();
  for (const { number, round, secrets, own, shared } of Object.values(site.secure.memory.attempts)) {
    const at = `${round}.${number}`;
    for (const what of ["box", "mask", "seed"] as const) all.set(`${at} ${what}`, secrets[what]);
    for (const [dealer, { seed, key }] of [...(own === undefined ? [] : [[0, own] as const]), ...(shared?.held ?? [])]) {
      all.set(`${at} share of ${dealer}'s seed`, seed);
      all.set(`${at} share of ${dealer}'s key`, key);
    }
  }
  return all;
}

/** Says this to the victim, and expects a refusal that changes nothing and tells nothing. */
async function expectRefused(lab: Lab, step: SecaggStep, code: string): Promise<void> {
  const site = lab.site(VICTIM);
  const { records } = site.secure;
  const secrets = secretsOf(site);
  const before = site.sent.length;
  await site.step(step);
  const [reply, ...more] = site.sent.slice(before);
  expect(reply).toMatchObject({ phase: "refused", step: step.phase, code });
  expect(more).toEqual([]);
  expect(site.secure.records).toEqual(records);
  expect(foundIn(bytesOf(site.sent), secrets)).toEqual(releasedBy(site, secrets));
  // The machine would take the refusal for the site's last word in the attempt; a liar does not.
  site.news();
}

/** Of these secrets, those that the site's own release gave out by the rules. */
const releasedBy = (site: LabSite, secrets: ReadonlyMap<string, Uint8Array>): readonly string[] =>
  foundIn(bytesOf(site.sent.filter(({ phase }) => phase === "release")), secrets);

async function expectDeclined(lab: Lab, ask: Ask, code: string): Promise<void> {
  const site = lab.site(VICTIM);
  const [sent, { records }] = [site.sent.length, site.secure];
  site.declined.length = 0;
  await site.ask(ask);
  expect(site.declined).toMatchObject([{ code }]);
  site.declined.length = 0;
  expect(site.sent.slice(sent)).toEqual([]);
  expect(site.secure.records.filter(({ kind }) => kind !== "approved" && kind !== "finished")).toEqual(
    records.filter(({ kind }) => kind !== "approved" && kind !== "finished"),
  );
}

/** After all the lies: the round opens, exactly, with every site in it. */
async function expectHonestEnd(lab: Lab, sites = 4): Promise<void> {
  const count = lab.sums.length;
  await lab.play(() => lab.sums.length > count);
  expect(lab.sums.at(-1)).toMatchObject({ sites });
  expect(lab.sums.at(-1)?.found).toEqual(lab.sums.at(-1)?.plain);
}

function stateOf<P extends SecureState["phase"]>(lab: Lab, phase: P): Extract<SecureState, { phase: P }> {
  if (lab.state.phase !== phase) throw new Error(`the attempt is ${lab.state.phase}`);
  return lab.state as Extract<SecureState, { phase: P }>;
}

let lab: Lab;

describe("an ask", () => {
  beforeAll(async () => {
    lab = await Lab.start();
  });
  afterAll(() => lab.stop());

  const other = { digest: sha256("another"), bytes: 16 };
  const lies: readonly [string, (ask: Ask) => Ask, string][] = [
    ["a plan that was never offered", (ask) => ({ ...ask, plan: sha256("plan") }), "plan-unknown"],
    ["no attempt: the update in plain", (ask) => ({ ...ask, attempt: null }), "wrong-plan"],
    ["other base weights than the plan's", (ask) => ({ ...ask, weights: { ...ask.weights, digest: sha256("w") } }), "wrong-plan"],
    ["another manifest than the plan's", (ask) => ({ ...ask, manifest: { ...ask.manifest, digest: sha256("m") } }), "wrong-plan"],
    ["a checkpoint that no sum came to", (ask) => ({ ...ask, checkpoint: other }), "inputs-wrong"],
    ["a start that is not the plan's base", (ask) => ({ ...ask, ...forgedStart() }), "inputs-wrong"],
    ["a round after the plan's last", (ask) => ({ ...ask, round: 4 }), "wrong-plan"],
    ["a run of another plan's name", (ask) => ({ ...ask, run: "other.1" as Ask["run"] }), "wrong-plan"],
    ["an attempt beyond the plan's", (ask) => withAttempt(ask, { number: 4 }), "attempt-stale"],
    ["a later sum than this round", (ask) => withAttempt(ask, { previous: outcomeOf(ask, { round: 3 }) }), "stale-round"],
    ["a sum that ended elsewhere", (ask) => withAttempt(ask, { previous: outcomeOf(ask, { checkpoint: sha256("x") }) }), "inputs-wrong"],
  ];
  it.each(lies)("[V7] [V18] [P5] for %s is declined, and nothing leaves", async (_what, lie, code) => {
    await expectDeclined(lab, lie(lab.askFor(lab.site(VICTIM))), code);
    expect(lab.site(VICTIM).sent).toEqual([]);
  });

  it("[G9] [V18] under a plan with one changed number, or fewer sites and so a lower threshold, is declined: nobody approved it", async () => {
    const changed = securePlan(5, (plan) => ({ ...plan, rounds: { count: 3, stop: null } }));
    const fewer = securePlan(3);
    for (const plan of [changed, fewer]) {
      await lab.site(VICTIM).offer(plan);
      await expectDeclined(lab, { ...lab.askFor(lab.site(VICTIM)), plan: planDigest(plan) }, "plan-not-approved");
    }
  });

  it("is declined while the site is paused by its own people", async () => {
    const site = lab.site(VICTIM);
    await pauseSite(site.home, 1);
    await expectDeclined(lab, lab.askFor(site), "paused");
    await resumeSite(site.home);
  });

  it("[G8] with another nonce, a lower number, or another base in the round that was begun is declined", async () => {
    const site = lab.site(VICTIM);
    const ask = lab.askFor(site);
    await lab.untilPhase("dealing");
    expect(site.sent).toMatchObject([{ phase: "advert" }]);
    await expectDeclined(lab, withAttempt(ask, { nonce: sha256("again") }), "attempt-stale");
    await expectDeclined(lab, { ...ask, ...forgedStart(2) }, "attempt-stale");
    await expectDeclined(lab, { ...ask, kind: "evaluate" }, "inputs-wrong");
    await expectDeclined(lab, { ...ask, run: "tiny-head.2" as Ask["run"] }, "plan-not-approved");
    await expectHonestEnd(lab);
  });

  function forgedStart(value = 1): Pick<Ask, "start" | "checkpoint"> {
    const bytes = new Uint8Array(Float32Array.of(value, 0, 0, 0).buffer);
    lab.blobs.set(sha256(bytes), bytes);
    const ref = { digest: sha256(bytes), bytes: bytes.length };
    return { start: ref, checkpoint: ref };
  }
});

const withAttempt = (ask: Ask, change: Partial<NonNullable<Ask["attempt"]>>): Ask => ({
  ...ask,
  attempt: { ...(ask.attempt as NonNullable<Ask["attempt"]>), ...change },
});
const outcomeOf = (ask: Ask, change: object) => ({
  round: 1,
  attempt: 1,
  roster: sha256("r"),
  inputs: sha256("i"),
  sum: sha256("s"),
  survivors: 3,
  totalWeight: 30,
  checkpoint: ask.checkpoint.digest,
  ...change,
});

describe("a site whose steward has not compared the directory", () => {
  afterEach(() => lab.stop());

  it("[G9] [K1] answers no ask, though its plan is approved", async () => {
    lab = await Lab.start();
    const site = lab.site(VICTIM);
    await site.forgetComparison();
    await expectDeclined(lab, lab.askFor(site), "directory-not-compared");
    expect(site.trained).toBe(0);
  });
});

describe("a roster", () => {
  beforeAll(async () => {
    lab = await Lab.start();
    await lab.untilPhase("dealing");
  });
  afterAll(() => lab.stop());

  const honest = (): Step<"roster"> => lab.dueFor(lab.site(VICTIM)) as Step<"roster">;
  const with_ = (change: (adverts: readonly SignedText[]) => readonly SignedText[]): SecaggStep => {
    const step = honest();
    return { ...step, adverts: [...change(step.adverts)] };
  };
  const replaced = (at: number, change: (text: SignedText) => SignedText) => (adverts: readonly SignedText[]) =>
    adverts.map((text, place) => (place === at ? change(text) : text));
  const attempt = (): Digest => stateOf(lab, "dealing").attempt.hash;
  const fresh = (): ReturnType<typeof attemptSecrets> => attemptSecrets(new Uint8Array(128).map((_, at) => at));
  const liar = (): LabSite => lab.site(LIAR);

  const lies: readonly [string, () => SecaggStep, string][] = [
    ["a key swapped for the coordinator's", () => with_(replaced(1, ({ site }) => keysOf(site, mallory))), "bad-signature"],
    ["one bit changed", () => with_(replaced(1, flipped)), "bad-signature"],
    ["an invented site", () => with_((adverts) => [...adverts, keysOf("site-z" as SiteName, mallory)]), "roster-wrong"],
    ["one site twice", () => with_((adverts) => [...adverts, adverts[1] as SignedText]), "roster-wrong"],
    ["a stranger's name over a site's keys", () => with_(replaced(1, (text) => ({ ...text, site: "site-z" as SiteName }))), "roster-wrong"],
    ["its own keys changed", () => with_(replaced(VICTIM, flipped)), "bad-signature"],
    ["its own keys left out", () => with_((adverts) => adverts.slice(1)), "roster-wrong"],
    ["too few sites", () => with_((adverts) => adverts.slice(0, 2)), "too-few-sites"],
    ["this site alone", () => with_((adverts) => adverts.slice(0, 1)), "too-few-sites"],
    ["nobody", () => with_(() => []), "roster-wrong"],
    ["keys of another attempt", () => with_(replaced(LIAR, () => advertOf(liar(), sha256("other")))), "attempt-stale"],
    [
      "an accomplice's key of small order",
      () => with_(replaced(LIAR, (text) => resigned(lab, liar(), "advert", text, { boxKey: new Uint8Array(32) }))),
      "roster-wrong",
    ],
    [
      "an accomplice that repeats this site's key",
      () => with_(replaced(LIAR, (text) => resigned(lab, liar(), "advert", text, { maskKey: keysIn(honest().adverts[VICTIM]) }))),
      "roster-wrong",
    ],
    ["another message's body under an advert", () => with_(replaced(LIAR, (text) => asEcho(text))), "bad-signature"],
    ["shares before the roster", () => ({ ...at(), phase: "shares", parts: [] }), "attempt-stale"],
    ["survivors before the roster", () => ({ ...at(), phase: "survivors", headers: [] }), "inputs-wrong"],
    ["echoes before the roster", () => ({ ...at(), phase: "echoes", echoes: [] }), "echoes-missing"],
    [
      "a complaint before the roster",
      () => ({ ...at(), phase: "complaint", complaint: honest().adverts[1] as SignedText }),
      "attempt-stale",
    ],
    ["a roster of another attempt's number", () => ({ ...honest(), attempt: 2 }), "attempt-stale"],
    ["a roster of another round", () => ({ ...honest(), round: 2 }), "attempt-stale"],
    ["a roster of another run", () => ({ ...honest(), run: "tiny-head.2" as typeof RUN }), "attempt-stale"],
  ];
  it.each(lies)("[K4] [V3] of %s is refused", (_what, lie, code) => expectRefused(lab, lie(), code));

  it("[G1] [V2] is one: after it another one, and one with fewer sites, is refused, and the first gets the same bytes", async () => {
    const site = lab.site(VICTIM);
    const first = honest();
    const second = with_(replaced(LIAR, () => advertOf(liar(), attempt())));
    const fewer = with_((adverts) => adverts.slice(0, 3));
    await site.step(first);
    await lab.hear(site);
    const dealt = site.sent.at(-1);
    expect(dealt).toMatchObject({ phase: "deal" });
    await expectRefused(lab, second, "second-set");
    await expectRefused(lab, fewer, "second-set");
    await site.step(first);
    expect(site.sent.at(-1)).toEqual(dealt);
    await expectHonestEnd(lab);
  });

  const at = () => ({ run: RUN, round: 1, attempt: 1 });
  const keysOf = (site: SiteName, identity: typeof mallory): SignedText =>
    statementText(advertise({ site, identity, sign: signBytes }, attempt(), fresh()));
  const advertOf = (by: LabSite, hash: Digest): SignedText => statementText(advertise(signingOf(by), hash, fresh()));
  const keysIn = (text: SignedText | undefined): Uint8Array => {
    const read = readStatement(lab.directory, "advert", statementOf("advert", text as SignedText));
    if (!read.ok) throw new Error(read.text);
    return read.value.maskKey;
  };
  const asEcho = (text: SignedText): SignedText => {
    const body = { roster: sha256("r"), index: 4, inputs: sha256("i") };
    return { ...statementText(signed(signingOf(liar()), "echo", body)), site: text.site };
  };
});

describe("a share set", () => {
  beforeAll(async () => {
    lab = await Lab.start();
    await lab.untilPhase("masking");
  });
  afterAll(() => lab.stop());

  type Part = Step<"shares">["parts"][number];
  const honest = (): Step<"shares"> => lab.dueFor(lab.site(VICTIM)) as Step<"shares">;
  const with_ = (change: (parts: readonly Part[]) => readonly Part[]): SecaggStep => {
    const step = honest();
    return { ...step, parts: [...change(step.parts)] };
  };
  const replaced = (at: number, change: (part: Part) => Part) => (parts: readonly Part[]) =>
    parts.map((part, place) => (place === at ? change(part) : part));
  const bent = (text: string): string => (text.endsWith("A") ? `${text.slice(0, -1)}Q` : `${text.slice(0, -1)}A`);
  /** The part of a dealer that is meant for another holder. */
  const meantFor = (dealer: number, holder: number): Part => partText(partFor(lab.dealOf(lab.site(dealer).name), holder));

  const lies: readonly [string, () => SecaggStep, string][] = [
    ["an altered leaf", () => with_(replaced(1, (part) => ({ ...part, leaf: bent(part.leaf) }))), "inputs-wrong"],
    [
      "an altered path",
      () => with_(replaced(1, (part) => ({ ...part, path: packPath(unpackPath(part.path).toReversed()) }))),
      "inputs-wrong",
    ],
    ["another commitment", () => with_(replaced(1, (part) => ({ ...part, seedCommitment: sha256("s") }))), "inputs-wrong"],
    ["the box of another holder", () => with_(replaced(1, () => meantFor(1, 3))), "inputs-wrong"],
    ["a root that was not signed", () => with_(replaced(1, (part) => ({ ...part, statement: flipped(part.statement) }))), "bad-signature"],
    [
      "one dealer under another's name",
      () => with_(replaced(1, (part) => ({ ...part, statement: { ...part.statement, site: "site-c" as SiteName } }))),
      "bad-signature",
    ],
    [
      "a dealer in another's place",
      () => with_(replaced(LIAR, (part) => ({ ...part, statement: resigned(lab, lab.site(LIAR), "deal", part.statement, { index: 2 }) }))),
      "roster-wrong",
    ],
    [
      "shares of another roster",
      () =>
        with_(
          replaced(LIAR, (part) => ({
            ...part,
            statement: resigned(lab, lab.site(LIAR), "deal", part.statement, { roster: sha256("r") }),
          })),
        ),
      "attempt-stale",
    ],
    ["its own shares left out", () => with_((parts) => parts.slice(1)), "inputs-wrong"],
    ["too few dealers", () => with_((parts) => parts.slice(0, 2)), "too-few-sites"],
    ["one dealer twice", () => with_((parts) => [...parts, parts[3] as Part]), "inputs-wrong"],
    ["another order", () => with_((parts) => parts.toReversed()), "inputs-wrong"],
    ["none", () => with_(() => []), "inputs-wrong"],
    ["survivors before the vector", () => ({ ...at(), phase: "survivors", headers: [] }), "inputs-wrong"],
    ["echoes before the vector", () => ({ ...at(), phase: "echoes", echoes: [] }), "echoes-missing"],
  ];
  it.each(lies)("[K6] [V6] with %s is refused", (_what, lie, code) => expectRefused(lab, lie(), code));

  const complaintBy = (at_: number, dealer: number, change = {}): SecaggStep => {
    const { roster } = stateOf(lab, "masking");
    const site = lab.site(at_);
    const body = { roster: roster.hash, index: at_ + 1, dealer, ...change };
    return { ...at(), phase: "complaint", complaint: statementText(signed(signingOf(site), "complaint", body)) };
  };

  it("[G2] [V4] complaints: forged, about others, of other rosters or places are refused; one liar is answered, a second one is not", async () => {
    const site = lab.site(VICTIM);
    const forged = complaintBy(LIAR, VICTIM + 1) as Step<"complaint">;
    await expectRefused(lab, { ...forged, complaint: flipped(forged.complaint) }, "bad-signature");
    await expectRefused(lab, { ...forged, complaint: { ...forged.complaint, site: "site-b" as SiteName } }, "bad-signature");
    await expectRefused(lab, complaintBy(LIAR, 2), "release-refused");
    await expectRefused(lab, complaintBy(LIAR, 1, { roster: sha256("r") }), "attempt-stale");
    await expectRefused(lab, complaintBy(LIAR, 1, { index: 2 }), "roster-wrong");
    await expectRefused(lab, complaintBy(VICTIM, 1), "release-refused");
    const before = site.sent.length;
    await site.step(forged);
    await site.step(forged);
    const answers = site.sent.slice(before);
    expect(answers).toMatchObject([{ phase: "answer" }, { phase: "answer" }]);
    expect(answers[1]).toEqual(answers[0]);
    site.news();
    // c is one here: 2c < t, so the answered shares and the liars' own stay below the threshold.
    await expectRefused(lab, complaintBy(1, 1), "too-many-complaints");
    await expectRefused(lab, complaintBy(2, 1), "too-many-complaints");
  });

  it("[V4] an answer that nobody asked for changes nothing", async () => {
    const site = lab.site(VICTIM);
    const { roster } = stateOf(lab, "masking");
    const [sent, { records }] = [site.sent.length, site.secure];
    const body = { roster: roster.hash, index: LIAR + 1, complainer: 1, seed: new Uint8Array(32), key: new Uint8Array(32) };
    await site.step({ ...at(), phase: "answer", answer: statementText(signed(signingOf(lab.site(LIAR)), "answer", body)) });
    expect([site.sent.length, site.secure.records]).toEqual([sent, records]);
  });

  it("[G1] [V2] [V6] is one: a vector is masked once, and other shares of an accomplice get nothing", async () => {
    const site = lab.site(VICTIM);
    const first = honest();
    const second = with_((parts) => parts.slice(0, 3));
    await site.step(first);
    await lab.hear(site);
    const masked = site.sent.at(-1);
    expect(masked).toMatchObject({ phase: "masked" });
    await expectRefused(lab, second, "second-set");
    await site.step(first);
    expect(site.sent.at(-1)).toEqual(masked);
    await expectHonestEnd(lab);
  });

  const at = () => ({ run: RUN, round: 1, attempt: 1 });
});

describe("a survivor set", () => {
  beforeAll(async () => {
    lab = await Lab.start();
    await lab.untilPhase("unmasking");
  });
  afterAll(() => lab.stop());

  const honest = (): Step<"survivors"> => ({
    run: RUN,
    round: 1,
    attempt: 1,
    phase: "survivors",
    headers: stateOf(lab, "unmasking").inputs.map(({ header }) => header),
  });
  const with_ = (change: (headers: readonly SignedText[]) => readonly SignedText[]): SecaggStep => {
    const step = honest();
    return { ...step, headers: [...change(step.headers)] };
  };
  const ofLiar = (change: object) => (headers: readonly SignedText[]) =>
    headers.map((text, at) => (at === LIAR ? resigned(lab, lab.site(LIAR), "masked", text, change) : text));

  const lies: readonly [string, () => SecaggStep, string][] = [
    ["this site left out", () => with_((headers) => headers.slice(1)), "inputs-wrong"],
    ["too few", () => with_((headers) => headers.slice(0, 2)), "too-few-sites"],
    ["this site alone", () => with_((headers) => headers.slice(0, 1)), "too-few-sites"],
    ["one site twice", () => with_((headers) => [...headers, headers[3] as SignedText]), "inputs-wrong"],
    ["another order", () => with_((headers) => headers.toReversed()), "inputs-wrong"],
    ["a forged header", () => with_((headers) => headers.map((text, at) => (at === 1 ? flipped(text) : text))), "bad-signature"],
    [
      "an altered header of this site",
      () => with_((headers) => headers.map((text, at) => (at === 0 ? flipped(text) : text))),
      "bad-signature",
    ],
    [
      "a stranger",
      () => with_((headers) => headers.map((text, at) => (at === 1 ? { ...text, site: "site-z" as SiteName } : text))),
      "roster-wrong",
    ],
    ["an accomplice's vector of another roster", () => with_(ofLiar({ roster: sha256("r") })), "attempt-stale"],
    ["an accomplice that masked against other shares", () => with_(ofLiar({ shares: sha256("s") })), "inputs-wrong"],
    ["an accomplice in another's place", () => with_(ofLiar({ index: 2 })), "roster-wrong"],
    ["nobody", () => with_(() => []), "inputs-wrong"],
  ];
  it.each(lies)("[G4] [V5] of %s is refused", (_what, lie, code) => expectRefused(lab, lie(), code));

  const echoOf = (at: number, change: object = {}): SignedText => {
    const { roster, survivors } = stateOf(lab, "unmasking");
    const body = { roster: roster.hash, index: at + 1, inputs: survivors.hash, ...change };
    return statementText(signed(signingOf(lab.site(at)), "echo", body));
  };
  const echoes = (...texts: readonly SignedText[]): SecaggStep => ({ run: RUN, round: 1, attempt: 1, phase: "echoes", echoes: [...texts] });

  it("[G3] no echoes open it before this site has echoed", async () => {
    await expectRefused(lab, echoes(echoOf(1), echoOf(2), echoOf(3)), "echoes-missing");
  });

  it("[G1] [V2] [V4] is one: neither without a site whose other share is wanted, nor with another vector of an accomplice", async () => {
    const site = lab.site(VICTIM);
    await site.step(honest());
    await lab.hear(site);
    expect(site.sent.at(-1)).toMatchObject({ phase: "echo" });
    await expectRefused(
      lab,
      with_((headers) => headers.slice(0, 3)),
      "second-set",
    );
    await expectRefused(lab, with_(ofLiar({ body: sha256("another vector") })), "second-set");
    const echo = site.sent.findLast(({ phase }) => phase === "echo");
    await site.step(honest());
    expect(site.sent.at(-1)).toEqual(echo);
  });

  const wrong: readonly [string, () => SecaggStep, string][] = [
    ["fewer than stand together", () => echoes(echoOf(0), echoOf(3)), "echoes-missing"],
    ["one site many times", () => echoes(echoOf(3), echoOf(3), echoOf(3), echoOf(3)), "echoes-missing"],
    ["other inputs", () => echoes(echoOf(0), echoOf(1), echoOf(3, { inputs: sha256("i") })), "echoes-missing"],
    ["another roster", () => echoes(echoOf(0), echoOf(1), echoOf(3, { roster: sha256("r") })), "attempt-stale"],
    ["another's place", () => echoes(echoOf(0), echoOf(1), echoOf(3, { index: 3 })), "roster-wrong"],
    ["a forged one", () => echoes(echoOf(0), echoOf(1), flipped(echoOf(3))), "bad-signature"],
    ["a stranger's", () => echoes(echoOf(0), echoOf(1), { ...echoOf(3), site: "site-z" as SiteName }), "roster-wrong"],
    ["none", () => echoes(), "echoes-missing"],
  ];
  it.each(wrong)("[G3] [V5] releases nothing on echoes of %s", (_what, lie, code) => expectRefused(lab, lie(), code));

  it("[G2] [G5] [V2] [V4] releases once, one kind of share of each dealer, and then nothing for any other set or attempt", async () => {
    const site = lab.site(VICTIM);
    const ask = site.asked[0] as Ask;
    await site.step(echoes(echoOf(0), echoOf(1), echoOf(2)));
    const release = site.sent.at(-1) as Extract<SecaggReply, { phase: "release" }>;
    const read = readStatement(lab.directory, "release", statementOf("release", release.statement));
    if (!read.ok) throw new Error(read.text);
    expect(read.value.seeds.map(({ of }) => of)).toEqual([1, 2, 3, 4]);
    expect(read.value.keys).toEqual([]);
    await expectRefused(
      lab,
      with_((headers) => headers.slice(0, 3)),
      "second-set",
    );
    await site.step(echoes(echoOf(0), echoOf(1), echoOf(2)));
    expect(site.sent.at(-1)).toEqual(release);
    for (const [number, nonce] of [
      [1, sha256("same number")],
      [2, sha256("two")],
      [3, sha256("three")],
    ] as const) {
      await expectDeclined(lab, withAttempt(ask, { number, nonce }), "round-released");
    }
    // Also where the coordinator says that the site was dropped, which wipes the attempt.
    await site.step({ run: RUN, round: 1, attempt: 1, phase: "dropped", code: "link-lost", text: "gone" });
    await expectDeclined(lab, withAttempt(ask, { number: 2, nonce: sha256("two") }), "round-released");
    await expectRefused(lab, echoes(echoOf(0), echoOf(1), echoOf(2)), "attempt-stale");
    expect(site.sent.filter(({ phase }) => phase === "release").map((one) => JSON.stringify(one))).toEqual(
      [release, release].map((one) => JSON.stringify(one)),
    );
    await expectHonestEnd(lab);
  });
});

describe("a site that is left out of the survivors", () => {
  beforeAll(async () => {
    lab = await Lab.start();
  });
  afterAll(() => lab.stop());

  it("[V4] [G2] [V11] gives its key's shares to nobody itself, and its masked vector is of no use: the sum is that of the others", async () => {
    await lab.untilPhase("masking");
    lab.away.add(lab.site(LIAR).name);
    await lab.play(() => lab.sums.length > 0);
    expect(lab.sums).toMatchObject([{ sites: 3 }]);
    expect(lab.sums[0]?.found).toEqual(lab.sums[0]?.plain);
    const release = lab.site(VICTIM).sent.find(({ phase }) => phase === "release") as Extract<SecaggReply, { phase: "release" }>;
    const read = readStatement(lab.directory, "release", statementOf("release", release.statement));
    if (!read.ok) throw new Error(read.text);
    // Each dealer's share is of one kind.
    expect([read.value.seeds.map(({ of }) => of), read.value.keys.map(({ of }) => of)]).toEqual([[1, 2, 3], [4]]);
    const late = lab.site(LIAR);
    await late.step({ run: RUN, round: 1, attempt: 1, phase: "outcome", outcome: outcomeInState(lab) });
    expect(late.sent.filter(({ phase }) => phase === "echo" || phase === "release")).toEqual([]);
  });
});

function outcomeInState(at: Lab): Step<"outcome">["outcome"] {
  const { state } = at;
  if (!("sums" in state) || state.sums?.outcome === null || state.sums?.outcome === undefined) throw new Error("no sum yet");
  return state.sums.outcome;
}

describe("what a sum is said to be", () => {
  beforeAll(async () => {
    lab = await Lab.start();
    await lab.untilPhase("unmasking");
  });
  afterAll(() => lab.stop());

  it("[G7] [V7] of other inputs than this site confirmed is refused, in the outcome and in the next round's ask", async () => {
    const site = lab.site(VICTIM);
    const { roster, attempt } = stateOf(lab, "unmasking");
    await lab.play(() => site.sent.some(({ phase }) => phase === "release"));
    const outcome = { ...outcomeOf(site.asked[0] as Ask, { roster: roster.hash, inputs: sha256("others") }), attempt: attempt.number };
    await expectRefused(lab, { run: RUN, round: 1, attempt: 1, phase: "outcome", outcome }, "inputs-wrong");
    const next = { ...(site.asked[0] as Ask), round: 2, attempt: { number: 1, nonce: sha256("n"), previous: outcome } };
    await expectDeclined(lab, next, "inputs-wrong");
    await expectRefused(lab, { run: RUN, round: 9, attempt: 1, phase: "outcome", outcome: { ...outcome, round: 9 } }, "inputs-wrong");
    await lab.play(() => lab.sums.length > 0);
  });

  it("[G7] [V15] once known is not told in another way, nor forgotten; and nothing of the old round is answered", async () => {
    const site = lab.site(VICTIM);
    await lab.untilPhase("dealing", 2);
    const ask = site.asked.at(-1) as Ask;
    const { previous } = ask.attempt as NonNullable<Ask["attempt"]>;
    expect(previous).toMatchObject({ round: 1 });
    const higher = { number: 2, nonce: sha256("n") };
    const told = { ...(previous as object), totalWeight: 1 } as NonNullable<typeof previous>;
    await expectDeclined(lab, withAttempt(ask, { ...higher, previous: told }), "inputs-wrong");
    await expectDeclined(lab, { ...withAttempt(ask, { ...higher, previous: null }), checkpoint: ask.start }, "stale-round");
    await expectDeclined(lab, { ...withAttempt(site.asked[0] as Ask, higher), attempt: { ...higher, previous: null } }, "stale-round");
    await expectDeclined(lab, { ...(site.asked[0] as Ask), attempt: { ...higher, previous: previous ?? null } }, "inputs-wrong");
    for (const step of site.stepped.filter(({ round, phase }) => round === 1 && phase !== "outcome")) {
      await expectRefused(lab, step, "attempt-stale");
    }
    expect(site.stepped.filter(({ round }) => round === 1).length).toBeGreaterThan(3);
    await expectHonestEnd(lab);
  });
});

/** The liar's part for a holder, with a box that nobody can open, under a root that the liar signs. */
function garbageFor(at: Lab, liar: LabSite, holder: number): Step<"shares">["parts"][number] {
  const { statement, seedCommitment, leaves, index } = at.dealOf(liar.name);
  const leaf = Uint8Array.from(leaves[holder - 1] ?? []);
  leaf[20] = (leaf[20] as number) ^ 1;
  const changed = leaves.with(holder - 1, leaf);
  const root = treeRoot([digest.write(seedCommitment), ...changed]);
  const { roster } = stateOf(at, "masking");
  const made = signed(signingOf(liar), "deal", { roster: roster.hash, index, root });
  return partText(partFor({ statement: { ...statement, ...made }, seedCommitment, leaves: changed }, holder));
}

describe("this site's own clock", () => {
  afterEach(() => lab.stop());

  it.each(["dealing", "masking", "unmasking"] as const)(
    "[G12] ends an attempt while it is %s: nothing leaves, neither statement nor vector",
    async (phase) => {
      lab = await Lab.start();
      await lab.untilPhase(phase);
      const site = lab.site(VICTIM);
      const step = lab.dueFor(site);
      const body = site.sent.findLast((reply) => reply.phase === "masked");
      lab.clock.now += 1_000_000;
      await expectRefused(lab, step, "attempt-stale");
      if (body?.phase === "masked") expect(await site.fetch(body.body.digest)).toBeUndefined();
      // After a restart not even the secrets are there.
      await site.restart();
      expect(site.secure.memory.attempts).toEqual({});
    },
  );

  it("[G12] lets no complaint out after the attempt's end either", async () => {
    lab = await Lab.start();
    await lab.untilPhase("masking");
    const site = lab.site(VICTIM);
    const step = lab.dueFor(site) as Step<"shares">;
    const liar = lab.site(LIAR);
    const garbage = garbageFor(lab, liar, VICTIM + 1);
    const parts = step.parts.map((part, at) => (at === LIAR ? garbage : part));
    lab.clock.now += 1_000_000;
    await expectRefused(lab, { ...step, parts }, "attempt-stale");
    lab.clock.now -= 1_000_000;
    await site.step({ ...step, parts });
    expect(site.sent.at(-1)).toMatchObject({ phase: "complaint" });
  });
});

describe("a message that is too large or has strange fields", () => {
  it("[W1] [V13] does not come through its schema", () => {
    const { schema, maxBytes } = MESSAGES["secagg.step"];
    const text = { site: "site-a", body: "A".repeat(100), signature: "A".repeat(86) };
    const roster = (adverts: readonly object[], more: object = {}): unknown => ({
      run: RUN,
      round: 1,
      attempt: 1,
      phase: "roster",
      adverts,
      ...more,
    });
    expect(schema.safeParse(roster([text])).success).toBe(true);
    for (const wrong of [
      roster(Array.from({ length: 101 }, () => text)),
      roster([{ ...text, body: "A".repeat(87_381) }]),
      roster([{ ...text, body: "+/==" }]),
      roster([{ ...text, signature: "A".repeat(87) }]),
      roster([text], { shares: [] }),
      roster([text], { phase: "release" }),
      roster([text], { attempt: 21 }),
    ]) {
      expect(schema.safeParse(wrong).success).toBe(false);
    }
    expect(maxBytes).toBeLessThan(1_572_864);
  });
});
