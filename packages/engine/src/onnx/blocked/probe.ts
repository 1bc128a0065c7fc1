/**
 * Which block size this machine's ONNX Runtime has: the operators are not documented and a wrong size gives wrong numbers without a word, so
 * each size must prove itself on a convolution whose result is known.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { attribute, Graph, onnxFile } from "../graph.ts";
import { permuted, reshape } from "../arrange.ts";
import { nchwc, NCHWC } from "./layout.ts";

/** 0: the blocked operators cannot be used here. */
export type Block = 0 | 8 | 16;

const CHANNELS = 32;
const SPACE = 5;

function probeFile(block: number): Uint8Array {
  const graph = new Graph();
  const padding = attribute.ints("pads", [1, 1, 1, 1]);
  const window = attribute.ints("kernel_shape", [3, 3]);
  graph.node("Conv", ["x", "w"], [window, padding], ["expected"]);
  const six = reshape(graph, "w", [CHANNELS / block, block, CHANNELS / block, block, 3, 3]);
  const kernel = reshape(graph, permuted(graph, six, [0, 2, 4, 5, 3, 1]), [CHANNELS, CHANNELS, 3, 3]);
  const product = nchwc(graph, "Conv", [nchwc(graph, "ReorderInput", ["x"]), kernel], [window, padding]);
  graph.node("ReorderOutput", [product], [attribute.int("channels", CHANNELS)], ["actual"], NCHWC);
  const image = [1, CHANNELS, SPACE, SPACE];
  const inputs = [
    { name: "x", dims: image },
    { name: "w", dims: [CHANNELS, CHANNELS, 3, 3] },
  ];
  return onnxFile(
    graph.body("probe", inputs, [
      { name: "expected", dims: image },
      { name: "actual", dims: image },
    ]),
    { [NCHWC]: 1 },
  );
}

async function works(block: number): Promise<boolean> {
  try {
    const session = await InferenceSession.create(probeFile(block), { logSeverityLevel: 3 });
    const values = (count: number): Float32Array => Float32Array.from({ length: count }, (_, at) => Math.sin(at));
    const outputs = await session.run({
      x: new Tensor("float32", values(CHANNELS * SPACE * SPACE), [1, CHANNELS, SPACE, SPACE]),
      w: new Tensor("float32", values(CHANNELS * CHANNELS * 9), [CHANNELS, CHANNELS, 3, 3]),
    });
    await session.release();
    const [expected, actual] = [outputs["expected"]?.data as Float32Array, outputs["actual"]?.data as Float32Array];
    return expected.every((value, at) => Math.abs(value - (actual[at] as number)) < 1e-3);
  } catch {
    return false;
  }
}

let found: Promise<Block> | undefined;

async function search(): Promise<Block> {
  for (const block of [16, 8] as const) if (await works(block)) return block;
  return 0;
}

/** Looked for once in each process. `ENGRAFT_ONNX_BLOCK=0` keeps to the standard operators. */
export const blockHere = (env: Readonly<Record<string, string | undefined>> = process.env): Promise<Block> =>
  env["ENGRAFT_ONNX_BLOCK"] === "0" ? Promise.resolve(0) : (found ??= search());
