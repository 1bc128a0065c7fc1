/** All runs: starts them, picks up after a restart those that have not ended, and hands each answer of a site to its run. */
import { randomBytes } from "node:crypto";
import { EngraftError, isRefusal, refuse, type Refusal } from "@engraft/core/base/errors";
import { RunId, type Digest, type PublicKey, type SiteName } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import type { Envelope } from "@engraft/core/crypto/envelope";
import { vectorSizeOf } from "@engraft/core/models/analytic";
import type { SecaggReply } from "@engraft/core/protocol/messages";
import type { BlobRef } from "@engraft/core/rounds/events";
import { runParams } from "@engraft/core/rounds/params";
import { isEnded, openedRound } from "@engraft/core/rounds/state";
import type { Steering } from "@engraft/core/rounds/steering";
import type { BlobStore } from "@engraft/runtime/blobs";
import { crashPoint } from "@engraft/runtime/crash-point";
import type { Logger } from "@engraft/runtime/log";
import { auditView } from "../api/audit-words.ts";
import type { Hub } from "../hub/hub.ts";
import type { Session } from "../hub/session.ts";
import type { Metrics } from "../http/metrics.ts";
import type { Feed } from "../live/feed.ts";
import type { Approvals } from "../plans/approvals.ts";
import { readManifest, startVector } from "../plans/bases.ts";
import { earlierCheckpoint } from "../plans/earlier.ts";
import { storedPlan } from "../plans/stored-plan.ts";
import type { Base, Plan as PlanRow } from "../store/generated/client.ts";
import type { StorageFaults } from "../store/storage-faults.ts";
import type { Appended, Store } from "../store/store.ts";
import { answerCommand, roundOf, runOf, type Answer, type AnswerMessage } from "./answer.ts";
import { combine } from "./combine.ts";
import type { Effects } from "./effects.ts";
import { makeRelease } from "./release.ts";
import { refusalAudit, refusedAnswer, type Refused } from "./run-audit.ts";
import { Runner } from "./runner.ts";
import { Kept } from "./secure/kept.ts";
import { openAndRecord } from "./secure/record.ts";
import { stepMessage } from "./secure/steps.ts";
import { takeReply } from "./secure/take-reply.ts";
import type { Outcome, Statement } from "./step.ts";
import { allowedSites } from "./used-approvals.ts";
import { mustHaveAsked, watched } from "./watched.ts";
import type { UpdateBlobs } from "./update-blobs.ts";
import { takeUpdate } from "./update-intake.ts";

export interface RunsOptions {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly updates: UpdateBlobs;
  readonly faults: StorageFaults;
  readonly approvals: Approvals;
  readonly feed: Feed;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  /** Public key, for the record of a release. */
  readonly coordinator: string;
  readonly hub: () => Hub;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #live = new Map<string, Runner>();
  readonly #keptOf = new Map<string, Kept>();
  /** What sites need for a run besides what an ask names. */
  readonly #besides = new Map<string, readonly BlobRef[]>();
  #starting: Promise<unknown> = Promise.resolve();

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Every run that has not ended, or whose release is not made, goes on. */
  async resume(): Promise<number> {
    const rows = await this.#options.store.prisma.run.findMany({
      where: { OR: [{ endedAt: null }, { endPhase: "finished", release: { is: null } }] },
      include: { plan: { include: { base: true } } },
    });
    for (const row of rows) {
      const runner = this.#runner(row.id, row.plan, row.plan.base);
      this.#live.set(row.id, runner);
      const events = (await this.#options.store.events(row.id)).map(({ event }) => event);
      await this.#options.updates.resume(row.id, events);
      await runner.resume();
    }
    return rows.length;
  }

  live(): readonly Runner[] {
    return [...this.#live.values()];
  }

  /** The newest round of a run under way that the site is one of. */
  openedRound(run: string, site: SiteName): number | undefined {
    const state = this.#live.get(run)?.state;
    return state !== undefined && "sites" in state && !isEnded(state) && state.sites.includes(site) ? openedRound(state) : undefined;
  }

  /** Starts a run of a plan. Throws `plan-unknown`, `plan-withdrawn`, `plan-not-approved` or `conflict`. */
  start(plan: Digest, by: string): Promise<RunId> {
    const started = this.#starting.then(() => this.#start(plan, by));
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async #start(digest: Digest, by: string): Promise<RunId> {
    const { store, blobs, now } = this.#options;
    const row = await store.prisma.plan.findUnique({ where: { digest }, include: { base: true } });
    if (row === null) throw new EngraftError("plan-unknown", "There is no such plan.");
    if (row.withdrawnAt !== null)
      throw new EngraftError("plan-withdrawn", `${row.name} ${row.version} was withdrawn. Propose a new version.`);
    const same = await store.prisma.run.findMany({ where: { plan: { name: row.name } }, select: { id: true, endedAt: true } });
    const alive = same.find(({ endedAt }) => endedAt === null);
    if (alive !== undefined) throw new EngraftError("conflict", `The run ${alive.id} is under way. Stop it first, or wait for its end.`);
    const run = RunId.parse(`${row.name}.${1 + Math.max(0, ...same.map(({ id }) => Number(id.slice(id.lastIndexOf(".") + 1))))}`);
    const manifest = readManifest(row.base.text);
    const allowed = await allowedSites(this.#options, row);
    const start = await startVector(blobs, manifest, storedPlan(row.text));
    const runner = this.#runner(run, row, row.base);
    const created = await runner.submit({
      do: "create",
      at: now(),
      run,
      by,
      sites: allowed.map(({ site }) => site),
      approvals: allowed,
      start,
      manifest: { digest: row.base.manifest as Digest, bytes: Buffer.byteLength(row.base.text) },
      weights: manifest.weights,
    });
    if (isRefusal(created)) throw new EngraftError(created.code, created.text);
    this.#live.set(run, runner);
    runner.lookNow();
    return run;
  }

  stop(run: string, by: string): Promise<void> {
    return this.#tell(run, (runner) => runner.submit({ do: "stop", at: this.#options.now(), by }));
  }

  /** What an admin does to a run under way. */
  steer(run: string, steering: Steering): Promise<void> {
    return this.#tell(run, (runner) => runner.steer(steering));
  }

  /** Throws `not-found`, `run-ended`, or what the round machine refuses. */
  async #tell(run: string, act: (runner: Runner) => Promise<Outcome>): Promise<void> {
    const runner = this.#live.get(run);
    const outcome = runner === undefined ? await this.#noSuchRun(run) : await act(runner);
    if (isRefusal(outcome)) throw new EngraftError(outcome.code, outcome.text);
  }

  /** After the data was put back from a backup. Plain runs go on; secure ones end by name. Returns those that ended. */
  async restored(): Promise<readonly string[]> {
    const outcomes = await Promise.all(
      this.live().map(async (runner) => ({ run: runner.run, outcome: await runner.submit({ do: "restore", at: this.#options.now() }) })),
    );
    return outcomes.filter(({ outcome }) => !isRefusal(outcome) && outcome.length > 0).map(({ run }) => run);
  }

  presenceChanged(): void {
    for (const runner of this.#live.values()) runner.presenceChanged();
  }

  /** A site's answer to an ask. What comes of it is told to the site; a refused one is recorded and the run goes on. */
  async answer(session: Session, message: AnswerMessage, envelope: Envelope): Promise<void> {
    const { log, hub, faults } = this.#options;
    const text = JSON.stringify(envelope);
    const statement: Statement = { digest: sha256(text), text };
    const { site } = session;
    const command = answerCommand(site, message, statement.digest as Digest, this.#options.now());
    const run = runOf(command);
    try {
      const outcome = await faults.watch(run, "answers", () => this.#decideOn(session, command, statement));
      const refused = refusedAnswer(command, outcome);
      this.#options.metrics.answer(command, refused);
      const to = hub().session(site) ?? session;
      if (message.type === "secagg.reply") {
        if (refused !== undefined) this.#tellDropped(to, message.value, refused);
        return;
      }
      to.link.send("answer.recorded", {
        run: message.value.run,
        round: roundOf(command),
        kind: command.do === "update" ? "train" : command.do === "decline" ? command.decline.kind : "evaluate",
        outcome: refused === undefined ? "accepted" : "refused",
        code: refused?.code ?? null,
        text: refused?.text.slice(0, 500) ?? null,
      });
    } catch (error) {
      // The link or the store failed, not the answer: it is asked for again, by the next link or after a while.
      log.warn({ site, run, err: error }, "answer.lost");
      if (session.link.open) this.#live.get(run)?.again("answer.lost", error);
    }
  }

  #tellDropped({ link }: Session, { run, round, attempt }: SecaggReply, { code, text }: Refused): void {
    link.send("secagg.step", { run, round, attempt, phase: "dropped", code, text: text.slice(0, 500) });
  }

  async #decideOn(session: Session, command: Answer, statement: Statement): Promise<Outcome> {
    const run = runOf(command);
    const runner = this.#live.get(run);
    if (runner === undefined) return this.#refuseForNoRun(run, command);
    const { blobs, updates, now } = this.#options;
    if (command.do === "decline") await mustHaveAsked(runner.state, command, blobs, this.#besides.get(run) ?? []);
    if (command.do !== "update" && command.do !== "reply") return runner.submit(command, statement);
    const about = { run: RunId.parse(run), round: roundOf(command) };
    const fetch = (ref: BlobRef): Promise<void> => this.#options.hub().fetch(session, about, ref);
    return command.do === "update"
      ? takeUpdate({ runner, blobs, updates, fetch, command, statement, now })
      : takeReply({ runner, blobs, updates, kept: this.#kept(run), fetch, command, statement, now });
  }

  async #noSuchRun(run: string): Promise<Refusal> {
    const row = await this.#options.store.prisma.run.findUnique({ where: { id: run } });
    return row === null ? refuse("not-found", "There is no such run.") : refuse("run-ended", `The run is ${row.endPhase ?? "ended"}.`);
  }

  async #refuseForNoRun(run: string, command: Answer): Promise<Refusal> {
    const refusal = await this.#noSuchRun(run);
    const appended = await this.#options.store.append({ run, version: 0, events: [], audit: [refusalAudit(run, command, refusal)] });
    this.#publish(run, appended);
    return refusal;
  }

  #linkOf(site: SiteName) {
    return this.#options.hub().session(site)?.link;
  }

  #kept(run: string): Kept {
    const kept = this.#keptOf.get(run) ?? new Kept(this.#options.blobs);
    this.#keptOf.set(run, kept);
    return kept;
  }

  #runner(run: RunId | string, plan: PlanRow, base: Base): Runner {
    const { store, blobs, faults, approvals, feed, log, now, hub, coordinator } = this.#options;
    const manifest = readManifest(base.text);
    const content = storedPlan(plan.text);
    const params = runParams(content, plan.digest as Digest, vectorSizeOf(content, manifest), coordinator as PublicKey);
    if (isRefusal(params)) throw new EngraftError(params.code, params.text);
    const id = RunId.parse(run);
    const besides = [...(manifest.trunk === undefined ? [] : [manifest.trunk.onnx]), ...earlierCheckpoint(content)];
    this.#besides.set(run, besides);
    const effects: Effects = {
      now,
      log,
      online: () => hub().online(),
      sessionOf: (site) => hub().session(site),
      mayAsk: (site) => approvals.of(plan.digest, site)?.decision === "approved",
      ask: async (site, ask) => {
        crashPoint("send.ask");
        hub().session(site)?.ask(ask, besides);
      },
      cancel: (ended, sites, text) => {
        for (const site of sites) this.#linkOf(site)?.send("cancel", { run: RunId.parse(ended), text });
      },
      append: (append) => store.append(append),
      load: () => store.events(run),
      combine: (due) => combine(blobs, due, content.strategy),
      step: async (due, state) => {
        if (params.secure === null) return;
        const message = await stepMessage(id, params.secure, state, due, this.#kept(run));
        crashPoint(`send.${due.step.phase}`);
        if (message !== undefined) this.#linkOf(due.site)?.send("secagg.step", message);
      },
      open: (state) => openAndRecord({ blobs, kept: this.#kept(run), run: id, params }, state, () => store.events(run)),
      outcome: (site, outcome) => {
        const { round, attempt } = outcome;
        this.#linkOf(site)?.send("secagg.step", { run: id, round, attempt, phase: "outcome", outcome });
      },
      nonce: () => randomBytes(32).toString("hex") as Digest,
      release: (checkpoint) => makeRelease(store, blobs, { run, params, manifest, manifestDigest: base.manifest, checkpoint, coordinator }),
      happened: (appended) => this.#publish(run, appended),
      done: () => {
        this.#live.delete(run);
        this.#keptOf.delete(run);
        this.#besides.delete(run);
        feed.publish({ kind: "changed", what: "releases" });
      },
    };
    return new Runner(run, params, watched(run, effects, { blobs, faults, besides }));
  }

  #publish(run: string, appended: Appended): void {
    const { feed, metrics, updates } = this.#options;
    for (const { seq, event } of appended.events) {
      feed.publish({ kind: "event", seq, run, event });
      metrics.event(run, event);
      updates.happened(run, event);
      if (event.type.startsWith("run.")) feed.publish({ kind: "changed", what: "runs" });
    }
    for (const row of appended.audit) if (row.action === "update.refused") feed.publish({ kind: "refusal", run, refusal: auditView(row) });
  }

  /** Ends timers and waits until what is being stored is stored. */
  async close(): Promise<void> {
    await Promise.all(this.live().map((runner) => runner.stop()));
  }
}
