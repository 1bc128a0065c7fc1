import { sha256 } from "@engraft/core/crypto/digest";
import type { RunId } from "@engraft/core/base/ids";
import type { JournalRecord } from "@engraft/core/secagg/release-rules";
import { describe, expect, it } from "vitest";
import { makePlan } from "../../plan.fixture.ts";
import { sameHeadAgain } from "./same-head.ts";

const given = makePlan();
const run = "tiny-head.1" as RunId;
const plan = {
  ...given,
  training: { ...given.training, analytic: { method: "newton", rounds: 3, penalty: 1, bound: 8 } },
  rounds: { count: 5, stop: null },
} as const;
const hashOf = (checkpoint: string) => (round: number) => sha256(`${round} ${checkpoint}`);
const released = (round: number, checkpoint: string, of = run): JournalRecord => ({
  kind: "released",
  run: of,
  round,
  roundHash: hashOf(checkpoint)(round),
  roster: sha256("roster"),
  inputs: sha256("inputs"),
});
const asked = (round: number, records: readonly JournalRecord[], checkpoint = "start", of: typeof given = plan) =>
  sameHeadAgain(of, { run, round, kind: "train" }, records, hashOf(checkpoint));

describe("[Q6] sums at a head", () => {
  it("leave once: another round from the same checkpoint is refused by a site that has released", () => {
    expect(asked(2, [released(1, "start")])).toMatchObject({ ok: false, code: "round-released" });
    expect(asked(3, [released(1, "start"), released(2, "first")], "first")).toMatchObject({ ok: false });
  });

  it("leave again from another checkpoint, in the same round's other attempts, in another run, and where none were released", () => {
    expect(asked(2, [released(1, "start")], "first")).toBeUndefined();
    expect(asked(1, [released(1, "start")])).toBeUndefined();
    expect(asked(2, [released(1, "start", "tiny-head.2" as RunId)])).toBeUndefined();
    expect(asked(2, [])).toBeUndefined();
  });

  it("are no matter of rounds that train, or of the evaluation", () => {
    expect(asked(4, [released(1, "start")])).toBeUndefined();
    expect(asked(2, [released(1, "start")], "start", given)).toBeUndefined();
    expect(sameHeadAgain(plan, { run, round: 2, kind: "evaluate" }, [released(1, "start")], hashOf("start"))).toBeUndefined();
  });
});
