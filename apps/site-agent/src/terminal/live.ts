/** The running agent in a terminal: a bar for the run's rounds, one for the step under way, and a sentence for what matters. */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { AgentEvent } from "../events.ts";

const PHASES: Readonly<Record<string, string>> = {
  download: "downloading",
  prepare: "preparing files",
  train: "training",
  evaluate: "evaluating",
  upload: "uploading",
};

export interface LiveView {
  readonly show: (event: AgentEvent) => void;
  readonly close: () => void;
}

interface RunBars {
  readonly all: MultiBar;
  readonly rounds: SingleBar;
  /** The step under way, if any. */
  step: SingleBar | undefined;
}

/** Writes to stderr, because stdout belongs to results. */
export function showInTerminal(): LiveView {
  let run: RunBars | undefined;
  const say = (text: string): void => {
    // The bars print what is logged when they are drawn next; without a bar nothing is drawn.
    if (run === undefined) process.stderr.write(`${text}\n`);
    else run.all.log(`${text}\n`);
  };
  const endRun = (): void => {
    run?.all.stop();
    run = undefined;
  };
  const show = (event: AgentEvent): void => {
    if (event.event === "ask") {
      run ??= openBars(event.rounds);
      run.rounds.setTotal(event.rounds);
      const train = event.kind === "train";
      run.rounds.update(train ? event.round - 1 : event.round, {
        label: label(event.run),
        figures: train ? `round ${event.round} of ${event.rounds}` : "final evaluation",
      });
    } else if (event.event === "progress" && run !== undefined) {
      showStep(run, event);
    } else if (event.event === "answer" && event.kind === "train") {
      run?.rounds.update(event.round, { figures: `round ${event.round} done` });
    } else if (event.event === "answer" || event.event === "cancelled") {
      endRun();
    }
    const text = sentence(event);
    if (text !== undefined) say(text);
  };
  return { show, close: endRun };
}

function openBars(total: number): RunBars {
  const all = new MultiBar(
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
  return { all, rounds: all.create(total, 0, { label: "", figures: "" }), step: undefined };
}

function showStep(run: RunBars, { phase, done, total }: Extract<AgentEvent, { event: "progress" }>): void {
  if (phase === "wait") {
    if (run.step !== undefined) run.all.remove(run.step);
    run.step = undefined;
    return;
  }
  run.step ??= run.all.create(1, 0, { label: "", figures: "" });
  run.step.setTotal(Math.max(1, total));
  const figures = phase === "download" || phase === "upload" ? `${size(done)} of ${size(total)}` : `${done} of ${total}`;
  run.step.update(done, { label: label(PHASES[phase] ?? phase), figures });
}

const label = (text: string): string => text.padEnd(24);

const size = (bytes: number): string => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`);

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
    case "answer":
      return event.kind === "evaluate" ? `${event.run} is done here: the evaluation is with the coordinator.` : undefined;
    case "cancelled":
      return `${event.run}: ${event.text}`;
    case "paused":
      return event.paused ? "Paused: every ask is declined." : "Takes part again.";
    default:
      return undefined;
  }
}
