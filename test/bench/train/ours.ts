/** A process that trains one network with one engine: `ours.js FOLDER ENGINE`. Answers {"steps": n} with the mean of n steps. */
import { createInterface } from "node:readline";
import { flatten, trainedTensors } from "@engraft/core/models/tensors";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import { startState } from "@engraft/engine/train/optimizer";
import { ratesOf } from "@engraft/engine/train/rates";
import { AT_ONCE } from "@engraft/engine/train/batches";
import type { CompileOptions } from "@engraft/engine/train/trainer";
import { readNetwork } from "../../support/torch-network.ts";
import { openEngine } from "./engines.ts";

const say = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);

async function serve(folder: string, engine: string): Promise<void> {
  const network = await readNetwork(folder);
  const { architecture, tensors, trainable, batch, x, y } = network;
  // As torch/train.py.
  const options: CompileOptions = {
    trainable,
    batch,
    optimizer: { name: "adam", learningRate: 1e-3 },
    weightDecay: 0,
    loss: { kind: "sigmoid", outputs: 1 },
  };
  const trainer = await openEngine(engine, network, options);
  const model = trainer.compile(architecture, tensors, options);
  const trained = trainedTensors(tensorsOf(architecture), trainable);
  const state = startState(flatten(trained, tensors), options);
  state.rates = ratesOf(trained, {}, 1);
  say({ name: trainer.name });
  const samples = { x, width: x.length / batch, y, targets: y.length / batch };
  /** Losses, as a round trains: in one call where the engine takes many steps at once. */
  const take = async (count: number): Promise<readonly number[]> =>
    model.steps === undefined
      ? [await model.step(x, y, state)]
      : [
          ...(await model.steps(
            samples,
            Int32Array.from({ length: count * batch }, (_, at) => at % batch),
            state,
          )),
        ];
  for await (const line of createInterface({ input: process.stdin })) {
    const { steps } = JSON.parse(line) as { readonly steps: number };
    const [started, before] = [performance.now(), process.cpuUsage()];
    let loss = Number.NaN;
    for (let done = 0; done < steps;) {
      const losses = await take(Math.min(AT_ONCE, steps - done));
      loss = losses.at(-1) as number;
      done += losses.length;
    }
    const { user, system } = process.cpuUsage(before);
    say({ ms: (performance.now() - started) / steps, cpuMs: (user + system) / 1000 / steps, loss });
  }
}

const [folder = "", engine = ""] = process.argv.slice(2);
await serve(folder, engine).catch((error: unknown) => {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
