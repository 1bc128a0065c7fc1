// A real agent whose model adds a constant instead of training: what is left is the protocol, the signatures and the disks.
import { onStop, runMain } from "@engraft/runtime/exit";
import { runAgent } from "@engraft/site-agent/agent";

const [, , home] = process.argv;

/** Milliseconds that a round takes here; then it also says figures of patients that it does not have. */
const pace = Number(process.env.ENGRAFT_BENCH_PACE ?? 0);
let measured = 0;
const figures = () => {
  const value = 0.85 + 0.05 * Math.sin(++measured + home.length);
  return { n: 40, positives: null, values: { auroc: { value, low: value - 0.03, high: value + 0.03 } } };
};

const openSiteModel = async () => ({
  engine: "constant",
  // Another constant at each site in each round: equal updates have one digest and would travel once.
  train: async (start, { round, site }) => {
    await new Promise((resolve) => setTimeout(resolve, pace));
    return {
      personal: new Float32Array(0),
      update: new Float32Array(start.length).fill(1e-6 * (round + Number(site.split("-")[1]) / 100)),
      sampleCount: 100,
      seconds: 0,
    };
  },
  trainAlone: async () => ({ vector: new Float32Array(0), personal: new Float32Array(0) }),
  evaluate: async () => (pace > 0 ? figures() : null),
  gain: async () => null,
  tally: async () => null,
  close: async () => undefined,
});

const stopped = new AbortController();
onStop(async () => stopped.abort());
await runMain(() =>
  runAgent({ home, signal: stopped.signal }, { openSiteModel, emit: (event) => process.stdout.write(`${JSON.stringify(event)}\n`) }),
);
