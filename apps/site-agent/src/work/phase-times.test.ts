import type { RunId, SiteName } from "@engraft/core/base/ids";
import type { Envelope } from "@engraft/core/crypto/envelope";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { Timings } from "@engraft/core/protocol/timings";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Membership } from "../vault/federation.ts";
import { PhaseTimes } from "./phase-times.ts";

const NOW = 1_800_000_000_000;
const identity = identityFromSeed(new Uint8Array(32).fill(7));
const membership = { identity, federation: { coordinator: identity.publicKey, site: "anna" as SiteName } } as unknown as Pick<
  Membership,
  "identity" | "federation"
>;

describe("what a site signs of a round", () => {
  let ticks: number;
  let times: PhaseTimes;
  let told: Timings[];
  const run = "heart.1" as RunId;
  const about = { run, round: 1 };
  const link = { open: true, sendStatement: ({ payload }: Envelope) => void told.push(Timings.parse(JSON.parse(payload))) };

  beforeEach(() => {
    vi.useFakeTimers();
    ticks = 0;
    told = [];
    times = new PhaseTimes({ membership, now: () => NOW, ticking: () => ticks });
    times.connected(link, 2);
  });
  afterEach(() => {
    times.stop();
    vi.useRealTimers();
  });

  const at = (ms: number): void => {
    vi.advanceTimersByTime(ms - ticks);
    ticks = ms;
  };
  const said = (): Timings => {
    const statement = times.statement();
    if (statement === undefined) throw new Error("nothing to say");
    return Timings.parse(JSON.parse(statement.payload));
  };
  const ask = (attempt: number | null): void => times.heard({ event: "ask", ...about, kind: "train", rounds: 3, attempt });
  const moved = (phase: "download" | "upload", done: number): void => times.progress({ ...about, phase, done, total: 1_000 });

  it("[C1] says how much of a transfer was moved, where it was cut and where it went on", () => {
    ask(null);
    times.heard({ event: "update.sent", ...about, kind: "train", bytes: 1_000, again: false });
    moved("upload", 300);
    at(1_000);
    expect(told.at(-1)?.steps).toMatchObject([{ phase: "upload", to: null, bytes: 1_000, moved: 300 }]);
    times.lost("link-lost");
    at(2_000);
    times.connected(link, 2);
    times.heard({ event: "update.sent", ...about, kind: "train", bytes: 1_000, again: true });
    moved("upload", 200);
    moved("upload", 1_000);
    const { steps, notes } = said();
    expect(steps).toMatchObject([{ phase: "upload", to: NOW + 2_000, moved: 1_000 }]);
    expect(notes.map(({ kind, offset }) => [kind, offset])).toEqual([
      ["link-lost", null],
      ["interrupted", 300],
      ["link-back", null],
      ["resumed", 200],
    ]);
  });

  it("[C1] says how a round ended before it speaks of the next", () => {
    ask(null);
    times.progress({ ...about, phase: "train", done: 0, total: 10 });
    at(300);
    times.heard({ event: "answer", ...about, kind: "train", outcome: "accepted" });
    times.heard({ event: "ask", run, round: 2, kind: "train", rounds: 3, attempt: null });
    expect(told.at(-1)).toMatchObject({ round: 1, steps: [{ phase: "train", from: NOW, to: NOW + 300 }] });
    at(600);
    expect(told.at(-1)).toMatchObject({ round: 2, steps: [] });
  });

  it("[C1] binds each step to the attempt of a secure round", () => {
    ask(1);
    times.progress({ ...about, phase: "train", done: 0, total: 10 });
    at(500);
    ask(2);
    times.progress({ ...about, phase: "train", done: 0, total: 10 });
    expect(said().steps.map(({ attempt, from, to }) => [attempt, from - NOW, to === null ? null : to - NOW])).toEqual([
      [1, 0, 500],
      [2, 500, null],
    ]);
  });

  it("goes on with a secure round that an earlier process had begun", () => {
    times.taken({ ...about, attempt: 2, phase: "shares" });
    expect(said()).toMatchObject({ round: 1, steps: [{ phase: "mask", attempt: 2, to: null }] });
  });

  it("signs how far a transfer is once a second, not at its every step", () => {
    ask(null);
    at(300);
    told.length = 0;
    times.heard({ event: "update.sent", ...about, kind: "train", bytes: 1_000, again: false });
    for (let ms = 310; ms <= 3_300; ms += 10) {
      at(ms);
      moved("upload", ms / 10);
    }
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(told.length).toBeLessThanOrEqual(5);
  });
});
