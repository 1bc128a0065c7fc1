/**
 * Benchmarks: `npm run bench -- NAME [--json]`. Absolute times mean nothing on a shared machine, so each case runs beside a
 * baseline in the same call wherever one can run here; the ratio is what to quote.
 */
import { EngraftError } from "@engraft/core/base/errors";
import { runMain } from "@engraft/runtime/exit";
import { Command } from "commander";
import { killAll } from "../../tools/federation/program.ts";
import { benchFeatures } from "./features.ts";
import { benchCheck } from "./check.ts";
import { benchCnn } from "./cnn.ts";
import { benchCompare } from "./compare.ts";
import { benchDashboard } from "./dashboard.ts";
import { benchDemo } from "./demo.ts";
import { benchEcg } from "./hospitals/ecg.ts";
import { benchHeart } from "./hospitals/heart.ts";
import { benchTcga } from "./hospitals/tcga.ts";
import { benchMri, benchMriFew } from "./hospitals/mri.ts";
import { asTable, machine, type Report, type Row } from "./report.ts";
import { benchRound } from "./round.ts";
import { benchScale } from "./scale.ts";
import { benchSecagg } from "./secagg/bench.ts";
import { benchSweep } from "./sweep/sweep.ts";
import { benchTrain } from "./train/bench.ts";
import { ENGINES } from "./train/engines.ts";
import { benchTrunk } from "./trunk.ts";

export interface BenchOptions {
  /** Python of an environment with the peer's packages; without it no baseline runs. */
  readonly peerPython: string | undefined;
  readonly quick: boolean;
  /** Of `train`: the one engine that is measured. */
  readonly engine: string | undefined;
  /** Of `train`: only cases whose names hold this. */
  readonly only: string | undefined;
}

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<readonly Row[]>>> = {
  round: benchRound,
  demo: benchDemo,
  heart: benchHeart,
  tcga: benchTcga,
  mri: benchMri,
  "mri-few": benchMriFew,
  ecg: benchEcg,
  scale: benchScale,
  secagg: benchSecagg,
  features: benchFeatures,
  check: benchCheck,
  trunk: benchTrunk,
  sweep: benchSweep,
  cnn: benchCnn,
  train: benchTrain,
  compare: benchCompare,
  dashboard: benchDashboard,
};

async function main(): Promise<void> {
  const program = new Command("npm run bench --")
    .argument("<name>", Object.keys(BENCHES).join(", "))
    .option("--json", "print, last, one JSON object", false)
    .option("--quick", "fewer cases and rounds", false)
    .option("--peer-python <file>", "Python with flwr installed, to run Flower beside us (also ENGRAFT_PEER_PYTHON)")
    .option("--engine <name>", `of train: ${ENGINES.join(", ")}; all by default`)
    .option("--case <text>", "of train: only cases whose names hold this text")
    .parse();
  const name = program.args[0] ?? "";
  const options = program.opts<{ json: boolean; quick: boolean; peerPython?: string; engine?: string; case?: string }>();
  const bench = BENCHES[name];
  if (bench === undefined)
    throw new EngraftError("bad-input", `There is no benchmark "${name}". There are: ${Object.keys(BENCHES).join(", ")}.`);
  try {
    const rows = await bench({
      peerPython: options.peerPython ?? process.env["ENGRAFT_PEER_PYTHON"],
      quick: options.quick,
      engine: options.engine,
      only: options.case,
    });
    const report: Report = { bench: name, machine: machine(), rows };
    process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : asTable(report));
  } finally {
    await killAll();
  }
}

await runMain(main);
