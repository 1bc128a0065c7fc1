/** A gated recurrent unit over the steps of a recording, with a linear layer on its last state (Cho et al. 2014). */
import type { Shape } from "../ir/layers.ts";
import { Net, type NamedArchitecture } from "./net.ts";

const UNITS = 64;

export function gru(input: Shape, outputs: number): NamedArchitecture {
  const net = new Net(input);
  net.plain("transpose");
  net.gru("gru", UNITS);
  return net.head("head", outputs);
}
