import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@engraft/core/crypto/digest";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import type { Digest, SiteName } from "@engraft/core/base/ids";
import { EngraftError, isRefusal, type Code, type Refusal } from "@engraft/core/base/errors";
import type { Message } from "@engraft/core/protocol/messages";
import type { VersionRange } from "@engraft/core/protocol/version";
import { WebSocket, WebSocketServer } from "ws";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BlobStore } from "./blobs.ts";
import { greetCoordinator, greetSite, type GreetedCoordinator, type GreetedSite } from "./handshake.ts";
import { Inbox } from "./inbox.ts";
import { Link } from "./link.ts";

const identity = (): Identity => identityFromSeed(randomBytes(32));
const SITE = "vienna" as SiteName;

interface Ends {
  readonly coordinator: GreetedSite | Refusal;
  readonly site: GreetedCoordinator | Refusal;
  readonly inboxes: { readonly coordinator: Inbox; readonly site: Inbox };
}

let dir: string;
let http: Server;
let wss: WebSocketServer;
let url: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "engraft-link-"));
  http = createServer();
  wss = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const socket of wss.clients) socket.terminate();
  await new Promise((resolve) => http.close(resolve));
  await rm(dir, { recursive: true });
});

async function meet(options: {
  coordinator: Identity;
  site: Identity;
  pinned?: Identity;
  enrolled?: boolean;
  siteSpeaks?: VersionRange;
  coordinatorSpeaks?: VersionRange;
}): Promise<Ends> {
  const { coordinator, site, pinned = coordinator, enrolled = true } = options;
  const now = Date.now;
  const accepted = new Promise<{ outcome: GreetedSite | Refusal; inbox: Inbox }>((resolve) => {
    wss.once("connection", (socket) => {
      const inbox = new Inbox(socket);
      void greetSite(inbox, {
        identity: coordinator,
        findSite: async (key) => (enrolled && key === site.publicKey ? SITE : undefined),
        now,
        ...(options.coordinatorSpeaks && { spoken: options.coordinatorSpeaks }),
      }).then((outcome) => resolve({ outcome, inbox }));
    });
  });
  const socket = new WebSocket(url);
  const inbox = new Inbox(socket);
  const outcome = await greetCoordinator(inbox, {
    identity: site,
    coordinatorKey: pinned.publicKey,
    site: SITE,
    version: "test",
    engine: "none",
    now,
    ...(options.siteSpeaks && { spoken: options.siteSpeaks }),
  });
  const other = await accepted;
  return { coordinator: other.outcome, site: outcome, inboxes: { coordinator: other.inbox, site: inbox } };
}

async function linked(mayServe: (digest: Digest) => boolean = () => true) {
  const keys = { coordinator: identity(), site: identity() };
  const ends = await meet(keys);
  if (isRefusal(ends.coordinator) || isRefusal(ends.site)) throw new Error("the handshake was refused");
  const stores = { coordinator: await BlobStore.open(join(dir, "c")), site: await BlobStore.open(join(dir, "s")) };
  const heard: Message[] = [];
  const closed: { who: string; code: Code }[] = [];
  const coordinator = new Link(
    ends.inboxes.coordinator,
    {
      role: "coordinator",
      identity: keys.coordinator,
      peerKey: keys.site.publicKey,
      peerName: SITE,
      scopes: ends.coordinator.scopes,
      blobs: stores.coordinator,
      keep: "durably",
      mayServe,
    },
    { message: (message) => heard.push(message), close: (code) => closed.push({ who: "coordinator", code }) },
  );
  const site = new Link(
    ends.inboxes.site,
    {
      role: "site",
      identity: keys.site,
      peerKey: keys.coordinator.publicKey,
      peerName: "coordinator",
      scopes: ends.site.scopes,
      blobs: stores.site,
      keep: "as cache",
      mayServe,
    },
    { message: (message) => heard.push(message), close: (code) => closed.push({ who: "site", code }) },
  );
  return { keys, ends, stores, heard, closed, coordinator, site };
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe("handshake", () => {
  it("[W6] gives both sides the same session", async () => {
    const { coordinator, site } = await meet({ coordinator: identity(), site: identity() });
    if (isRefusal(coordinator) || isRefusal(site)) throw new Error("refused");
    expect(coordinator.scopes).toEqual(site.scopes);
    expect(coordinator.site).toBe(SITE);
  });

  it("[W6] refuses a key that is not enrolled, and the site learns why", async () => {
    const { coordinator, site } = await meet({ coordinator: identity(), site: identity(), enrolled: false });
    expect(coordinator).toMatchObject({ ok: false, code: "unknown-key" });
    expect(site).toMatchObject({ ok: false, code: "unknown-key" });
  });

  it("[W6] [W7] a coordinator with another key than the pinned one gets no signed word", async () => {
    const { coordinator, site } = await meet({ coordinator: identity(), site: identity(), pinned: identity() });
    expect(site).toMatchObject({ ok: false, code: "coordinator-key-wrong" });
    // An unsigned close is shown to people; no code is taken from it.
    expect(coordinator).toMatchObject({ ok: false, code: "link-lost", text: expect.stringContaining("coordinator-key-wrong") });
  });

  it.each([
    { name: "newer", siteSpeaks: { min: 2, max: 3 }, coordinatorSpeaks: { min: 1, max: 1 }, text: "Upgrade the coordinator" },
    { name: "older", siteSpeaks: { min: 1, max: 1 }, coordinatorSpeaks: { min: 2, max: 3 }, text: "Upgrade the agent" },
  ])("[W2] a $name agent is turned away, and both sides know who must upgrade", async ({ text, ...speaks }) => {
    const ends = await meet({ coordinator: identity(), site: identity(), ...speaks });
    expect(ends.site).toMatchObject({ ok: false, code: "protocol-version" });
    expect((ends.site as Refusal).text).toContain(text);
    // In the agent's own signed word, so it is known which site it was.
    expect(ends.coordinator).toMatchObject({ ok: false, code: "protocol-version", who: { proven: true } });
    expect((ends.coordinator as Refusal).text).toContain(text);
  });

  it("[W2] an older agent and a coordinator that still speaks its version use it", async () => {
    const ends = await meet({
      coordinator: identity(),
      site: identity(),
      siteSpeaks: { min: 1, max: 1 },
      coordinatorSpeaks: { min: 1, max: 3 },
    });
    expect(ends.site).toMatchObject({ ok: true, protocol: 1 });
    expect(ends.coordinator).toMatchObject({ ok: true, protocol: 1 });
  });
});

describe("link", () => {
  it("carries messages in order, verified under the session", async () => {
    const { coordinator, site, heard } = await linked();
    for (let done = 0; done < 20; done++) site.send("progress", { run: "heart.1" as never, round: 1, phase: "train", done, total: 20 });
    coordinator.send("cancel", { run: "heart.1" as never, text: "stop" });
    await until(() => heard.length === 21);
    expect(heard.filter((message) => message.type === "progress").map((message) => message.value.done)).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    );
  });

  it("[W1] a message of the other side's kind closes the link by name", async () => {
    const { site, closed } = await linked();
    site.send("cancel", { run: "heart.1" as never, text: "a site may not say this" });
    await until(() => closed.length === 2);
    expect(closed).toContainEqual({ who: "site", code: "bad-message" });
  });

  it("[T1] moves blobs of many frames both ways at once", async () => {
    const { coordinator, site, stores } = await linked();
    const up = await stores.site.put(randomBytes(9_000_001));
    const down = await stores.coordinator.put(randomBytes(9_500_003));
    const seen: number[] = [];
    await Promise.all([coordinator.fetch(up, (done) => seen.push(done)), site.fetch(down)]);
    expect(sha256(await stores.coordinator.read(up.digest))).toBe(up.digest);
    expect(sha256(await stores.site.read(down.digest))).toBe(down.digest);
    expect(seen.at(-1)).toBe(up.bytes);
  });

  it("[T5] serves nothing that the peer may not have", async () => {
    const { coordinator, stores } = await linked(() => false);
    const secret = await stores.site.put(randomBytes(100));
    await expect(coordinator.fetch(secret)).rejects.toMatchObject({ code: "blob-missing" });
  });

  it("[T3] goes on from the byte it holds after a cut, and a wrong partial file is found by its digest", async () => {
    const bytes = randomBytes(3_000_000);
    const { coordinator, stores } = await linked();
    const ref = await stores.site.put(bytes);
    const partial = await stores.coordinator.receiver(ref, SITE);
    await partial.append(bytes.subarray(0, 1_000_000));
    await partial.suspend();
    const seen: number[] = [];
    await coordinator.fetch(ref, (done) => seen.push(done));
    expect(seen[0]).toBe(1_000_000);
    expect(await stores.coordinator.size(ref.digest)).toBe(3_000_000);

    await stores.coordinator.remove(ref.digest);
    const wrong = await stores.coordinator.receiver(ref, SITE);
    await wrong.append(new Uint8Array(500_000));
    await wrong.suspend();
    await expect(coordinator.fetch(ref)).rejects.toMatchObject({ code: "digest-mismatch" });
    await coordinator.fetch(ref);
    expect(sha256(await stores.coordinator.read(ref.digest))).toBe(ref.digest);
  });

  it("[T3] a cut in the middle rejects with link-lost and keeps what came", async () => {
    const { coordinator, ends, stores } = await linked();
    const ref = await stores.site.put(randomBytes(30_000_000));
    const fetching = coordinator.fetch(ref, (done) => {
      if (done > 2_000_000) ends.inboxes.site.socket.terminate();
    });
    await expect(fetching).rejects.toMatchObject({ code: "link-lost" });
    const kept = await stores.coordinator.receiver(ref, SITE);
    expect(kept.held).toBeGreaterThan(2_000_000);
    await kept.suspend();
  });

  it("survives garbage frames by closing, never by throwing", async () => {
    const { ends, closed } = await linked();
    ends.inboxes.site.socket.send(randomBytes(40));
    await until(() => closed.some(({ who }) => who === "coordinator"));
    expect(closed).toContainEqual({ who: "coordinator", code: "bad-message" });
  });
});

describe("blob store", () => {
  it("[T4] shows a blob only when whole", async () => {
    const store = await BlobStore.open(dir);
    await expect(
      store.write(async (append) => {
        await append(randomBytes(10));
        throw new EngraftError("link-lost", "cut");
      }),
    ).rejects.toThrow("cut");
    const ref = await store.put(new Uint8Array([1, 2, 3]));
    expect(await store.size(ref.digest)).toBe(3);
    expect(await store.put(new Uint8Array([1, 2, 3]))).toEqual(ref);
  });

  it("[T4] checks the digest of what it loads", async () => {
    const { writeFile } = await import("node:fs/promises");
    const store = await BlobStore.open(dir);
    const ref = await store.put(new Uint8Array([1, 2, 3]));
    await writeFile(store.path(ref.digest), new Uint8Array([1, 2, 4]));
    await expect(store.read(ref.digest)).rejects.toMatchObject({ code: "digest-mismatch" });
    await expect(store.read("0".repeat(64) as Digest)).rejects.toMatchObject({ code: "blob-missing" });
  });
});
