/** A running coordinator: its parts, and how they hear of each other. */
import { join } from "node:path";
import type { SiteName } from "@engraft/core/base/ids";
import type { Identity } from "@engraft/core/crypto/identity";
import type { VersionRange } from "@engraft/core/protocol/version";
import { BlobStore } from "@engraft/runtime/blobs";
import { takeLock, type Lock } from "@engraft/runtime/lock";
import type { Logger } from "@engraft/runtime/log";
import { AuditKeeper } from "./audit/keeper.ts";
import { Accounts } from "./auth/accounts.ts";
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
import { UpdateBlobs } from "./rounds/update-blobs.ts";
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
  readonly log: Logger;
  readonly now: () => number;
  /** Protocol versions; what this build speaks by default. */
  readonly spoken?: VersionRange | undefined;
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
  readonly runs: Runs;
  readonly hub: Hub;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly faults: StorageFaults;
  readonly collector: Collector;
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
  const presence = new Presence(store, log, now);
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
  const hub: Hub = new Hub(
    {
      identity,
      blobs,
      log,
      now,
      spoken: options.spoken,
      findSite: async (key) =>
        (await store.prisma.site.findUnique({ where: { key }, select: { name: true } }))?.name as SiteName | undefined,
    },
    hubHandlers({ presence, offers, runs, feed, metrics, approvals, log, now }),
  );
  const tokens = new Tokens(store, now);
  const { accounts, setupUrl } = await openAccounts(options, store, tokens);
  log.info({ database: database.kind, migrated: database.migrated }, "database.open");
  const resumed = await runs.resume();
  const collector = new Collector({ store, blobs, removals, keepDays: options.keepDays, log, now });
  collector.start();
  const keeper = new AuditKeeper({ store, identity, keepDays: options.keepAuditDays, log, feed, now });
  keeper.start();
  if (resumed > 0) log.info({ runs: resumed }, "runs.resumed");
  return {
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
    runs,
    hub,
    collector,
    setupUrl,
    close: async () => {
      unwatch();
      await collector.stop();
      await keeper.stop();
      await hub.stop();
      await runs.close();
      await presence.close();
      await database.close();
      await lock?.release();
    },
  };
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

type Hearing = Pick<App, "presence" | "offers" | "runs" | "feed" | "metrics" | "approvals" | "log" | "now">;

/** What follows when an agent comes, goes or speaks. */
function hubHandlers({ presence, offers, runs, feed, metrics, approvals, log, now }: Hearing): HubHandlers {
  return {
    online: (session) => {
      presence.online(session);
      void offers.welcome(session).catch((error: unknown) => log.error({ err: error }, "offers.failed"));
      runs.presenceChanged();
      feed.publish({ kind: "changed", what: "sites" });
    },
    offline: (session) => {
      presence.offline(session);
      runs.presenceChanged();
      feed.publish({ kind: "changed", what: "sites" });
    },
    message: (session, message, envelope) => takeMessage({ approvals, runs, feed, log, now }, session, message, envelope),
    progress: (progress) => feed.publish({ kind: "progress", progress }),
    bytes: (direction, count, kind) => metrics.bytes(direction, count, kind),
    refused: (code) => metrics.refused("link", code),
  };
}

async function openAccounts(
  options: AppOptions,
  store: Store,
  tokens: Tokens,
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
    secret: await secretFile(join(data, "secrets", "auth.secret")),
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
