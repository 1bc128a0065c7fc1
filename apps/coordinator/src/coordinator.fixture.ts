/** A whole coordinator on a temporary folder, and sites driven by hand over real sockets. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isRefusal } from "@engraft/core/base/errors";
import type { SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { seal, type Envelope } from "@engraft/core/crypto/envelope";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { inviteProof, readInvite, secretKeyOf } from "@engraft/core/protocol/invite";
import { ENROL_TYPES, type Join, type Message, type MessageOf, type MessageType } from "@engraft/core/protocol/messages";
import { sealStatement } from "@engraft/core/protocol/session";
import { SPOKEN, type VersionRange } from "@engraft/core/protocol/version";
import { BlobStore } from "@engraft/runtime/blobs";
import { greetCoordinator } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import { Link } from "@engraft/runtime/link";
import { openLog } from "@engraft/runtime/log";
import { createTRPCClient, httpLink, type TRPCClient } from "@trpc/client";
import { WebSocket } from "ws";
import type { AppRouter } from "./api/router.ts";
import { openApp, type App, type AppOptions } from "./app.ts";
import { manifest, manifestBytes, planOf, weights } from "./model.fixture.ts";
import { HttpServer } from "./server.ts";

export type Api = TRPCClient<AppRouter>;

interface ApprovedPlan {
  readonly digest: string;
  readonly sites: readonly Site[];
  readonly links: readonly SiteLink[];
}

export class Coordinator {
  readonly data: string;
  readonly url: string;
  readonly app: App;
  readonly #http: HttpServer;
  clock = Date.now();

  private constructor(data: string, url: string, http: HttpServer, app: App) {
    this.data = data;
    this.url = url;
    this.#http = http;
    this.app = app;
  }

  static async start(
    options: { readonly data?: string; readonly dashboardUrl?: string; readonly spoken?: VersionRange } & Pick<
      AppOptions,
      "alerts" | "sessions"
    > = {},
  ): Promise<Coordinator> {
    const data = options.data ?? (await mkdtemp(join(tmpdir(), "engraft-coordinator-")));
    const http = await HttpServer.listen("127.0.0.1", 0);
    const url = `http://127.0.0.1:${http.port}`;
    let now = (): number => Date.now();
    const app = await openApp({
      data,
      databaseUrl: undefined,
      publicUrl: url,
      trustedOrigins: [url],
      keepDays: 30,
      log: openLog("test", "silent"),
      now: () => now(),
      spoken: options.spoken,
      alerts: options.alerts,
      sessions: options.sessions,
    });
    http.serve(app, { dashboardUrl: options.dashboardUrl, enrolmentsPerMinute: 60 });
    const coordinator = new Coordinator(data, url, http, app);
    now = () => Math.max(coordinator.clock, Date.now());
    return coordinator;
  }

  async operator(): Promise<Record<string, string>> {
    return { authorization: `Bearer ${(await readFile(join(this.data, "operator.token"), "utf8")).trim()}` };
  }

  /** As the operator, or with other headers. */
  async api(headers?: Record<string, string>): Promise<Api> {
    const sent = headers ?? (await this.operator());
    return createTRPCClient<AppRouter>({ links: [httpLink({ url: `${this.url}/trpc`, headers: sent })] });
  }

  /** Signs a person in; the headers that a browser would send. */
  async signIn(email: string, password: string): Promise<Record<string, string>> {
    const response = await fetch(`${this.url}/api/auth/sign-in/email`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: this.url },
      body: JSON.stringify({ email, password }),
    });
    if (!response.ok) throw new Error(`sign-in: ${response.status}`);
    return {
      origin: this.url,
      cookie: response.headers
        .getSetCookie()
        .map((cookie) => cookie.split(";")[0])
        .join("; "),
    };
  }

  upload(bytes: Uint8Array, digest: string, headers: Record<string, string>): Promise<Response> {
    return fetch(`${this.url}/blobs/${digest}`, { method: "PUT", headers, body: Buffer.from(bytes) });
  }

  /** The base of model.fixture.ts, as `api` may register it. */
  async registerBase(api: Api): Promise<void> {
    const headers = await this.operator();
    await this.upload(weights, manifest.weights.digest, headers);
    await this.upload(manifestBytes, sha256(manifestBytes), headers);
    await api.bases.register.mutate({ manifest: sha256(manifestBytes) });
  }

  /** A plan on that base, proposed by `api` and approved by new sites of these names, whose links are open. */
  async approvedPlan(api: Api, names: readonly string[], plan: object = planOf({ rounds: 1 })): Promise<ApprovedPlan> {
    await this.registerBase(api);
    const sites = await Promise.all(names.map((name) => this.enrol(name)));
    const { digest } = await api.plans.propose.mutate({ plan: JSON.stringify(plan) });
    const links = await Promise.all(sites.map((site) => site.connect()));
    for (const link of links) {
      await link.hear("plan.offer");
      link.approve(digest);
    }
    while ((await api.plans.get.query({ digest })).approved < names.length) await new Promise((resolve) => setTimeout(resolve, 10));
    return { digest, sites, links };
  }

  async enrol(site: string, identity = newIdentity()): Promise<Site> {
    const { invite } = await (await this.api()).sites.invite.mutate({ site: site, hours: 1 });
    const outcome = await this.join(invite, identity);
    if (outcome.type !== ENROL_TYPES.joined) throw new Error(`not enrolled: ${outcome.payload}`);
    return new Site(this, site as SiteName, identity);
  }

  /** POST /enrol; the answer's envelope as it came. */
  async join(text: string, identity: Identity, change: Partial<Join> = {}): Promise<Envelope> {
    const read = readInvite(text);
    if (!read.ok) throw new Error(read.text);
    const { invite } = read;
    const join: Join = {
      invite: invite.id,
      site: invite.site,
      coordinator: invite.coordinator,
      proof: inviteProof(secretKeyOf(invite.secret), identity.publicKey, invite.coordinator),
      version: "test",
      at: Date.now(),
      ...change,
    };
    const response = await fetch(`${this.url}/enrol`, {
      method: "POST",
      body: JSON.stringify(seal(identity, ENROL_TYPES.join, invite.coordinator, join)),
    });
    return (await response.json()) as Envelope;
  }

  async stop(): Promise<void> {
    // At once, as the program does: the server's end waits for the sites' links, which the app ends.
    await Promise.all([this.#http.close(), this.app.close()]);
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}

export const newIdentity = (): Identity => identityFromSeed(randomBytes(32));

export class Site {
  readonly name: SiteName;
  readonly identity: Identity;
  readonly #coordinator: Coordinator;

  constructor(coordinator: Coordinator, name: SiteName, identity: Identity) {
    this.#coordinator = coordinator;
    this.name = name;
    this.identity = identity;
  }

  async connect(name: SiteName = this.name, { spoken = SPOKEN, at = this.#coordinator } = {}): Promise<SiteLink> {
    const { app, url, data } = at;
    const inbox = new Inbox(new WebSocket(`${url.replace("http", "ws")}/agent`));
    const greeted = await greetCoordinator(inbox, {
      identity: this.identity,
      coordinatorKey: app.identity.publicKey,
      site: name,
      version: "1.2.3",
      engine: "by hand",
      now: Date.now,
      spoken,
    });
    if (isRefusal(greeted)) throw new Error(`${greeted.code}: ${greeted.text}`);
    const blobs = await BlobStore.open(await mkdtemp(join(data, "site-")));
    return new SiteLink(
      this.identity,
      app.identity.publicKey,
      blobs,
      (link) =>
        new Link(
          inbox,
          {
            role: "site",
            identity: this.identity,
            peerKey: app.identity.publicKey,
            peerName: "coordinator",
            scopes: greeted.scopes,
            blobs,
            keep: "as cache",
            mayServe: () => true,
          },
          { message: (message) => link.heard.push(message), close: (code) => (link.closed = code) },
        ),
    );
  }
}

export class SiteLink {
  readonly heard: Message[] = [];
  closed: string | undefined;
  readonly blobs: BlobStore;
  readonly link: Link;
  readonly #identity: Identity;
  readonly #federation: string;

  constructor(identity: Identity, federation: string, blobs: BlobStore, open: (link: SiteLink) => Link) {
    this.#identity = identity;
    this.#federation = federation;
    this.blobs = blobs;
    this.link = open(this);
  }

  say<T extends MessageType>(type: T, value: MessageOf<T>): void {
    this.link.sendStatement(sealStatement(this.#identity, { federation: this.#federation, session: undefined }, type, value));
  }

  /** The `nth` message of a type, when it is there. */
  async hear<T extends MessageType>(type: T, nth = 0): Promise<MessageOf<T>> {
    for (;;) {
      const found = this.heard.filter((message) => message.type === type)[nth];
      if (found !== undefined) return found.value as MessageOf<T>;
      if (this.closed !== undefined) throw new Error(`closed: ${this.closed}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  approve(plan: string, decision: "approved" | "refused" = "approved"): void {
    this.say("approval", { plan: plan as never, decision, reason: null, siteMetrics: true, steward: "Dr. Test", at: Date.now() });
  }
}
