/** A coordinator for tests: real HTTP, real sockets, real signatures, but every answer is the test's own. */
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";
import { toBase64url } from "@engraft/core/base/bytes";
import { isRefusal, type Code } from "@engraft/core/base/errors";
import type { PublicKey, SiteName } from "@engraft/core/base/ids";
import { readEnvelope, seal, unseal, type Envelope } from "@engraft/core/crypto/envelope";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { inviteProof, inviteText, proofMatches, secretKeyOf, type Invite } from "@engraft/core/protocol/invite";
import { ENROL_TYPES, Join, type Message, type MessageOf, type MessageType } from "@engraft/core/protocol/messages";
import type { VersionRange } from "@engraft/core/protocol/version";
import { BlobStore } from "@engraft/runtime/blobs";
import { greetSite } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import { Link } from "@engraft/runtime/link";

export interface Heard {
  readonly message: Message;
  readonly envelope: Envelope;
}

export class FakeCoordinator {
  readonly dir: string;
  readonly blobs: BlobStore;
  identity: Identity;
  spoken: VersionRange | undefined;
  /** Refuses every enrolment with this code. */
  refuses: Code | undefined;
  readonly heard: Heard[] = [];
  /** Digests that a site has fetched or tried to. */
  readonly served: string[] = [];
  links = 0;
  link: Link | undefined;
  readonly enrolled = new Map<PublicKey, SiteName>();
  readonly #invites = new Map<string, Invite>();
  readonly #http: Server;
  readonly #hub: WebSocketServer;

  private constructor(dir: string, blobs: BlobStore) {
    this.dir = dir;
    this.blobs = blobs;
    this.identity = identityFromSeed(randomBytes(32));
    this.#http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const answer =
          request.url === "/enrol" && request.method === "POST" ? this.#enrol(Buffer.concat(chunks).toString("utf8")) : undefined;
        response
          .writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" })
          .end(answer === undefined ? "<html>no</html>" : JSON.stringify(answer));
      });
    });
    this.#hub = new WebSocketServer({ server: this.#http, path: "/agent" });
    this.#hub.on("connection", (socket) => void this.#greet(new Inbox(socket)));
  }

  static async start(): Promise<FakeCoordinator> {
    const dir = await mkdtemp(join(tmpdir(), "engraft-fake-coordinator-"));
    const fake = new FakeCoordinator(dir, await BlobStore.open(join(dir, "store")));
    await new Promise<void>((resolve) => fake.#http.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  invite(site: string): { readonly text: string; readonly invite: Invite } {
    const invite: Invite = {
      url: this.url,
      coordinator: this.identity.publicKey,
      site: site as SiteName,
      id: toBase64url(randomBytes(12)),
      secret: toBase64url(randomBytes(32)),
      expires: 4_000_000_000_000,
    };
    this.#invites.set(invite.id, invite);
    return { text: inviteText(invite), invite };
  }

  #enrol(body: string): Envelope {
    const { publicKey } = this.identity;
    const envelope = readEnvelope(body);
    const key = envelope.ok ? envelope.value.key : ("A".repeat(43) as PublicKey);
    const no = (code: Code): Envelope => seal(this.identity, ENROL_TYPES.refused, publicKey, { key, code, text: `Refused: ${code}.` });
    if (!envelope.ok) return no("bad-message");
    const opened = unseal(envelope.value, { type: ENROL_TYPES.join, scope: publicKey, key, schema: Join });
    if (!opened.ok) return no(opened.code);
    if (this.refuses !== undefined) return no(this.refuses);
    const { invite: id, site, proof, at } = opened.value;
    const invite = this.#invites.get(id);
    if (invite === undefined || !proofMatches(inviteProof(secretKeyOf(invite.secret), key, publicKey), proof)) return no("invite-forged");
    const again = this.enrolled.has(key);
    if (!again && [...this.enrolled.values()].includes(site)) return no("invite-used");
    this.enrolled.set(key, site);
    return seal(this.identity, ENROL_TYPES.joined, publicKey, { site, key, again, at });
  }

  async #greet(inbox: Inbox): Promise<void> {
    const greeted = await greetSite(inbox, {
      identity: this.identity,
      findSite: async (key) => this.enrolled.get(key),
      now: Date.now,
      ...(this.spoken === undefined ? {} : { spoken: this.spoken }),
    });
    if (isRefusal(greeted)) return;
    this.links += 1;
    const mayServe = (digest: string): boolean => {
      this.served.push(digest);
      return true;
    };
    this.link = new Link(
      inbox,
      {
        role: "coordinator",
        identity: this.identity,
        peerKey: greeted.key,
        peerName: greeted.site,
        scopes: greeted.scopes,
        blobs: this.blobs,
        keep: "durably",
        mayServe,
      },
      { message: (message, envelope) => this.heard.push({ message, envelope }), close: () => undefined },
    );
  }

  send<T extends MessageType>(type: T, value: MessageOf<T>): void {
    if (this.link?.open !== true) throw new Error("no agent is connected");
    this.link.send(type, value);
  }

  /** The first message of a type, from `after` on. */
  async hear<T extends MessageType>(
    type: T,
    after = 0,
  ): Promise<{ readonly value: MessageOf<T>; readonly envelope: Envelope; readonly index: number }> {
    const find = (): number => this.heard.findIndex(({ message }, index) => index >= after && message.type === type);
    await until(() => find() >= 0, `a ${type}`);
    const index = find();
    const { message, envelope } = this.heard[index] ?? this.#nothing();
    return { value: message.value as MessageOf<T>, envelope, index };
  }

  #nothing(): never {
    throw new Error("nothing was heard");
  }

  connected(links: number): Promise<void> {
    return until(() => this.links >= links && this.link?.open === true, `link ${links}`);
  }

  async stop(): Promise<void> {
    for (const socket of this.#hub.clients) socket.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** Polls until it holds; the test's own time limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 2_000) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
