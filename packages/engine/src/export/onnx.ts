/** `model.onnx`: the whole model, from raw values to predictions, in operators of ai.onnx and, for codes of a table, ai.onnx.ml. */
import type { Shape } from "../ir/layers.ts";
import { parametersOf } from "../ir/parameters.ts";
import { attribute, Graph, onnxFile } from "../onnx/graph.ts";
import { addForward, GRAPH_OUTPUT } from "../trunk/lower.ts";
import { addEntry } from "./entry-graph.ts";
import { predictionOf, type Prediction } from "./prediction.ts";
import type { ReadySource } from "./source.ts";

/** Version of the operators that read codes; asked for where a table has any. */
const ML_OPERATORS = { "ai.onnx.ml": 3 };

/** Inputs as `addEntry` has them; outputs as `Prediction` names them, [N, outputs]: the prediction, then what the last layer gives. */
export function onnxModel(source: ReadySource): Uint8Array {
  const { manifest, architecture, tensors, marks } = source;
  // A point stands in no field's name.
  const graph = new Graph("engraft.");
  const inputs = addEntry(graph, source);
  const shapes = new Map(architecture.layers.flatMap(parametersOf).map(({ name, shape }) => [name, shape]));
  const size = addForward(graph, architecture, (name) => graph.floats(tensors.get(name) as Float32Array, shapes.get(name) as Shape));
  const prediction = predictionOf(manifest.label);
  addPrediction(graph, prediction);
  const names = [...new Set([prediction.name, prediction.raw])];
  const outputs = names.map((name) => ({ name, dims: ["batch", size] }));
  const body = graph.body(manifest.name.replaceAll("-", "_"), inputs, outputs);
  const hasCodes = manifest.inputs.some(({ kind }) => kind === "one-hot");
  return onnxFile(body, hasCodes ? ML_OPERATORS : {}, { text: manifest.title, entries: marks });
}

function addPrediction(graph: Graph, prediction: Prediction): void {
  const raw = graph.node("Identity", [GRAPH_OUTPUT], [], [prediction.raw]);
  const { name } = prediction;
  switch (prediction.kind) {
    case "sigmoid":
      return void graph.node("Sigmoid", [raw], [], [name]);
    case "softmax":
      return void graph.node("Softmax", [raw], [attribute.int("axis", 1)], [name]);
    case "scale": {
      const within = graph.node("Clip", [raw, graph.scalar(-1), graph.scalar(1)]);
      const above = graph.node("Add", [within, graph.scalar(1)]);
      const share = graph.node("Mul", [above, graph.scalar(prediction.half)]);
      return void graph.node("Add", [share, graph.scalar(prediction.min)], [], [name]);
    }
    case "none":
      return;
    default:
      return prediction satisfies never;
  }
}
