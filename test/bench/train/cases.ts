/** Networks that `train` trains, with random weights and samples: their content costs no time. */
import { sizeOf, type TrainablePart } from "@engraft/core/models/tensors";
import { mlp } from "@engraft/engine/architectures/mlp";
import { initialTensors, untrained } from "@engraft/engine/architectures/untrained";
import { randomFrom } from "@engraft/engine/base/random";
import { cutFor, tailOf } from "@engraft/engine/ir/cut";
import { inputShape, sizeOfShape, type Architecture } from "@engraft/engine/ir/layers";
import { tensorsOf } from "@engraft/engine/ir/parameters";
import type { NetworkCase } from "../../support/torch-network.ts";

export interface Case {
  readonly title: string;
  readonly architecture: () => Architecture;
  readonly trainable: TrainablePart;
  /** Time of a step, of PyTorch's. */
  readonly goal: number | undefined;
}

const BATCH = 32;
/** Features of a picture, as the encoders give them. */
const FEATURES = 1280;
/** Running statistics are used, and stay. */
const LAST_BLOCK: TrainablePart = { part: "last-blocks", blocks: 1 };
const ALL: TrainablePart = { part: "all", norm: "shared" };

const head = (hidden: readonly number[]): Architecture => ({ ...mlp([FEATURES], 1, hidden).architecture, output: "binary-logit" });

const both = (title: string, name: string, shape: readonly number[], goal: number | undefined): readonly Case[] => {
  const architecture = (): Architecture => untrained(name, shape);
  return [
    { title: `${title}, last block`, architecture, trainable: LAST_BLOCK, goal },
    { title: `${title}, all layers`, architecture, trainable: ALL, goal },
  ];
};

const HEAD = 0.6;
const MOBILE = 0.7;

export const CASES: readonly Case[] = [
  { title: `head ${FEATURES}-1 on features`, architecture: () => head([]), trainable: ALL, goal: HEAD },
  { title: `head ${FEATURES}-128-1 on features`, architecture: () => head([128]), trainable: ALL, goal: HEAD },
  ...both("ECG ResNet-1D [12, 1000]", "resnet1d", [12, 1000], 1.1),
  ...both("EEGNet [22, 512]", "eegnet", [22, 512], undefined),
  ...both("MobileNetV2 0.35, 96 px", "mobilenet_v2_035", [3, 96, 96], MOBILE),
  ...both("EfficientNet-Lite0, 128 px", "efficientnet_lite0", [3, 128, 128], MOBILE),
  ...both("EfficientNet-Lite0, 224 px", "efficientnet_lite0", [3, 224, 224], MOBILE),
  ...both("ResNet-18, 96 px", "resnet18", [3, 96, 96], 1.8),
];

/** What both sides train: the layers behind the cut, on what crosses it. */
export function networkOf({ architecture: build, trainable }: Case): NetworkCase {
  const whole = build();
  const depth = trainable.part === "last-blocks" ? trainable.blocks : Number.POSITIVE_INFINITY;
  const architecture = tailOf(whole, cutFor(whole, depth));
  const random = randomFrom(["train"]);
  const signed = (limit: number) => (): number => limit * (2 * random.uniform() - 1);
  const initial = initialTensors(architecture, 1);
  const tensors = new Map(
    tensorsOf(architecture).map((spec) => {
      // Training begins with a head of zeros, behind which no gradient would arrive.
      const isHead = spec.depth === 0 && spec.name.endsWith("/kernel");
      const values = initial.get(spec.name) as Float32Array;
      return [spec.name, isHead ? values.map(signed(1 / Math.sqrt(sizeOf(spec)))) : values];
    }),
  );
  return {
    architecture,
    tensors,
    trainable,
    batch: BATCH,
    x: Float32Array.from({ length: BATCH * sizeOfShape(inputShape(architecture)) }, signed(1)),
    y: Float32Array.from({ length: BATCH }, () => random.below(2)),
  };
}
