/** What the demo shows while it works, on stderr: bars in a terminal, a line per step elsewhere. */
import { MultiBar, Presets, type SingleBar } from "cli-progress";
import type { Program } from "../../tools/federation/program.ts";

export interface Screen {
  step(text: string): void;
  /** Rounds that ended with a checkpoint. */
  round(done: number, total: number, phase: string): void;
  /** Follows an agent's own progress lines: transfers, training, evaluation. */
  watch(site: string, agent: Program): void;
  close(): void;
}

export function openScreen(options: { readonly bars: boolean }): Screen {
  return options.bars ? barScreen() : lineScreen();
}

function lineScreen(): Screen {
  let last = -1;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    step: (text) => say(`- ${text} ...`),
    round: (done, total, phase) => {
      if (done === last) return;
      last = done;
      say(`  round ${done} of ${total} (${phase})`);
    },
    watch: () => undefined,
    close: () => undefined,
  };
}

function barScreen(): Screen {
  const bars = new MultiBar(
    { format: "  {name} {bar} {value}/{total} {what}", hideCursor: true, clearOnComplete: false, stream: process.stderr },
    Presets.shades_classic,
  );
  let rounds: SingleBar | undefined;
  let open = true;
  return {
    step: (text) => bars.log(`- ${text} ...\n`),
    round: (done, total, phase) => {
      rounds ??= bars.create(total, 0, { name: "rounds".padEnd(14), what: phase });
      rounds.update(done, { what: phase });
    },
    watch: (site, agent) => {
      const bar = bars.create(1, 0, { name: site.padEnd(14), what: "waiting" });
      agent.onLine((line) => {
        if (line.event !== "progress" || typeof line["total"] !== "number" || typeof line["done"] !== "number") return;
        bar.setTotal(Math.max(1, line["total"]));
        bar.update(line["done"], { what: String(line["phase"]) });
      });
    },
    close: () => {
      if (!open) return;
      open = false;
      bars.stop();
    },
  };
}
