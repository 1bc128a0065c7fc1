/** A running coordinator: its parts, and how they hear of each other. */
import { join } from "node:path";
import type { Identity } from "@engraft/core/crypto/identity";
import type { VersionRange } from "@engraft/core/protocol/version";
import { BlobStore } from "@engraft/runtime/blobs";
import { takeLock, type Lock } from "@engraft/runtime/lock";
import type { Logger } from "@engraft/runtime/log";
import { Alerts } from "./alerts/alerts.ts";
import { proxyFor } from "@engraft/runtime/proxy";
import { resolveByDns } from "./alerts/address.ts";
import type { MailSettings } from "./alerts/mail.ts";
import { SecretBox } from "./alerts/secret.ts";
import { AuditKeeper } from "./audit/keeper.ts";
import { Accounts } from "./auth/accounts.ts";
import { DEFAULT_SESSIONS, type SessionSettings } from "./auth/sessions.ts";
import { Tokens } from "./auth/tokens.ts";
import { Collector } from "./blobs/collect.ts";
import { coordinatorIdentity, operatorTokenPath, secretFile, setupToken } from "./auth/secrets.ts";
import { Hub, type HubHandlers } from "./hub/hub.ts";
import { takeMessage } from "./hub/messages.ts";
import { Offers } from "./hub/offers.ts";
import { Presence } from "./hub/presence.ts";
import { Metrics } from "./http/metrics.ts";
import { logItem } from "./live/event-log.ts";
import { Feed } from "./live/feed.ts";
import { Approvals } from "./plans/approvals.ts";
import { Runs } from "./rounds/runs.ts";
import { TimingKeeper } from "./rounds/timings.ts";
import { UpdateBlobs } from "./rounds/update-blobs.ts";
import { siteOfKey } from "./sites/membership.ts";
import { Uptime } from "./sites/uptime.ts";
import { anotherOwner } from "./store/lead.ts";
import { openDatabase, type Database } from "./store/open.ts";
import { Removals } from "./store/removals.ts";
import { LEAST_FREE_BYTES, watchRoom } from "./store/room.ts";
import { StorageFaults } from "./store/storage-faults.ts";
import { Store } from "./store/store.ts";
import type { Term } from "./store/term.ts";

export interface AppOptions {
  readonly data: string;
  /** For invites: of coordinators that stand by. */
  readonly otherUrls?: readonly string[];
  readonly databaseUrl: string | undefined;
  /** With PostgreSQL: this coordinator's time as leader. Without one it leads at once or is turned away. */
  readonly term?: Term | undefined;
  readonly publicUrl: string;
  readonly trustedOrigins: readonly string[];
  readonly keepDays: number;
  /** Of audit entries; for ever by default. */
  readonly keepAuditDays?: number | undefined;
  readonly alerts?: AlertSettings | undefined;
  readonly sessions?: SessionSettings | undefined;
  readonly log: Logger;
  readonly now: () => number;
  /** Protocol versions; what this build speaks by default. */
  readonly spoken?: VersionRange | undefined;
}

export interface AlertSettings {
  readonly mail: MailSettings;
  readonly webhookAllow: readonly string[];
  readonly patienceMs: number;
}

export interface App {
  /** The folder of keys, blobs and the embedded database. */
  readonly data: string;
  readonly publicUrl: string;
  readonly otherUrls: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly now: () => number;
  readonly log: Logger;
  readonly identity: Identity;
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly removals: Removals;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly approvals: Approvals;
  readonly offers: Offers;
  readonly presence: Presence;
  readonly uptime: Uptime;
  readonly runs: Runs;
  readonly timings: TimingKeeper;
  readonly hub: Hub;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly faults: StorageFaults;
  readonly collector: Collector;
  readonly alerts: Alerts;
  /** The one-time link for the first admin. */
  readonly setupUrl: string | null;
  close(): Promise<void>;
}

/** The embedded database needs the folder's lock; PostgreSQL has one of its own, and a standby shares the folder (store/lead.ts). */
export async function openApp(options: AppOptions): Promise<App> {
  const { databaseUrl, data, term } = options;
  const lock = databaseUrl === undefined ? await takeLock(data, "coordinator") : undefined;
  try {
    const database = await openDatabase(databaseUrl === undefined ? { dir: join(data, "db") } : { url: databaseUrl, term });
    return await assemble(options, database, lock).catch(async (error: unknown) => {
      await database.close();
      throw error;
    });
  } catch (error) {
    await lock?.release();
    throw error;
  }
}

/** In all, for one webhook. */
const WEBHOOK_MS = 8_000;
/** Masked vectors of opened sums that a run keeps, newest first, so that others can rebuild the sums. */
const KEEP_MASKED_BYTES = 256 * 1024 * 1024;

async function assemble(options: AppOptions, database: Database, lock: Lock | undefined): Promise<App> {
  const { publicUrl, trustedOrigins, log, now } = options;
  const store = new Store(database, (events) => metrics.durable(events));
  const identity = await coordinatorIdentity(options.data);
  await ownDatabase(store, identity, now());
  const feed = heardFeed(log, () => metrics);
  const { blobs, faults, unwatch } = await openDisk(options, database, feed);
  const removals = new Removals(blobs, database.term);
  const approvals = await Approvals.load(store);
  const uptime = await Uptime.load(store, log, now);
  const presence = await Presence.load(store, log, now, uptime);
  // The hub hears from agents and the runs speak to them, so each knows the other; both are set before either is used.
  const metrics: Metrics = new Metrics({
    agents: () => hub.online().length,
    phases: () => runs.live().map(({ state }) => state.phase),
    faults: () => faults.list().length,
  });
  const offers = new Offers(store, approvals);
  const updates = await UpdateBlobs.load(store, removals, KEEP_MASKED_BYTES);
  const parts = { store, blobs, faults, approvals, feed, metrics, log, now };
  const runs: Runs = new Runs({ ...parts, updates, coordinator: identity.publicKey, hub: () => hub });
  const timings = new TimingKeeper({ ...parts, openedRound: (run, site) => runs.openedRound(run, site) });
  const hub: Hub = new Hub(
    { identity, blobs, log, now, spoken: options.spoken, findSite: (key) => siteOfKey(store, key) },
    hubHandlers({ ...parts, presence, offers, runs, timings }),
  );
  const tokens = new Tokens(store, now);
  const authSecret = await secretFile(join(options.data, "secrets", "auth.secret"));
  const { accounts, setupUrl } = await openAccounts(options, store, tokens, authSecret);
  log.info({ database: database.kind, migrated: database.migrated }, "database.open");
  const resumed = await runs.resume();
  const { collector, keeper } = startKeepers(options, { store, blobs, removals, identity, feed });
  if (resumed > 0) log.info({ runs: resumed }, "runs.resumed");
  const alerts = new Alerts({ ...sending(options, store, authSecret), app: () => app, feed, log });
  const app: App = {
    data: options.data,
    publicUrl,
    otherUrls: options.otherUrls ?? [],
    trustedOrigins,
    ...parts,
    identity,
    removals,
    accounts,
    tokens,
    offers,
    presence,
    uptime,
    runs,
    timings,
    hub,
    collector,
    alerts,
    setupUrl,
    close: async () => {
      unwatch();
      await alerts.stop();
      await collector.stop();
      await keeper.stop();
      await hub.stop();
      await runs.close();
      await presence.close();
      await timings.close();
      await database.close();
      await lock?.release();
    },
  };
  alerts.start();
  return app;
}

type KeptBy = Pick<App, "store" | "blobs" | "removals" | "identity" | "feed">;

/** What lets go of blobs that nobody needs, and what signs and shortens the audit log. */
function startKeepers({ keepDays, keepAuditDays, log, now }: AppOptions, { store, blobs, removals, identity, feed }: KeptBy) {
  const collector = new Collector({ store, blobs, removals, keepDays, log, now });
  collector.start();
  const keeper = new AuditKeeper({ store, identity, keepDays: keepAuditDays, log, feed, now });
  keeper.start();
  return { collector, keeper };
}

const NO_ALERTS: AlertSettings = { mail: { smtpUrl: undefined, password: undefined, from: "" }, webhookAllow: [], patienceMs: 300_000 };

function sending({ alerts = NO_ALERTS, publicUrl, now }: AppOptions, store: Store, authSecret: string) {
  const { mail, webhookAllow, patienceMs } = alerts;
  const webhook = { allow: webhookAllow, resolve: resolveByDns, proxyFor, timeoutMs: WEBHOOK_MS };
  return { store, box: new SecretBox(authSecret), mail, webhook, patienceMs, publicUrl, now };
}

/** A feed whose items are logged, and their lag measured. */
function heardFeed(log: Logger, metrics: () => Metrics): Feed {
  const feed = new Feed();
  feed.listen((item) => {
    logItem(log, item);
    if (item.kind === "event") metrics().lag("feed", item.event);
  });
  return feed;
}

/** The blobs, what the disk does not let this coordinator do, and an eye on its space. */
async function openDisk({ data, log, now }: AppOptions, { kind, term }: Database, feed: Feed) {
  const folder = join(data, "blobs");
  const blobs = await BlobStore.open(folder, { reserve: LEAST_FREE_BYTES, generation: term === undefined ? "" : String(term.epoch) });
  const faults = new StorageFaults({ now, log, changed: () => feed.publish({ kind: "changed", what: "runs" }) });
  const folders = [data, folder, ...(kind === "pglite" ? [join(data, "db")] : [])];
  return { blobs, faults, unwatch: watchRoom(folders, (look) => faults.watch(null, "disk", look)) };
}

type Hearing = Pick<App, "store" | "presence" | "offers" | "runs" | "timings" | "feed" | "metrics" | "approvals" | "log" | "now">;

/** What follows when an agent comes, goes or speaks. */
function hubHandlers({ presence, offers, metrics, ...takers }: Hearing): HubHandlers {
  const { runs, feed, log } = takers;
  const sitesChanged = (): void => feed.publish({ kind: "changed", what: "sites" });
  return {
    online: (session) => {
      presence.online(session);
      void offers.welcome(session).catch((error: unknown) => log.error({ err: error }, "offers.failed"));
      runs.presenceChanged();
      sitesChanged();
    },
    offline: (session, how, code) => {
      presence.offline(session, how, code);
      runs.presenceChanged();
      sitesChanged();
    },
    about: (session) => {
      presence.about(session);
      sitesChanged();
    },
    moved: (session, direction, bytes, ms) => presence.moved(session, direction, bytes, ms),
    message: (session, message, envelope) => takeMessage(takers, session, message, envelope),
    progress: (progress) => feed.publish({ kind: "progress", progress }),
    bytes: (direction, count, kind) => metrics.bytes(direction, count, kind),
    refused: (code, who) => {
      metrics.refused("link", code);
      if (who !== undefined && presence.refused(code, who)) sitesChanged();
    },
  };
}

async function openAccounts(
  options: AppOptions,
  store: Store,
  tokens: Tokens,
  secret: string,
): Promise<{ readonly accounts: Accounts; readonly setupUrl: string | null }> {
  const { data, publicUrl, trustedOrigins, now } = options;
  const token = (await Accounts.anyAdmin(store)) ? null : await setupToken(data);
  const accounts = new Accounts({
    store,
    tokens,
    data,
    publicUrl,
    trustedOrigins,
    now,
    secret,
    sessions: options.sessions ?? DEFAULT_SESSIONS,
    operatorToken: await secretFile(operatorTokenPath(data)),
    setupToken: token,
  });
  return { accounts, setupUrl: token === null ? null : `${publicUrl}/setup?token=${token}` };
}

async function ownDatabase(store: Store, identity: Identity, now: number): Promise<void> {
  const owner = await store.prisma.federation.upsert({
    where: { id: 1 },
    create: { key: identity.publicKey, createdAt: new Date(now) },
    update: {},
  });
  if (owner.key !== identity.publicKey) throw anotherOwner();
}
