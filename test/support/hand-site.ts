/** A site driven by hand over the real protocol, with the keys that the real `engraft-site join` made: for hostile and odd answers. */
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromBase64url } from "@engraft/core/base/bytes";
import { isRefusal } from "@engraft/core/base/errors";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import type { Ask, Message, MessageOf, MessageType, Update } from "@engraft/core/protocol/messages";
import { sealStatement } from "@engraft/core/protocol/session";
import type { BlobRef } from "@engraft/core/rounds/events";
import { BlobStore } from "@engraft/runtime/blobs";
import { greetCoordinator } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import { Link } from "@engraft/runtime/link";
import { WebSocket } from "ws";

/** What `join` keeps at a site. */
export async function keysOf(home: string): Promise<{ identity: Identity; coordinatorKey: PublicKey }> {
  const federation = JSON.parse(await readFile(join(home, "federation.json"), "utf8")) as { coordinator: PublicKey };
  const stored = JSON.parse(await readFile(join(home, "identity.json"), "utf8")) as { seed: string };
  return { identity: identityFromSeed(fromBase64url(stored.seed) ?? new Uint8Array()), coordinatorKey: federation.coordinator };
}

export class HandSite {
  readonly heard: Message[] = [];
  readonly identity: Identity;
  readonly blobs: BlobStore;
  readonly #coordinatorKey: PublicKey;
  readonly link: Link;
  closed: { code: string; text: string } | undefined;

  private constructor(identity: Identity, coordinatorKey: PublicKey, blobs: BlobStore, connect: (site: HandSite) => Link) {
    this.identity = identity;
    this.#coordinatorKey = coordinatorKey;
    this.blobs = blobs;
    this.link = connect(this);
  }

  static async connect(url: string, home: string, name: string): Promise<HandSite> {
    const { identity, coordinatorKey } = await keysOf(home);
    const inbox = new Inbox(new WebSocket(`${url.replace("http", "ws")}/agent`));
    const greeted = await greetCoordinator(inbox, {
      identity,
      coordinatorKey,
      site: name as SiteName,
      version: "hand",
      engine: "none",
      now: Date.now,
    });
    if (isRefusal(greeted)) throw new Error(`refused: ${greeted.code}`);
    const blobs = await BlobStore.open(await mkdtemp(join(tmpdir(), "engraft-hand-")));
    return new HandSite(
      identity,
      coordinatorKey,
      blobs,
      (site) =>
        new Link(
          inbox,
          {
            role: "site",
            identity,
            peerKey: coordinatorKey,
            peerName: "coordinator",
            scopes: greeted.scopes,
            blobs,
            keep: "as cache",
            mayServe: () => true,
          },
          {
            message: (message) => site.heard.push(message),
            close: (code, text) => {
              site.closed = { code, text };
            },
          },
        ),
    );
  }

  /** The first message of a type for which `wanted` holds, from `after` on. */
  async hear<T extends MessageType>(type: T, wanted: (value: MessageOf<T>) => boolean = () => true, after = 0): Promise<MessageOf<T>> {
    for (;;) {
      const found = this.heard.slice(after).find((message) => message.type === type && wanted(message.value as MessageOf<T>));
      if (found !== undefined) return found.value as MessageOf<T>;
      if (this.closed !== undefined) throw new Error(`the link was closed: ${this.closed.code} ${this.closed.text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  approve(plan: string): void {
    this.say("approval", { plan: plan as never, decision: "approved", reason: null, siteMetrics: true, steward: "hand", at: Date.now() });
  }

  /** A statement sealed by this site, or by another identity. */
  say<T extends MessageType>(type: T, value: MessageOf<T>, identity = this.identity): void {
    this.link.sendStatement(sealStatement(identity, { federation: this.#coordinatorKey, session: undefined }, type, value));
  }

  async offer(values: Float32Array): Promise<BlobRef> {
    return this.blobs.put(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** The update that an honest site would announce for `ask`. */
  honest(ask: Ask, update: BlobRef): Update {
    return {
      run: ask.run,
      round: ask.round,
      plan: ask.plan,
      checkpoint: ask.checkpoint.digest,
      update,
      sampleCount: 10,
      validation: null,
      engine: "hand",
      seconds: { fetch: 0, train: 0 },
    };
  }
}
