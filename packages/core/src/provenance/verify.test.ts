import { expect, it } from "vitest";
import { sha256 } from "../crypto/digest.ts";
import { identityFromSeed } from "../crypto/identity.ts";
import type { RunId, SiteName } from "../base/ids.ts";
import { dsseText, signDsse } from "./dsse.ts";
import { statementBytes, type Provenance, type ProvenRound } from "./statement.ts";
import { PROVENANCE_FILE, verifyRelease } from "./verify.ts";

const coordinator = identityFromSeed(new Uint8Array(32).fill(1));
const checkpoint = (round: number) => sha256(`checkpoint ${round}`);
const proven = (round: number): ProvenRound => ({
  round,
  purpose: "train",
  from: checkpoint(round - 1),
  survivors: ["anna" as SiteName],
  weight: 10,
  checkpoint: checkpoint(round),
  secure: null,
  engines: {},
});

/** Of rounds 1 and 2, said to be of `round`. */
function chainOf(round: number | undefined) {
  const provenance: Provenance = {
    release: {
      name: "heart",
      version: "1.0",
      notes: "",
      by: "user:ada",
      at: 0,
      criteria: [],
      despite: null,
      ...(round !== undefined && { round }),
    },
    run: "heart.1" as RunId,
    coordinator: coordinator.publicKey,
    base: { name: "heart", version: "1.0", manifest: sha256("m"), weights: sha256("w"), licence: "", origin: "" },
    plan: sha256("plan"),
    aggregation: "plain",
    privacy: null,
    sites: [],
    start: checkpoint(0),
    rounds: [proven(1), proven(2)],
    checkpoint: checkpoint(2),
    software: { name: "engraft-coordinator", version: "0", digest: sha256("software") },
  };
  const signed = dsseText(signDsse(coordinator, statementBytes([{ name: "plan.json", sha256: sha256("plan") }], provenance)));
  const { checks } = verifyRelease(new Map([[PROVENANCE_FILE, Buffer.from(signed)]]), { coordinator: coordinator.publicKey });
  return checks.find(({ what }) => what === "the chain of checkpoints");
}

it("[O10] a release that says another round than its statement ends with is found out", () => {
  expect(chainOf(undefined)).toMatchObject({ ok: true });
  expect(chainOf(2)).toMatchObject({ ok: true });
  expect(chainOf(1)).toEqual({ what: "the chain of checkpoints", ok: false, text: "It ends with round 2, and the release says round 1." });
});
