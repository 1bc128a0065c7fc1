import { trainFederation } from "./federation.ts";
const a = (name: any, serverRate: number): any => ({ name, serverRate, beta1: 0.9, beta2: 0.99, tau: 0.001 });
const kinds: [any, "all" | "head", number[]][] = [
  [undefined, "head", [0.001, 0.003, 0.01, 0.03]],
  [undefined, "all", [0.001]],
  [{ name: "fedprox", mu: 1 }, "all", [0.001]],
  [a("fedadam", 0.003), "all", [0.001]],
  [a("fedyogi", 0.003), "all", [0.003, 0.01, 0.001]],
  [{ name: "scaffold", serverRate: 1 }, "all", [0.01]],
  [{ name: "fedavgm", serverRate: 0.3, momentum: 0.9 }, "all", [0.001]],
  [{ name: "median" }, "all", [0.001]],
  [{ name: "fedadagrad", serverRate: 0.03, beta1: 0, tau: 0.001 }, "all", [0.001]],
];
const med = (v: number[]) => [...v].sort((x, y) => x - y)[2] as number;
for (const [strategy, part, rates] of kinds)
  for (const learningRate of rates) {
    const f = [];
    for (const seed of [1, 2, 3, 4, 5]) f.push(await trainFederation({ strategy, part, learningRate }, 15, seed));
    const t = f.map((x) => x.test);
    console.log(
      JSON.stringify(strategy ?? "fedavg"),
      part,
      learningRate,
      med(f.map((x) => x.validation)).toFixed(3),
      med(t).toFixed(4),
      Math.min(...t).toFixed(3),
      Math.max(...t).toFixed(3),
    );
  }
