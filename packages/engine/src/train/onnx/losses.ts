/**
 * Losses in a graph. What a batch's labels say is prepared outside as two tensors, so that the graph is a few nodes: `targets` and
 * `weights`, by which class weights, unknown labels and the mean over the batch are told.
 */
import { attribute, type Graph } from "../../onnx/graph.ts";
import { permuted, sumOver } from "../../onnx/arrange.ts";
import type { Loss } from "../loss.ts";

export interface LossInputs {
  readonly targets: Float32Array;
  readonly weights: Float32Array;
}

/** Dimensions of the two. */
export function lossShapes(loss: Loss, batch: number): { readonly targets: readonly number[]; readonly weights: readonly number[] } {
  switch (loss.kind) {
    case "sigmoid":
    case "squares":
      return { targets: [batch, loss.outputs], weights: [batch, loss.outputs] };
    case "softmax":
      return { targets: [batch, loss.outputs], weights: [batch, 1] };
    case "cox":
      return { targets: [batch, batch], weights: [batch, 1] };
    default:
      return loss satisfies never;
  }
}

/**
 * From labels, row-major rows x targets. sigmoid, squares: labels and what each counts. softmax: one-hot rows. cox: what each row's risk set
 * takes from the logits, 0 or as good as minus infinity, and the share of the row's event.
 */
export function lossInputs(loss: Loss, y: Float32Array, batch: number): LossInputs {
  switch (loss.kind) {
    case "sigmoid": {
      const weight = (label: number, at: number): number => {
        const [no, yes] = loss.weights?.[at % loss.outputs] ?? [1, 1];
        return Number.isNaN(label) ? 0 : (label === 1 ? yes : no) / batch;
      };
      return { targets: y.map((label) => (Number.isNaN(label) ? 0 : label)), weights: y.map(weight) };
    }
    case "squares":
      return { targets: y, weights: new Float32Array(y.length).fill(1 / batch) };
    case "softmax": {
      const targets = new Float32Array(batch * loss.outputs);
      y.forEach((label, row) => (targets[row * loss.outputs + label] = 1));
      return { targets, weights: y.map((label) => (loss.weights?.[label] ?? 1) / batch) };
    }
    case "cox":
      return coxInputs(y, batch);
    default:
      return loss satisfies never;
  }
}

/** Far enough below every logit, and still finite. */
const OUT_OF_RISK = -1e30;

function coxInputs(y: Float32Array, batch: number): LossInputs {
  const time = (row: number): number => y[2 * row] as number;
  const events = Array.from({ length: batch }, (_, row) => y[2 * row + 1] === 1);
  const count = events.filter(Boolean).length;
  const targets = new Float32Array(batch * batch);
  for (let row = 0; row < batch; row++)
    for (let other = 0; other < batch; other++) targets[row * batch + other] = time(other) >= time(row) ? 0 : OUT_OF_RISK;
  return { targets, weights: Float32Array.from(events, (event) => (event ? 1 / count : 0)) };
}

export interface AddedLoss {
  /** A number without dimensions. */
  readonly loss: string;
  /** [batch, outputs]. */
  readonly gradient: string;
}

/** All losses are sums over `weights`, so each gradient is one too. */
export function addLoss(graph: Graph, { kind }: Loss, logits: string, targets: string, weights: string): AddedLoss {
  const weighted = (values: string): string => graph.node("Mul", [weights, values]);
  const difference = (from: string): string => graph.node("Sub", [from, targets]);
  switch (kind) {
    case "sigmoid": {
      // log(1 + e^z) - z y
      const each = graph.node("Sub", [softplus(graph, logits), graph.node("Mul", [logits, targets])]);
      return { loss: sumOver(graph, weighted(each)), gradient: weighted(difference(graph.node("Sigmoid", [logits]))) };
    }
    case "squares": {
      const off = difference(logits);
      return {
        loss: sumOver(graph, weighted(graph.node("Mul", [off, off]))),
        gradient: weighted(graph.node("Mul", [off, graph.scalar(2)])),
      };
    }
    case "softmax": {
      const axis = [attribute.int("axis", 1)];
      const picked = graph.node("Mul", [targets, graph.node("LogSoftmax", [logits], axis)]);
      return {
        loss: graph.node("Neg", [sumOver(graph, weighted(picked))]),
        gradient: weighted(difference(graph.node("Softmax", [logits], axis))),
      };
    }
    case "cox":
      return coxLoss(graph, logits, targets, weights);
    default:
      return kind satisfies never;
  }
}

/** max(z, 0) + log(1 + e^-|z|): without overflow. */
function softplus(graph: Graph, z: string): string {
  const small = graph.node("Exp", [graph.node("Neg", [graph.node("Abs", [z])])]);
  return graph.node("Add", [graph.node("Relu", [z]), graph.node("Log", [graph.node("Add", [small, graph.scalar(1)])])]);
}

/** Negative log partial likelihood (Cox 1975; ties as Breslow 1974) within the batch: row i of `risk` masks who was no longer at risk. */
function coxLoss(graph: Graph, logits: string, risk: string, weights: string): AddedLoss {
  const row = permuted(graph, logits, [1, 0]);
  const atRisk = graph.node("Add", [risk, row]);
  const total = graph.node("ReduceLogSumExp", [atRisk], [attribute.ints("axes", [1]), attribute.int("keepdims", 1)]);
  const each = graph.node("Mul", [weights, graph.node("Sub", [total, logits])]);
  const shares = graph.node("Softmax", [atRisk], [attribute.int("axis", 1)]);
  const expected = graph.node("Gemm", [shares, weights], [attribute.int("transA", 1)]);
  return { loss: sumOver(graph, each), gradient: graph.node("Sub", [expected, weights]) };
}
