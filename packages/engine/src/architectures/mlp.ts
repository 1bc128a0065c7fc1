/** Networks for a row of a table: a multilayer perceptron, and logistic regression, which is one without hidden layers. */
import type { Shape } from "../ir/layers.ts";
import { Net, type NamedArchitecture } from "./net.ts";

export function mlp(input: Shape, outputs: number, hidden: readonly number[] = [32, 16]): NamedArchitecture {
  const net = new Net(input);
  for (const [index, width] of hidden.entries()) {
    net.dense(`hidden${index + 1}`, width);
    net.activation("relu");
  }
  return net.head("head", outputs);
}

export const logistic = (input: Shape, outputs: number): NamedArchitecture => mlp(input, outputs, []);
