/**
 * EEGNet-8,2 (Lawhern et al. 2018, table 2): filters over time, then over electrodes, then a separable convolution. Its limits on the
 * norm of two kernels are left out.
 */
import type { Shape } from "../ir/layers.ts";
import { Net, type NamedArchitecture } from "./net.ts";

const EPSILON = 1e-3;
const FILTERS = 8;
const DEPTH = 2;

export function eegnet(input: Shape, outputs: number): NamedArchitecture {
  const [leads = 0] = input;
  const net = new Net(input);
  net.block("time");
  net.plain("plane");
  net.conv("time", { out: FILTERS, kernel: [1, 64], padding: "same" });
  net.norm("time.norm", EPSILON);
  net.block("electrodes");
  net.conv("electrodes", { out: FILTERS * DEPTH, kernel: [leads, 1], padding: "none", groups: FILTERS });
  net.norm("electrodes.norm", EPSILON);
  net.activation("elu");
  net.pool(
    "mean",
    [1, 4],
    [1, 4],
    [
      [0, 0],
      [0, 0],
    ],
  );
  net.dropout(0.25);
  net.block("separable");
  net.conv("separable.each", { out: FILTERS * DEPTH, kernel: [1, 16], padding: "same", groups: FILTERS * DEPTH });
  net.conv("separable.all", { out: FILTERS * DEPTH, kernel: [1, 1], padding: "same" });
  net.norm("separable.norm", EPSILON);
  net.activation("elu");
  net.pool(
    "mean",
    [1, 8],
    [1, 8],
    [
      [0, 0],
      [0, 0],
    ],
  );
  net.dropout(0.25);
  net.plain("flatten");
  return net.head("head", outputs);
}
