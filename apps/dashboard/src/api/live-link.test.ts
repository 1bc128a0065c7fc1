import type { LiveItem } from "@engraft/coordinator/api/views";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openLink, type Connection, type LinkDeps } from "./live-link.ts";

type Subscribed = Parameters<LinkDeps["subscribe"]>;

function open(from: string | undefined) {
  const inputs: Subscribed[0][] = [];
  const handlers: Subscribed[1][] = [];
  const items: LiveItem[] = [];
  const connections: Connection[] = [];
  let backs = 0;
  let unsubscribed = 0;
  const link = openLink(
    { run: "heart-head.1", from },
    {
      subscribe: (input, handler) => {
        inputs.push(input);
        handlers.push(handler);
        return () => void unsubscribed++;
      },
      onItem: (item) => items.push(item),
      onConnection: (connection) => connections.push(connection),
      onBack: () => void backs++,
    },
  );
  return { link, inputs, handlers, items, connections, backs: () => backs, unsubscribed: () => unsubscribed };
}

const event = (seq: number): LiveItem => ({ kind: "event", seq, run: "heart-head.1", event: { type: "run.finished", at: 0 } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("starts after the event that the page has", () => {
  expect(open("41").inputs).toEqual([{ run: "heart-head.1", lastEventId: "41" }]);
  expect(open(undefined).inputs).toEqual([{ run: "heart-head.1" }]);
});

it("goes on after a cut from the newest event it saw, and says that it is back", () => {
  const { inputs, handlers, connections, backs } = open("41");
  handlers[0]?.onStarted();
  handlers[0]?.onItem(event(42));
  handlers[0]?.onItem({ kind: "changed", what: "sites" });
  handlers[0]?.onCut();
  vi.runOnlyPendingTimers();
  expect(inputs[1]).toEqual({ run: "heart-head.1", lastEventId: "42" });
  expect(backs()).toBe(0);
  handlers[1]?.onStarted();
  expect(backs()).toBe(1);
  expect(connections.map(({ status }) => status)).toEqual(["live", "lost", "live"]);
});

it("waits longer after each failure, keeps the time of the first loss, and begins anew once connected", () => {
  const { handlers, connections } = open(undefined);
  handlers[0]?.onStarted();
  for (let attempt = 0; attempt < 7; attempt++) {
    handlers.at(-1)?.onCut();
    vi.runOnlyPendingTimers();
  }
  const lost = connections.filter(({ status }) => status === "lost");
  const waits = lost.map(
    ({ nextTry }, index) =>
      (nextTry ?? 0) -
      (lost[0]?.since ?? 0) -
      lost
        .slice(0, index)
        .reduce((sum, before, at) => sum + (before.nextTry ?? 0) - (at === 0 ? before.since : (lost[at - 1]?.nextTry ?? 0)), 0),
  );
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000]);
  expect(new Set(lost.map(({ since }) => since)).size).toBe(1);
  handlers.at(-1)?.onStarted();
  handlers.at(-1)?.onCut();
  expect((connections.at(-1)?.nextTry ?? 0) - (connections.at(-1)?.since ?? 0)).toBe(500);
});

it("counts one cut that is reported twice once", () => {
  const { inputs, handlers, connections, unsubscribed } = open(undefined);
  handlers[0]?.onStarted();
  handlers[0]?.onCut();
  handlers[0]?.onCut();
  vi.runOnlyPendingTimers();
  expect(inputs).toHaveLength(2);
  expect(unsubscribed()).toBe(1);
  expect(connections.filter(({ status }) => status === "lost")).toHaveLength(1);
});

it("tries at once when asked, and never after it was closed", () => {
  const { link, inputs, handlers } = open(undefined);
  handlers[0]?.onCut();
  link.tryNow();
  expect(inputs).toHaveLength(2);
  link.tryNow();
  expect(inputs).toHaveLength(2);
  link.close();
  handlers[1]?.onCut();
  vi.runAllTimers();
  expect(inputs).toHaveLength(2);
});
