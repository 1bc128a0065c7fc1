import { describe, expect, it } from "vitest";
import { RateLimit, RateLimits } from "./rate-limit.ts";

describe("a rate limit", () => {
  it("lets a burst through, then so many a second, and never saves up more than the burst", () => {
    const limit = new RateLimit(2, 3, 0);
    const taken = (at: number, times: number): number => Array.from({ length: times }, () => limit.take(at)).filter(Boolean).length;
    expect(taken(0, 5)).toBe(3);
    expect(taken(500, 5)).toBe(1);
    expect(taken(1_500, 5)).toBe(2);
    expect(taken(1_000_000, 9)).toBe(3);
    expect(taken(0, 1)).toBe(0);
  });

  it("counts each key for itself", () => {
    const limits = new RateLimits(1, 1);
    expect([limits.take("a", 0), limits.take("a", 0), limits.take("b", 0)]).toEqual([true, false, true]);
  });
});
