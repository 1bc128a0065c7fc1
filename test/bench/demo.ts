/** `demo`: the demo's federated fine-tuning from the command to the downloaded model, 15 rounds of 100 local updates. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { meanAuroc, type DemoResult } from "../../examples/demo/run.ts";
import { freePort } from "../../tools/federation/ports.ts";
import type { BenchOptions } from "./main.ts";
import { runFlower, shared } from "./peers.ts";
import { median, row, type Row } from "./report.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export async function benchDemo(options: BenchOptions): Promise<readonly Row[]> {
  const results: { result: DemoResult; wall: number }[] = [];
  for (let repeat = 0; repeat < (options.quick ? 1 : 3); repeat++) {
    const started = performance.now();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "examples/demo/main.ts", "--once", "--json", "--port", String(await freePort())],
      { cwd: ROOT, maxBuffer: 16 * 1024 * 1024 },
    );
    results.push({ result: JSON.parse(stdout.trim()) as DemoResult, wall: (performance.now() - started) / 1000 });
  }
  const first = results[0]?.result;
  const rounds = first?.rounds ?? 0;
  const flower = options.quick
    ? []
    : await runFlower(options.peerPython, [
        "--clients",
        "4",
        "--mode",
        "heart",
        "--rounds",
        String(rounds),
        "--data",
        shared("data/heart-disease"),
      ]);
  const total = flower[0]?.["command_to_done_s"];
  const baseline = typeof total === "number" ? { name: "Flower, logistic regression", value: total } : undefined;
  const mean = (model: "alone" | "federated"): number => (first === undefined ? Number.NaN : (meanAuroc(first, model) ?? Number.NaN));
  const name = `heart disease, 4 hospitals, ${rounds} rounds`;
  return [
    row(name, "command to downloaded model, median", "s", median(results.map(({ wall }) => wall)), baseline),
    row(name, "training, slowest site of each round", "s", median(results.map(({ result }) => result.seconds.training))),
    row(name, "rounds beyond training", "s", median(results.map(({ result }) => result.seconds.coordinator))),
    row(name, "AUROC federated, mean of hospitals", "1", mean("federated"), { name: "trained alone", value: mean("alone") }),
  ];
}
