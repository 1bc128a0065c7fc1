/**
 * One site's real work in secure rounds, inside the test: real vault, keys, journal and asks. What leaves is captured, and a
 * crash takes the folder as it is at that point, as kill -9 would.
 */
import { cpSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fromBase64url, toBase64url } from "@engraft/core/base/bytes";
import type { SiteName } from "@engraft/core/base/ids";
import { identityFromSeed, type Identity } from "@engraft/core/crypto/identity";
import { MESSAGES, type Ask, type Decline, type Message, type SecaggReply, type SecaggStep } from "@engraft/core/protocol/messages";
import type { BlobStore } from "@engraft/runtime/blobs";
import type { Logger } from "@engraft/runtime/log";
import { until } from "../../coordinator.fixture.ts";
import { findData, registerData } from "../../data/registry.ts";
import { openStores, type Stores } from "../../stores.ts";
import { OPEN_POLICY } from "../../rules/limits.ts";
import { findDecision, saveDecision } from "../../vault/decisions.ts";
import { markCompared } from "../../vault/directories.ts";
import { requireMembership, saveFederation } from "../../vault/federation.ts";
import { Journal } from "../../vault/journal.ts";
import { writeJson } from "../../vault/json-file.ts";
import { pausedSince } from "../../vault/participation.ts";
import { findPlan, savePlan, understandOffer } from "../../vault/plans.ts";
import { offerOf } from "../../plan.fixture.ts";
import { Asks } from "../asks.ts";
import { Models } from "../models.ts";
import type { SiteModel } from "../site-model.ts";
import { Vectors } from "../vectors.ts";
import { SecureRounds } from "./rounds.ts";
import { seedOfSite, type LabPlan } from "./secure-plan.fixture.ts";

/** True: die here. Asked at every crash point of the product. */
export type CrashAt = (point: string) => boolean;

interface Running {
  readonly stores: Stores;
  readonly secure: SecureRounds;
  readonly asks: Asks;
  readonly journal: Journal;
}

/** Adds a different amount at every site; the same in every round. */
const modelOf = (at: number): SiteModel => ({
  engine: "lab",
  train: async (start) => ({
    update: new Float32Array(start.length).fill(0.01 * (at + 1)),
    personal: new Float32Array(),
    sampleCount: 10 + at,
    seconds: 0,
  }),
  statistics: () => Promise.reject(new Error("no plan here has analytic rounds")),
  trainAlone: async () => ({ vector: new Float32Array(), personal: new Float32Array() }),
  evaluate: async () => null,
  gain: async () => null,
  ownIntercept: async () => null,
  tally: async () => null,
  close: async () => undefined,
});

export class LabSite {
  readonly name: SiteName;
  readonly at: number;
  readonly identity: Identity;
  home: string;
  /** Statements of secure rounds that left, over all lives of the site. */
  readonly sent: SecaggReply[] = [];
  readonly declined: Decline[] = [];
  /** What it was asked and told. */
  readonly asked: Ask[] = [];
  readonly stepped: SecaggStep[] = [];
  readonly logged: string[] = [];
  /** Where it died. */
  crashed: string | undefined;
  trained = 0;
  readonly #plan: LabPlan;
  #taken = 0;
  #lives = 0;
  #running: Running | undefined;

  private constructor(plan: LabPlan, at: number, dir: string) {
    this.#plan = plan;
    this.at = at;
    this.name = (plan.directory.sites[at] as { readonly site: SiteName }).site;
    this.identity = identityFromSeed(seedOfSite(at));
    this.home = join(dir, `${this.name}-0`);
  }

  /** Enrolled, the plan offered, its directory compared and its steward's approval given. */
  static async enrol(plan: LabPlan, at: number, dir: string): Promise<LabSite> {
    const site = new LabSite(plan, at, dir);
    const { home, identity } = site;
    const seed = toBase64url(seedOfSite(at));
    await writeJson(join(home, "identity.json"), { format: "engraft.identity/1", publicKey: identity.publicKey, seed });
    const { publicKey: coordinator } = plan.coordinator;
    await saveFederation(home, { url: "http://127.0.0.1:1", coordinator, site: site.name, invite: "none", joinedAt: 0, ca: null });
    const table = { path: join(home, "none.csv"), encoding: "utf-8", delimiter: ",", decimal: ".", columns: {}, label: "num" } as const;
    await registerData(home, { name: "main", table: { ...table, missing: [], patient: "id" }, registeredAt: 1 });
    await site.offer();
    await markCompared(home, { directory: plan.directory.hash, steward: "Dr A", at: 1 });
    // The steward approves what a running agent shows: a journal is older than any approval.
    await site.start();
    await site.approve();
    return site;
  }

  async offer(plan = this.#plan.plan): Promise<void> {
    const read = understandOffer(offerOf(plan));
    if (!read.ok) throw new Error(read.text);
    await savePlan(this.home, read.offered, 1);
  }

  /** `again` tells one decision from another. */
  async approve(again = 1): Promise<void> {
    const approval = { decision: "approved", siteMetrics: false, reason: null, steward: "Dr A" } as const;
    await saveDecision(
      this.home,
      await requireMembership(this.home),
      { ...approval, plan: this.#plan.digest, at: again },
      { data: "main" },
    );
  }

  forgetComparison(): Promise<void> {
    return rm(join(this.home, "directories"), { recursive: true });
  }

  async start(crashAt: CrashAt = () => false): Promise<void> {
    const { home, logged } = this;
    const now = (): number => this.#plan.clock.now;
    const life = { dead: false };
    const crash = (point: string): void => {
      if (life.dead || crashAt(point)) this.#die(point, life);
    };
    const log = logTo(logged);
    const emit = (event: object): unknown => logged.push(JSON.stringify(event));
    const membership = await requireMembership(home);
    const stores = await openStores({ home, membership, now, log, emit, crash });
    const journal = new Journal(home, now);
    const link = () => (life.dead ? undefined : this.#link(stores.blobs));
    const standing = async (plan: string) => ({
      offered: await findPlan(home, plan),
      decision: await findDecision(home, membership, plan),
      paused: (await pausedSince(home)) !== undefined,
      rules: { limits: {}, policy: OPEN_POLICY, minute: 0 },
    });
    const told = { link, audit: stores.audit, journal, log, emit };
    const over = (...[run, purpose]: Parameters<Asks["roundOver"]>): Promise<void> => asks.roundOver(run, purpose);
    const secure = new SecureRounds({ ...told, home, membership, secure: stores.secure, blobs: stores.blobs, standing, now, over, crash });
    const vectors = new Vectors(stores.blobs, link);
    const model = modelOf(this.at);
    const openSiteModel = async () => ({
      ...model,
      train: (...all: Parameters<SiteModel["train"]>) => {
        this.trained += 1;
        return model.train(...all);
      },
    });
    const models = new Models(home, openSiteModel, vectors, () => undefined);
    const workshop = { home, membership, ...stores, vectors, models, report: () => undefined, now };
    const data = () => findData(home, "main");
    const asks = new Asks({
      ...told,
      secure,
      workshop,
      standing: async (ask) => ({ ...(await standing(ask.plan)), data: await data(), mapping: null }),
    });
    this.#running = { stores, secure, asks, journal };
    this.crashed = undefined;
  }

  /** The folder as it is now is what the next life finds. */
  #die(point: string, life: { dead: boolean }): never {
    if (!life.dead) {
      life.dead = true;
      this.crashed = point;
      this.#lives += 1;
      const next = this.home.replace(/-\d+$/, `-${this.#lives}`);
      cpSync(this.home, next, { recursive: true, preserveTimestamps: true });
      this.home = next;
    }
    throw new Error(`killed at ${point}`);
  }

  #link(blobs: BlobStore) {
    const send = (type: Message["type"], value: unknown): void => {
      // What the wire would carry.
      const sent = MESSAGES[type].schema.parse(JSON.parse(JSON.stringify(value)));
      if (type === "secagg.reply") this.sent.push(sent as SecaggReply);
      if (type === "decline") this.declined.push(sent as Decline);
    };
    const fetch = async ({ digest }: { readonly digest: string }): Promise<void> => {
      await blobs.put(this.#plan.blobs.get(digest) ?? new Uint8Array());
    };
    return { send, fetch, sendStatement: () => undefined } as never;
  }

  async ask(ask: Ask): Promise<void> {
    const { asks } = this.running;
    this.asked.push(ask);
    // A death in the middle of it is the test's own.
    await Promise.resolve(asks.receive(MESSAGES.ask.schema.parse(ask))).catch((error: unknown) => {
      if (this.crashed === undefined) throw error;
    });
    await until(() => asks.current === undefined, `the end of ${this.name}'s work`);
  }

  /** Parsed as the wire would. */
  async step(step: SecaggStep): Promise<void> {
    this.stepped.push(step);
    await this.running.secure.step(MESSAGES["secagg.step"].schema.parse(JSON.parse(JSON.stringify(step))));
  }

  get running(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} does not run`);
    return this.#running;
  }

  get secure() {
    return this.running.stores.secure;
  }

  /** What has left since it was looked at last. */
  news(): readonly SecaggReply[] {
    const news = this.sent.slice(this.#taken);
    this.#taken = this.sent.length;
    return news;
  }

  /** The masked vector, where the egress list lets it out. */
  async fetch(digest: string): Promise<Uint8Array | undefined> {
    const { secure, stores } = this.running;
    return secure.mayLeave(digest) ? stores.blobs.read(digest as never) : undefined;
  }

  /** The encoded vector of a round, while it is kept. */
  async vector(round: number): Promise<Uint32Array> {
    const stored = Object.values(this.secure.memory.rounds).find((one) => one.round === round);
    if (stored === undefined) throw new Error(`no vector of round ${round}`);
    return new Uint32Array(Uint8Array.from(await this.secure.vector(stored.roundHash)).buffer);
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.journal.flush();
    await running?.stores.secure.close().catch(() => undefined);
    await running?.stores.audit.close().catch(() => undefined);
  }

  /** A site that is killed while it starts is as dead as any other: it is started again later. */
  async restart(crashAt?: CrashAt): Promise<void> {
    await this.stop();
    await this.start(crashAt).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.startsWith("killed at "))) throw error;
    });
  }

  /** Every file of the home, by its path. */
  async files(): Promise<ReadonlyMap<string, Buffer>> {
    const found = await readdir(this.home, { recursive: true, withFileTypes: true });
    const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(await Promise.all(paths.map(async (path) => [path, await readFile(path)] as const)));
  }
}

/** Everything that left, with what it holds in binary decoded: no needle hides behind an encoding. */
export const bytesOf = (replies: readonly object[]): Buffer =>
  Buffer.concat(
    replies.flatMap((reply) => {
      const text = JSON.stringify(reply);
      const packed = [...text.matchAll(/"([A-Za-z0-9_-]{43,})"/g)].map(([, one]) =>
        Buffer.from(fromBase64url(one ?? "") ?? new Uint8Array()),
      );
      return [Buffer.from(text), ...packed];
    }),
  );

/** Which of the secrets stand in these bytes: raw, hex or in either base64. */
export const foundIn = (bytes: Buffer, secrets: ReadonlyMap<string, Uint8Array>): readonly string[] =>
  [...secrets].flatMap(([name, secret]) => {
    const one = Buffer.from(secret);
    const forms = [one, one.toString("hex"), one.toString("base64").slice(0, 40), one.toString("base64url").slice(0, 40)];
    return forms.some((form) => bytes.includes(form)) ? [name] : [];
  });

/** A log that keeps its lines as text. */
function logTo(lines: string[]): Logger {
  const line = (about: object, text?: string): unknown =>
    lines.push(JSON.stringify({ ...about, text }, (_, one: unknown) => (one instanceof Error ? `${one.message} ${one.stack}` : one)));
  return { info: line, warn: line, error: line, debug: line } as unknown as Logger;
}
