/** GET /metrics: counts for Prometheus. No names of sites, plans or people. */
import type { RunEvent } from "@engraft/core/rounds/events";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { kindOf, type Answer, type Refused } from "../rounds/run-audit.ts";

export class Metrics {
  readonly #registry = new Registry();
  readonly #rounds: Counter;
  readonly #runsEnded: Counter;
  readonly #accepted: Counter;
  readonly #refused: Counter;
  readonly #dropped: Counter;
  readonly #bytes: Counter;
  readonly #duration: Histogram;
  readonly #opened = new Map<string, number>();

  constructor(gauges: { readonly agents: () => number; readonly runs: () => number; readonly faults: () => number }) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#rounds = new Counter({ name: "engraft_rounds_total", help: "Rounds that ended with a checkpoint", registers });
    this.#runsEnded = new Counter({ name: "engraft_runs_ended_total", help: "Runs that ended, by how", labelNames: ["how"], registers });
    this.#accepted = new Counter({
      name: "engraft_answers_accepted_total",
      help: "Answers of sites that count",
      labelNames: ["kind"],
      registers,
    });
    this.#refused = new Counter({
      name: "engraft_answers_refused_total",
      help: "Answers of sites that were refused, by code",
      labelNames: ["kind", "code"],
      registers,
    });
    this.#dropped = new Counter({
      name: "engraft_sites_dropped_total",
      help: "Sites dropped from a round, by code",
      labelNames: ["code"],
      registers,
    });
    this.#bytes = new Counter({
      name: "engraft_link_bytes_total",
      help: "Bytes to (out) and from (in) the agents",
      labelNames: ["direction"],
      registers,
    });
    this.#duration = new Histogram({
      name: "engraft_round_seconds",
      help: "From a round's opening to its checkpoint",
      buckets: [0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3600, 14_400, 86_400],
      registers,
    });
    this.#gauge("engraft_agents_connected", "Agents with a link now", gauges.agents);
    this.#gauge("engraft_runs_live", "Runs that have not ended", gauges.runs);
    this.#gauge("engraft_storage_faults", "What the disk or the database does not let the coordinator do now", gauges.faults);
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  bytes(direction: "in" | "out", count: number): void {
    this.#bytes.inc({ direction }, count);
  }

  answer(command: Answer, refused: Refused | undefined): void {
    if (refused === undefined) this.#accepted.inc({ kind: kindOf(command) });
    else this.#refused.inc({ kind: kindOf(command), code: refused.code });
  }

  event(run: string, event: RunEvent): void {
    if (event.type === "round.opened") this.#opened.set(run, event.at);
    if (event.type === "site.dropped") this.#dropped.inc({ code: event.code });
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

  async text(): Promise<{ readonly type: string; readonly body: string }> {
    return { type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}
