import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRefusal } from "../base/errors.ts";
import { commonVersion } from "./version.ts";

const range = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat(5)).map(([min, more]) => ({ min, max: min + more }));

describe("protocol versions", () => {
  it("[W2] the highest that both speak is used", () => {
    fc.assert(
      fc.property(range, range, (ours, theirs) => {
        const common = Array.from({ length: 20 }, (_, version) => version).filter(
          (version) => version >= Math.max(ours.min, theirs.min) && version <= Math.min(ours.max, theirs.max),
        );
        const answer = commonVersion(ours, theirs);
        if (common.length > 0) expect(answer).toEqual({ ok: true, version: Math.max(...common) });
        else expect(answer).toMatchObject({ ok: false, code: "protocol-version" });
      }),
    );
  });

  it("[W2] without one, the older side is told to upgrade", () => {
    const text = (ours: [number, number], theirs: [number, number]): string => {
      const answer = commonVersion({ min: ours[0], max: ours[1] }, { min: theirs[0], max: theirs[1] });
      return isRefusal(answer) ? answer.text : "";
    };
    expect(text([2, 3], [1, 1])).toContain("Upgrade the agent");
    expect(text([1, 1], [2, 3])).toContain("Upgrade the coordinator");
  });

  it("[W2] a range that is turned around is a refusal, not a version", () => {
    expect(commonVersion({ min: 1, max: 1 }, { min: 5, max: 1 })).toMatchObject({ code: "protocol-version" });
  });
});
