/**
 * `sweep`: strategies and learning rates on the heart-disease hospitals, over seeds. For each strategy the figures and the rate that do
 * best on validation patients are chosen, and its AUROC on test patients is shown beside FedAvg's, chosen likewise.
 */
import { STRATEGY_TITLES, type Strategy } from "@engraft/core/models/strategy";
import type { BenchOptions } from "../main.ts";
import { median, row, type Row } from "../report.ts";
import { trainFederation, type Figures, type Tried } from "./federation.ts";

const ROUNDS = 15;
const SEEDS = [1, 2, 3, 4, 5];
const RATES = [0.0003, 0.001, 0.003, 0.01];

const adaptive = (name: "fedadam" | "fedyogi", serverRate: number): Strategy => ({ name, serverRate, beta1: 0.9, beta2: 0.99, tau: 0.001 });

/** Krum is not among them: four hospitals are too few for it. */
const OVER_ALL: readonly (Strategy | undefined)[] = [
  undefined,
  { name: "fedavgm", serverRate: 1, momentum: 0.5 },
  { name: "fedavgm", serverRate: 0.3, momentum: 0.9 },
  { name: "fedadagrad", serverRate: 0.03, beta1: 0, tau: 0.001 },
  adaptive("fedadam", 0.01),
  adaptive("fedadam", 0.003),
  adaptive("fedyogi", 0.01),
  adaptive("fedyogi", 0.003),
  { name: "fedprox", mu: 0.01 },
  { name: "fedprox", mu: 0.1 },
  { name: "fedprox", mu: 1 },
  { name: "scaffold", serverRate: 1 },
  { name: "median" },
  { name: "trimmed-mean", liars: 1 },
];
const KINDS: readonly Pick<Tried, "strategy" | "part">[] = [
  ...OVER_ALL.map((strategy) => ({ strategy, part: "all" as const })),
  { strategy: undefined, part: "head" },
];

/** Plain steps go a tenth as far as steps with a momentum of 0.9. */
const rateOf = (strategy: Strategy | undefined, rate: number): number => (strategy?.name === "scaffold" ? 10 * rate : rate);

interface Swept extends Tried {
  readonly seeds: readonly Figures[];
}

const titleOf = ({ strategy, part }: Tried): string =>
  `${strategy === undefined ? "FedAvg" : STRATEGY_TITLES[strategy.name]}${part === "head" ? ", head only" : ""}`;
const validation = ({ seeds }: Swept): number => median(seeds.map((seed) => seed.validation));
const test = ({ seeds }: Swept): number => median(seeds.map((seed) => seed.test));

export async function benchSweep({ quick }: BenchOptions): Promise<readonly Row[]> {
  const [seeds, rates] = quick ? [SEEDS.slice(0, 2), RATES.slice(1, 2)] : [SEEDS, RATES];
  const swept: Swept[] = [];
  for (const kind of KINDS) {
    for (const rate of rates) {
      const tried = { ...kind, learningRate: rateOf(kind.strategy, rate) };
      const figures: Figures[] = [];
      for (const seed of seeds) figures.push(await trainFederation(tried, quick ? 3 : ROUNDS, seed));
      swept.push({ ...tried, seeds: figures });
      process.stderr.write(`${nameOf(tried)}: validation ${validation(swept.at(-1) as Swept).toFixed(3)}\n`);
    }
  }
  const chosen = [...new Set(swept.map(titleOf))].map((title) =>
    swept.filter((one) => titleOf(one) === title).reduce((best, one) => (validation(one) > validation(best) ? one : best)),
  );
  const fedavg = chosen[0] as Swept;
  return [
    ...chosen.map((one) => line(one, fedavg, "chosen")),
    ...swept.filter((one) => !chosen.includes(one)).map((one) => line(one, fedavg)),
  ];
}

function nameOf(tried: Tried): string {
  const { name: _, ...figures } = tried.strategy ?? { name: "fedavg" };
  const settings = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  return `${titleOf(tried)}, ${[...settings, `rate ${tried.learningRate}`].join(", ")}`;
}

function line(swept: Swept, fedavg: Swept, how = "not chosen"): Row {
  const tests = swept.seeds.map((seed) => seed.test);
  const spread = `test ${Math.min(...tests).toFixed(3)} to ${Math.max(...tests).toFixed(3)}`;
  const note = `${how}; validation ${validation(swept).toFixed(3)}; ${spread} over ${tests.length} seeds`;
  return row(
    nameOf(swept),
    "AUROC, mean of hospitals, median of seeds",
    "1",
    test(swept),
    { name: "FedAvg", value: test(fedavg) },
    undefined,
    note,
  );
}
