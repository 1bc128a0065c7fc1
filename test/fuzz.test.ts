/**
 * W5: ten thousand random and mutated inputs to every parser. Each must answer with a value or with its documented
 * refusal, which repeats nothing of the input. The seed is printed at the start of the run; a failure names the case.
 */
import { createPrivateKey, sign } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lengthPrefixed, toBase64url, utf8 } from "@engraft/core/base/bytes";
import { CODES, EngraftError } from "@engraft/core/base/errors";
import { readEnvelope } from "@engraft/core/crypto/envelope";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { Manifest } from "@engraft/core/models/manifest";
import { readPlan } from "@engraft/core/models/plan-digest";
import { readSafetensors, writeSafetensors } from "@engraft/core/models/safetensors";
import { decodeFrame, encodeFrame } from "@engraft/core/protocol/frame";
import { inviteText, readInvite } from "@engraft/core/protocol/invite";
import { Join, MESSAGES, type MessageType } from "@engraft/core/protocol/messages";
import { openMessage, sealStatement, sessionScope, type Scopes } from "@engraft/core/protocol/session";
import { RunEvent } from "@engraft/core/rounds/events";
import { TableDeclaration } from "@engraft/engine/data/declaration";
import { FINDING_KINDS } from "@engraft/engine/data/findings";
import { readTable } from "@engraft/engine/data/table";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { numbers } from "../packages/core/src/base/numbers.fixture.ts";
import { heartManifest, heartPlan } from "../packages/core/src/models/heart.fixture.ts";
import { Play, metrics } from "../packages/core/src/rounds/play.fixture.ts";
import { CANARY, below, mutateBytes, mutateJson, mutateJsonText, mutateText, pick, type Numbers } from "./support/mutate.ts";

const CASES = 10_000;
const SEED = Number(process.env["ENGRAFT_SEED"]);

const coordinator = identityFromSeed(new Uint8Array(32).fill(1));
const site = identityFromSeed(new Uint8Array(32).fill(2));
const nonce = (fill: number): string => toBase64url(new Uint8Array(32).fill(fill));
const scopes: Scopes = { federation: coordinator.publicKey, session: sessionScope(nonce(1), nonce(2)) };

type Answer = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly text: string };

/** Tries every case; at the end both outcomes must have been seen, else the cases were no test of the parser. */
function expectAnswers(parse: (random: Numbers) => Answer): void {
  const seen = { taken: 0, refused: 0 };
  for (let index = 0; index < CASES; index++) {
    const answer = attempt(index, () => parse(numbers(SEED + index)));
    if (answer.ok) seen.taken++;
    else seen.refused++;
  }
  expect(seen.taken + seen.refused).toBe(CASES);
  expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(0);
}

function attempt(index: number, parse: () => Answer): Answer {
  let answer: Answer;
  try {
    answer = parse();
  } catch (cause) {
    throw new Error(`Case ${index} of seed ${SEED} threw ${String(cause).slice(0, 300)}`, { cause });
  }
  if (answer.ok) return answer;
  const { code, text } = answer;
  if (!Object.hasOwn(CODES, code) || text.length === 0 || text.length > 7000 || text.includes(CANARY))
    throw new Error(`Case ${index} of seed ${SEED} was answered with ${code}: ${text.slice(0, 300)}`);
  return answer;
}

/** Schemas are used through functions that make refusals of their issues; here only throwing matters. */
const bySchema = (schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): Answer =>
  schema.safeParse(value).success ? { ok: true } : { ok: false, code: "bad-message", text: "no" };

const digest = "a".repeat(64);
const blobRef = { digest, bytes: 12 };
const at = 1_800_000_000_000;
const some = metrics(0.8);
const SIGNED = { site: "anna", body: "AAAA", signature: "A".repeat(86) };
const OUTCOME = { round: 1, attempt: 1, roster: digest, inputs: digest, sum: digest, survivors: 3, totalWeight: 3, checkpoint: digest };
/** One valid payload of every type. */
const PAYLOADS: Readonly<Record<MessageType, object>> = {
  challenge: { protocol: { min: 1, max: 1 }, nonce: nonce(1), at },
  hello: { site: "anna", protocol: { min: 1, max: 1 }, challenge: nonce(1), nonce: nonce(2), version: "0.1.0", engine: "wasm", at },
  welcome: { protocol: 1, nonce: nonce(2), at },
  goodbye: { code: "paused", text: "" },
  "site.about": { paused: false, stopping: false, way: "tls-proxy", ownAuthority: true, doctor: true },
  "doctor.ask": { id: "A".repeat(16), at },
  "doctor.answer": { id: "A".repeat(16), at, outcome: "looked", findings: [{ check: "proxy", level: "problem", code: "proxy-password" }] },
  timings: {
    run: "heart.1",
    round: 1,
    life: at,
    at,
    steps: [{ phase: "upload", from: at, to: null, bytes: 12, moved: 4, attempt: null }],
    notes: [{ at, kind: "declined", code: "paused", offset: null }],
  },
  "plan.offer": { plan: JSON.stringify(heartPlan), manifest: JSON.stringify(heartManifest), withdrawn: false },
  approval: { plan: digest, decision: "approved", reason: null, siteMetrics: true, steward: "Dr A", at },
  "approval.recorded": { plan: digest, decision: "approved" },
  ask: {
    run: "heart.1",
    round: 1,
    kind: "train",
    plan: digest,
    manifest: blobRef,
    weights: blobRef,
    checkpoint: blobRef,
    start: blobRef,
    deadline: at,
    attempt: { number: 1, nonce: digest, previous: OUTCOME },
  },
  "secagg.step": {
    run: "heart.1",
    round: 1,
    attempt: 1,
    phase: "shares",
    parts: [{ statement: SIGNED, seedCommitment: digest, seedPath: "A".repeat(43), leaf: "AAAA", path: "A".repeat(86) }],
  },
  "secagg.reply": { run: "heart.1", round: 1, attempt: 1, phase: "deal", statement: SIGNED, seedCommitment: digest, leaves: ["AAAA"] },
  update: {
    run: "heart.1",
    round: 1,
    plan: digest,
    checkpoint: digest,
    update: blobRef,
    sampleCount: 5,
    validation: some,
    engine: "wasm",
    seconds: { fetch: 0, train: 1 },
  },
  evaluation: { run: "heart.1", round: 1, plan: digest, checkpoint: digest, validation: null, base: some, alone: some, federated: some },
  decline: { run: "heart.1", round: 1, kind: "train", plan: digest, code: "paused", text: "" },
  "answer.recorded": { run: "heart.1", round: 1, kind: "train", outcome: "refused", code: "stale-round", text: "" },
  cancel: { run: "heart.1", text: "" },
  progress: { run: "heart.1", round: 1, phase: "train", done: 1, total: 2 },
  "transfer.get": { transfer: 1, digest, offset: 0 },
  "transfer.ack": { transfer: 1, offset: 5 },
  "transfer.missing": { transfer: 1, text: "" },
};
const TYPES = Object.keys(PAYLOADS) as MessageType[];

/** A correctly signed envelope around any text, made without Engraft's own code (and with the faster signer). */
function signedEnvelope(who: "site" | "coordinator", type: MessageType, payload: string): string {
  const seed = Buffer.alloc(32, who === "site" ? 2 : 1);
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });
  const scope = MESSAGES[type].scope === "federation" ? scopes.federation : (scopes.session ?? "");
  const signed = lengthPrefixed([utf8("engraft-envelope-1"), utf8(type), utf8(scope), utf8(payload)]);
  return JSON.stringify({ type, payload, key: (who === "site" ? site : coordinator).publicKey, sig: toBase64url(sign(null, signed, key)) });
}

const peerOf = (who: "site" | "coordinator") => ({ role: who, key: (who === "site" ? site : coordinator).publicKey });

describe(`${CASES} hostile inputs`, () => {
  it("[W5] [E4] to the envelope reader", () => {
    const valid = sealStatement(site, scopes, "hello", PAYLOADS.hello as never);
    expectAnswers((random) => readEnvelope(mutateJsonText(random, valid)));
  });

  it.each(["site", "coordinator"] as const)("[W5] [E4] from a %s: rightly signed, wrong inside", (who) => {
    for (const type of TYPES) {
      const allowed = MESSAGES[type].sender === "both" || MESSAGES[type].sender === who;
      expect(openMessage(signedEnvelope(who, type, JSON.stringify(PAYLOADS[type])), peerOf(who), scopes).ok).toBe(allowed);
    }
    expectAnswers((random) => {
      const type = pick(random, TYPES);
      return openMessage(signedEnvelope(who, type, mutateJsonText(random, PAYLOADS[type])), peerOf(who), scopes);
    });
  });

  it("[W5] to the message opener, with signatures that no longer fit", () => {
    const texts = TYPES.filter((type) => MESSAGES[type].sender !== "coordinator").map((type) =>
      signedEnvelope("site", type, JSON.stringify(PAYLOADS[type])),
    );
    expectAnswers((random) => {
      const text = pick(random, texts);
      return openMessage(
        random() < 0.05 ? text : mutateText(random, text),
        peerOf("site"),
        random() < 0.2 ? { ...scopes, session: undefined } : scopes,
      );
    });
  });

  it("[W5] to the frame decoder", () => {
    const valid = encodeFrame({ transfer: 7, offset: 4_194_304, data: new Uint8Array(100).fill(5) });
    expectAnswers((random) => decodeFrame(mutateBytes(random, valid)));
  });

  it("[W5] [I1] to the invite reader", () => {
    const text = inviteText({
      url: "https://c.example:1",
      coordinator: coordinator.publicKey,
      site: "anna" as never,
      id: "A".repeat(16),
      secret: nonce(3),
      expires: at,
    });
    expectAnswers((random) => readInvite(random() < 0.05 ? `${text}\n` : mutateText(random, text)));
  });

  it("[W5] to the enrolment request", () => {
    const valid = { invite: "A".repeat(16), site: "anna", coordinator: coordinator.publicKey, proof: nonce(4), version: "0.1.0", at };
    expectAnswers((random) => bySchema(Join, random() < 0.05 ? valid : mutateJson(random, valid)));
  });

  it("[W5] [P3] to the plan reader", () => {
    expectAnswers((random) => readPlan(mutateJsonText(random, heartPlan)));
  });

  it("[W5] to the manifest", () => {
    expectAnswers((random) => bySchema(Manifest, random() < 0.05 ? heartManifest : mutateJson(random, heartManifest)));
  });

  it("[W5] [R2] to stored events", () => {
    const play = Play.opened();
    play.decline("anna");
    play.update("berta", { validation: some });
    play.update("clara");
    play.combined();
    play.roundOf();
    play.evaluation("anna");
    play.decline("berta");
    play.evaluation("clara");
    expectAnswers((random) => {
      const event = pick(random, play.events);
      return bySchema(RunEvent, random() < 0.05 ? event : mutateJson(random, event));
    });
  });

  it("[W5] [B1] to the weights reader", () => {
    const specs = [
      { name: "a", shape: [3, 2], depth: 0 },
      { name: "b", shape: [4], depth: 0 },
    ];
    const valid = writeSafetensors(
      specs,
      new Map([
        ["a", new Float32Array(6)],
        ["b", new Float32Array(4)],
      ]),
      { made: "by hand" },
    );
    expectAnswers((random) => {
      try {
        readSafetensors(mutateBytes(random, valid));
        return { ok: true };
      } catch (error) {
        if (!(error instanceof EngraftError)) throw error;
        return { ok: false, code: error.code, text: error.message };
      }
    });
  });
});

describe("hostile tables", () => {
  let folder = "";
  beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "engraft-fuzz-"))));
  afterAll(() => rm(folder, { recursive: true }));

  const rows = [
    "id;age;sex;disease",
    ...Array.from({ length: 12 }, (_, index) => `${CANARY}-${index};${20 + index},5;${index % 2};${index % 3}`),
  ];

  it("[W5] [D2] each is read to its end or refused with a line number, and no finding repeats a value", async () => {
    const effects = new Set<string>();
    for (let index = 0; index < CASES; index++) {
      const random = numbers(SEED + index);
      const path = join(folder, `${index % 50}.csv`);
      await writeFile(path, random() < 0.05 ? rows.join("\n") : mutateBytes(random, utf8(rows.join(pick(random, ["\n", "\r\n"])))));
      const declaration = TableDeclaration.parse({
        path,
        encoding: pick(random, ["utf-8", "utf-8", "windows-1252", "utf-16le"]),
        delimiter: pick(random, [";", ";", ",", "\t"]),
        decimal: pick(random, [",", "."]),
        missing: ["NA"],
        columns: {},
        label: "disease",
        patient: "id",
      });
      const { table, rowsRead, findings } = await readTable(declaration, heartPlan.data);
      const list = findings.list();
      if (table.rows > rowsRead || table.columns.some((column) => column.length !== table.rows))
        throw new Error(`Case ${index} of seed ${SEED} counted wrongly.`);
      if (JSON.stringify(list).includes(CANARY)) throw new Error(`Case ${index} of seed ${SEED} repeated a value.`);
      for (const finding of list) {
        if (!Object.hasOwn(FINDING_KINDS, finding.kind) || finding.places.some(({ line }) => !Number.isInteger(line) || line < 1))
          throw new Error(`Case ${index} of seed ${SEED} has a finding without a place.`);
        effects.add(finding.effect);
      }
      // A table of so few rows is always warned about.
      if (list.every(({ effect }) => effect === "warning" || effect === "note")) effects.add("clean");
    }
    for (const effect of ["clean", "error", "row", "value"]) expect(effects).toContain(effect);
  }, 240_000);
});

it("the same seed gives the same cases", () => {
  const texts = [numbers(SEED), numbers(SEED)].map((random) => mutateJsonText(random, heartPlan) + String(below(random, 1000)));
  expect(texts[0]).toBe(texts[1]);
});
