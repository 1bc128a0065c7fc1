/** GET /metrics: counts for Prometheus. No names of sites, plans or people. */
import type { Code } from "@engraft/core/base/errors";
import type { RunEvent } from "@engraft/core/rounds/events";
import type { RunState } from "@engraft/core/rounds/state";
import type { BytesKind } from "@engraft/runtime/link";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { kindOf, type Answer } from "../rounds/answer.ts";
import type { Refused } from "../rounds/run-audit.ts";
import { LIVE_PHASES, phaseAfter, type LivePhase } from "./phases.ts";

/** From a tenth of a second to a day. */
const ROUND_BUCKETS = [0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 14_400, 86_400];
const LAG_BUCKETS = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];

interface Entered {
  readonly phase: LivePhase;
  readonly at: number;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #rounds = this.#counter("engraft_rounds_total", "Rounds that ended with a checkpoint");
  readonly #runsEnded = this.#counter("engraft_runs_ended_total", "Runs that ended, by how", ["how"]);
  readonly #accepted = this.#counter("engraft_answers_accepted_total", "Answers of sites that count", ["kind"]);
  readonly #answersRefused = this.#counter("engraft_answers_refused_total", "Answers of sites that were refused, by code", [
    "kind",
    "code",
  ]);
  readonly #refused = this.#counter("engraft_refused_total", "Links and enrolments that were refused, by code", ["what", "code"]);
  readonly #dropped = this.#counter("engraft_sites_dropped_total", "Sites dropped from a round, by code", ["code"]);
  readonly #attemptsFailed = this.#counter("engraft_attempts_failed_total", "Attempts at a sum that were begun anew, by code", ["code"]);
  readonly #bytes = this.#counter(
    "engraft_link_bytes_total",
    "Bytes to (out) and from (in) the agents: signed messages, and frames of blobs",
    ["direction", "kind"],
  );
  readonly #duration = this.#histogram("engraft_round_seconds", "From a round's opening to its checkpoint", ROUND_BUCKETS);
  readonly #phases = this.#histogram("engraft_round_phase_seconds", "How long runs were in a phase", ROUND_BUCKETS, ["phase"]);
  readonly #lag = this.#histogram(
    "engraft_event_lag_seconds",
    "From an event's being durable to its being published (feed) and handed to a live reader (reader)",
    LAG_BUCKETS,
    ["to"],
  );
  readonly #opened = new Map<string, number>();
  readonly #entered = new Map<string, Entered>();
  /** By the event's own object, which goes from the store to the feed. */
  readonly #durableAt = new WeakMap<RunEvent, number>();

  constructor(gauges: {
    readonly agents: () => number;
    readonly phases: () => readonly RunState["phase"][];
    readonly faults: () => number;
  }) {
    collectDefaultMetrics({ register: this.#registry });
    this.#gauge("engraft_agents_connected", "Agents with a link now", (gauge) => gauge.set(gauges.agents()));
    this.#gauge("engraft_runs_live", "Runs that have not ended", (gauge) => gauge.set(gauges.phases().length));
    const byPhase = (gauge: Gauge): void => {
      const now = gauges.phases();
      for (const phase of LIVE_PHASES) gauge.set({ phase }, now.filter((one) => one === phase).length);
    };
    this.#gauge("engraft_runs", "Runs that have not ended, by phase", byPhase, ["phase"]);
    this.#gauge("engraft_storage_faults", "What the disk or the database does not let the coordinator do now", (gauge) =>
      gauge.set(gauges.faults()),
    );
  }

  #counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] });
  }

  #histogram(name: string, help: string, buckets: readonly number[], labelNames: readonly string[] = []): Histogram {
    return new Histogram({ name, help, buckets: [...buckets], labelNames: [...labelNames], registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: (gauge: Gauge) => void, labelNames: readonly string[] = []): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        read(this);
      },
    });
  }

  bytes(direction: "in" | "out", count: number, kind: BytesKind): void {
    this.#bytes.inc({ direction, kind }, count);
  }

  refused(what: "link" | "enrolment", code: Code): void {
    this.#refused.inc({ what, code });
  }

  answer(command: Answer, refused: Refused | undefined): void {
    if (refused === undefined) this.#accepted.inc({ kind: kindOf(command) });
    else this.#answersRefused.inc({ kind: kindOf(command), code: refused.code });
  }

  durable(events: readonly RunEvent[]): void {
    const now = performance.now();
    for (const event of events) this.#durableAt.set(event, now);
  }

  /** The event has come this far. One that was read from the log again says nothing. */
  lag(to: "feed" | "reader", event: RunEvent): void {
    const durable = this.#durableAt.get(event);
    if (durable !== undefined) this.#lag.observe({ to }, (performance.now() - durable) / 1000);
  }

  event(run: string, event: RunEvent): void {
    this.#enter(run, event);
    if (event.type === "round.opened") this.#opened.set(run, event.at);
    if (event.type === "attempt.opened" && event.attempt === 1) this.#opened.set(run, event.at);
    if (event.type === "site.dropped") this.#dropped.inc({ code: event.code });
    if (event.type === "attempt.failed") this.#attemptsFailed.inc({ code: event.code });
    if (event.type === "checkpoint.written") {
      this.#rounds.inc();
      const opened = this.#opened.get(run);
      if (opened !== undefined) this.#duration.observe((event.at - opened) / 1000);
    }
    if (event.type === "run.finished" || event.type === "run.stopped" || event.type === "run.failed") {
      this.#opened.delete(run);
      this.#runsEnded.inc({ how: event.type.slice("run.".length) });
    }
  }

  /** A phase that was entered before this process began is not measured. */
  #enter(run: string, event: RunEvent): void {
    const phase = phaseAfter(event);
    if (phase === undefined) return;
    const before = this.#entered.get(run);
    if (before?.phase === phase) return;
    if (before !== undefined) this.#phases.observe({ phase: before.phase }, (event.at - before.at) / 1000);
    if (phase === "ended") this.#entered.delete(run);
    else this.#entered.set(run, { phase, at: event.at });
  }

  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
