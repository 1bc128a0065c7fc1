/** The running agent in a terminal: a bar for the run's rounds, one for the step under way, and a sentence for what matters. */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { AgentEvent } from "../events.ts";

const PHASES: Readonly<Record<string, string>> = {
  download: "downloading",
  train: "training",
  evaluate: "evaluating",
  upload: "uploading",
};

export interface LiveView {
  readonly show: (event: AgentEvent) => void;
  readonly close: () => void;
}

/** Writes to stderr, because stdout belongs to results. */
export function showInTerminal(): LiveView {
  const bars = new MultiBar(
    {
      format: "{label} [{bar}] {figures}",
      hideCursor: true,
      clearOnComplete: false,
      gracefulExit: false,
      stream: process.stderr,
      fps: 8,
      barsize: 30,
    },
    Presets.shades_grey,
  );
  let rounds: SingleBar | undefined;
  let step: SingleBar | undefined;
  const label = (text: string): string => text.padEnd(24);
  const say = (text: string): void => bars.log(`${text}\n`);
  const show = (event: AgentEvent): void => {
    const text = sentence(event);
    if (text !== undefined) say(text);
    if (event.event === "ask") {
      rounds ??= bars.create(event.rounds, 0, { label: "", figures: "" });
      rounds.setTotal(event.rounds);
      rounds.update(event.kind === "train" ? event.round - 1 : event.round, {
        label: label(event.run),
        figures: event.kind === "train" ? `round ${event.round} of ${event.rounds}` : "final evaluation",
      });
    } else if (event.event === "progress" && event.phase === "wait") {
      if (step !== undefined) bars.remove(step);
      step = undefined;
    } else if (event.event === "progress") {
      step ??= bars.create(1, 0, { label: "", figures: "" });
      step.setTotal(Math.max(1, event.total));
      step.update(event.done, {
        label: label(PHASES[event.phase] ?? event.phase),
        figures:
          event.phase === "download" || event.phase === "upload"
            ? `${megabytes(event.done)} of ${megabytes(event.total)}`
            : `${event.done} of ${event.total}`,
      });
    } else if (event.event === "answer" && rounds !== undefined) {
      rounds.update(event.round, { figures: event.kind === "train" ? `round ${event.round} done` : "done" });
    }
  };
  return { show, close: () => bars.stop() };
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** What a person wants to know as it happens; undefined for what the bars show. */
export function sentence(event: AgentEvent): string | undefined {
  switch (event.event) {
    case "online":
      return `Online as ${event.site} at ${event.coordinator}.${Math.abs(event.skewMs) > 60_000 ? ` This machine's clock differs by ${Math.round(event.skewMs / 1000)} s.` : ""}`;
    case "offline":
      return `Offline: ${event.text} (${event.code}) Next attempt in ${Math.max(1, Math.round(event.retryMs / 1000))} s.`;
    case "plan.offered":
      return event.withdrawn
        ? `Plan ${event.name} ${event.version} was withdrawn.`
        : `Plan ${event.name} ${event.version} was offered. Read it with "engraft-site review ${event.plan.slice(0, 12)}".`;
    case "plan.unusable":
      return `A plan was offered that cannot be used: ${event.text} (${event.code})`;
    case "approval.recorded":
      return `The coordinator keeps the decision: plan ${event.plan.slice(0, 12)} ${event.decision}.`;
    case "declined":
      return `Declined ${event.run}, round ${event.round}: ${event.text} (${event.code})`;
    case "refused":
      return `The coordinator refused the answer to ${event.run}, round ${event.round}: ${event.text} (${event.code})`;
    case "cancelled":
      return `${event.run}: ${event.text}`;
    case "paused":
      return event.paused ? "Paused: every ask is declined." : "Takes part again.";
    default:
      return undefined;
  }
}
