import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import type { Store } from "../store/store.ts";
import type { Uptime } from "../sites/uptime.ts";
import { Presence } from "./presence.ts";
import type { Session } from "./session.ts";

interface Written {
  readonly lastSeen?: Date;
  readonly version?: string;
}

/** Of a store that remembers what was written, by a clock that moves between any two looks at it. */
async function opened(): Promise<{ readonly presence: Presence; readonly written: readonly Written[] }> {
  const written: Written[] = [];
  const site = { findMany: async () => [], update: async ({ data }: { readonly data: Written }) => written.push(data) };
  const store = { prisma: { site }, mayWrite: async () => undefined } as unknown as Store;
  const uptime = { enter: () => undefined, close: async () => undefined } as unknown as Uptime;
  let now = 1_000;
  return { presence: await Presence.load(store, pino({ level: "silent" }), () => (now += 1), uptime), written };
}

const session = (version: string): Session => ({ site: "gerd", version, engine: "none", skewMs: 0, roundMs: 1 }) as unknown as Session;

afterEach(() => {
  vi.useRealTimers();
});

it("[J8] the end of a link and the last sight of its site are one moment", async () => {
  const { presence, written } = await opened();
  const link = session("1");
  presence.online(link);
  presence.offline(link, "said", "bad-message");
  await presence.close();
  expect(written.map(({ lastSeen }) => lastSeen?.getTime())).toEqual([1_001, presence.lineOf("gerd").end?.at]);
});

it("[J8] a link that a newer one replaced says no more when its site was seen", async () => {
  vi.useFakeTimers();
  const { presence, written } = await opened();
  presence.online(session("1"));
  const newer = session("2");
  presence.online(newer);
  await vi.advanceTimersByTimeAsync(60_000);
  presence.offline(newer, "said", "bad-message");
  await vi.advanceTimersByTimeAsync(60_000);
  await presence.close();
  expect(written.map(({ version }) => version)).toEqual(["1", "2", "2", "2"]);
});
