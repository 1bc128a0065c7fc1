/**
 * Tells people by mail or webhook what needs them: looks at the same causes as the first page, remembers in the database what was
 * said, and sends what is to be sent. Only the coordinator that leads does so.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { EngraftError } from "@engraft/core/base/errors";
import type { NeedAbout } from "@engraft/core/needs/words";
import type { Logger } from "@engraft/runtime/log";
import type { Feed } from "../live/feed.ts";
import { homeFacts, needs } from "../api/home.ts";
import type { RunSummary } from "../api/views.ts";
import type { App } from "../app.ts";
import { Prisma, type Channel } from "../store/generated/client.ts";
import type { Store, Transaction } from "../store/store.ts";
import { languageOf, standingOf, type StandingKind } from "./kinds.ts";
import { sendDue, sendOne, type SendOptions } from "./outbox.ts";
import { runEnds, TOLD_WITHIN_MS, type RunEnd, type Starter } from "./run-ends.ts";
import { testText } from "./words.ts";
import { step, type Body, type Known, type Receiver, type Said } from "./step.ts";

const EVERY_MS = 15_000;
/** After something changed: once what comes together has come. */
const SOON_MS = 300;
const CLOSING_MS = 2_000;
const KEPT_MS = 30 * 86_400_000;

export interface AlertsOptions extends SendOptions {
  readonly app: () => App;
  readonly patienceMs: number;
  readonly feed: Feed;
  readonly log: Logger;
}

const receiverOf = ({ id, causes, language }: Channel): Receiver => ({ id, causes: causes.split(" "), language: languageOf(language) });

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #urgent = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #soon = false;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();
  #unlisten = (): void => undefined;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  get options(): AlertsOptions {
    return this.#options;
  }

  start(): void {
    this.#unlisten = this.#options.feed.listen((item) => {
      // Whatever a cause hangs on is said as a change; what happens within a round is not looked at one by one.
      if (item.kind === "changed" && !this.#soon) this.#after(SOON_MS);
    });
    this.#after(EVERY_MS);
  }

  #after(ms: number): void {
    clearTimeout(this.#timer);
    this.#soon = ms === SOON_MS;
    this.#timer = setTimeout(() => {
      this.#soon = false;
      void this.tick().finally(() => {
        if (!this.#stopped && !this.#soon) this.#after(EVERY_MS);
      });
    }, ms);
    this.#timer.unref();
  }

  /** Resolves when nothing is looked at or sent any more; a receiver that is slow now is not waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    clearTimeout(this.#timer);
    await Promise.race([this.#running, wait(CLOSING_MS, undefined, { ref: false })]);
  }

  /** Looks once and sends what is due. Never rejects. */
  tick(): Promise<void> {
    this.#running = this.#running.then(async () => {
      try {
        await this.#look();
        await sendDue(this.#options, () => this.#stopped);
      } catch (error) {
        if (!this.#stopped) this.#options.log.error({ err: error }, "alerts.failed");
      }
    });
    return this.#running;
  }

  async #look(): Promise<void> {
    const { app, store, mail, patienceMs, now } = this.#options;
    const channels = await store.prisma.channel.findMany({ where: { on: true } });
    if (channels.length === 0 && mail.smtpUrl === undefined) return;
    const facts = await homeFacts(app());
    const standing = standingOf(needs(facts));
    const rows = await store.prisma.cause.findMany();
    const known = rows.map(({ since, alertedAt, kind, about, ...row }): Known => ({
      ...row,
      about: about as NeedAbout | null,
      kind: kind as StandingKind,
      since: since.getTime(),
      alertedAt: alertedAt?.getTime() ?? null,
    }));
    const { keep, drop, say } = step({ known, standing, receivers: channels.map(receiverOf), patienceMs, now: now() });
    const ends = await this.#ends(facts.all, channels);
    if (keep.length + drop.length + ends.length === 0) return;
    await store
      .write(async (tx) => {
        await remember(tx, keep, drop);
        await post(tx, [...say.map(ofChannel), ...ends], now());
        await tx.message.deleteMany({ where: { nextAt: null, createdAt: { lt: new Date(now() - KEPT_MS) } } });
        return { value: undefined, audit: [] };
      })
      .catch((error: unknown) => this.#unwritable(error, say));
  }

  async #ends(all: readonly RunSummary[], channels: readonly Channel[]): Promise<readonly RunEnd[]> {
    const { store, mail, now } = this.#options;
    const receivers = channels.map((channel) => ({
      ...receiverOf(channel),
      to: channel.target.split(" "),
      since: channel.createdAt.getTime(),
    }));
    const recent = all.filter((run) => run.endedAt !== null && now() - run.endedAt < TOLD_WITHIN_MS);
    const starters = mail.smtpUrl === undefined ? new Map<string, Starter>() : await startersOf(store, recent);
    const ends = recent.flatMap((run) => runEnds(run, receivers, starters.get(run.run)));
    const about = ends.map((end) => end.about);
    const said = await store.prisma.message.findMany({ where: { about: { in: about } }, select: { about: true } });
    return ends.filter((end) => !said.some((one) => one.about === end.about));
  }

  /** The disk is full: what tells of that cannot be written down first, so it is sent once from memory. */
  async #unwritable(error: unknown, say: readonly Said[]): Promise<void> {
    if (!(error instanceof EngraftError)) throw error;
    for (const { channel, about, body } of say.filter(({ body: { kind } }) => kind === "storage")) {
      const [key = ""] = about.split("@");
      if (this.#urgent.has(key + channel)) continue;
      this.#urgent.add(key + channel);
      await sendOne(this.#options, { id: newId(), channelId: channel, to: "", body }).catch((why: unknown) =>
        this.#options.log.error({ err: why }, "alert.lost"),
      );
    }
  }

  /** Now, outside the queue, for the admin who sets a channel up. Returns why it failed. */
  async test(channel: string): Promise<string | null> {
    const { store, now } = this.#options;
    const row = await store.prisma.channel.findUnique({ where: { id: channel } });
    const body: Body = { state: "test", kind: "test", ...testText(languageOf(row?.language)), href: "/alerts", since: now() };
    return sendOne(this.#options, { id: newId(), channelId: channel, to: "", body }).then(
      () => null,
      (error: unknown) => (error instanceof Error ? error.message : "It failed for an unknown reason."),
    );
  }
}

/** Who started each run, where that is a person who may sign in and wants a mail. */
async function startersOf(store: Store, runs: readonly RunSummary[]): Promise<ReadonlyMap<string, Starter>> {
  const first = await store.firstEvents(runs.map(({ run }) => run));
  const started = [...first].flatMap(([run, event]) => {
    const email = event.type === "run.created" ? /^[a-z]+:(\S+)/.exec(event.by)?.[1] : undefined;
    return email === undefined ? [] : [[run, email] as const];
  });
  const users = await store.prisma.user.findMany({ where: { email: { in: started.map(([, email]) => email) } }, include: { mail: true } });
  const wanted = new Map(
    users
      .filter((user) => user.banned !== true && user.mail?.endOfRun !== false)
      .map(({ email, mail }) => [email, { email, language: languageOf(mail?.language) }]),
  );
  return new Map(
    started.flatMap(([run, email]) => {
      const starter = wanted.get(email);
      return starter === undefined ? [] : [[run, starter] as const];
    }),
  );
}

const newId = (): string => randomBytes(10).toString("hex");

const ofChannel = ({ channel, about, body }: Said): RunEnd => ({ channel, about, to: "", body });

async function remember(tx: Transaction, keep: readonly Known[], drop: readonly string[]): Promise<void> {
  if (drop.length > 0) await tx.cause.deleteMany({ where: { key: { in: [...drop] } } });
  for (const { key, since, alertedAt, about, ...rest } of keep) {
    const data = {
      ...rest,
      about: about === null ? Prisma.DbNull : { ...about },
      since: new Date(since),
      alertedAt: alertedAt === null ? null : new Date(alertedAt),
    };
    await tx.cause.upsert({ where: { key }, create: { key, ...data }, update: data });
  }
}

async function post(tx: Transaction, ends: readonly RunEnd[], now: number): Promise<void> {
  if (ends.length === 0) return;
  const at = new Date(now);
  await tx.message.createMany({
    data: ends.map(({ channel, about, to, body }) => ({
      id: newId(),
      channelId: channel,
      to,
      about,
      body: { ...body },
      createdAt: at,
      nextAt: at,
    })),
    skipDuplicates: true,
  });
}
