/**
 * A residual network for recordings of one or twelve leads, in the manner of Ribeiro et al. 2020 (Nature Communications 11, 1760),
 * narrower: half a million parameters at twelve leads.
 */
import type { Shape } from "../ir/layers.ts";
import { Net, type NamedArchitecture } from "./net.ts";

const EPSILON = 1e-5;
const STAGES = [
  { out: 32, stride: 1 },
  { out: 64, stride: 2 },
  { out: 128, stride: 2 },
  { out: 128, stride: 2 },
] as const;

export function resnet1d(input: Shape, outputs: number): NamedArchitecture {
  const net = new Net(input);
  const conv = (source: string, out: number, kernel: number, stride = 1, from?: string): string => {
    net.conv(`${source}.conv`, { out, kernel: [kernel], stride, padding: "centred" }, from);
    return net.norm(`${source}.norm`, EPSILON);
  };
  net.block("stem");
  conv("stem", 32, 15, 2);
  net.activation("relu");
  net.pool("max", [3], [2], [[1, 1]]);
  for (const [index, { out, stride }] of STAGES.entries()) {
    const name = `block${index + 1}`;
    net.block(name);
    const before = net.last;
    const width = net.shape[0];
    conv(`${name}.first`, out, 7, stride);
    net.activation("relu");
    const main = conv(`${name}.second`, out, 7);
    const beside = stride === 1 && width === out ? before : conv(`${name}.beside`, out, 1, stride, before);
    net.add(main, beside);
    net.activation("relu");
  }
  net.globalPool();
  return net.head("head", outputs);
}
