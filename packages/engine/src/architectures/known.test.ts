import { totalSize } from "@engraft/core/models/tensors";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../base/random.ts";
import type { NamedTensor } from "../import/named-tensors.ts";
import { Architectures } from "../ir/architecture.ts";
import { cutFor } from "../ir/cut.ts";
import { parametersOf, tensorsOf } from "../ir/parameters.ts";
import { efficientnetLite0, efficientnetLite1, efficientnetLite2, tfEfficientnetLite0 } from "./efficientnet-lite.ts";
import { knownArchitecture } from "./known.ts";
import type { Known } from "./known-architecture.ts";
import { mobilenetV2, mobilenetV2At035 } from "./mobilenet-v2.ts";
import { resnet18 } from "./resnet18.ts";

/** A file as PyTorch would write it, with small random numbers. */
function fileOf({ forms }: Known, form: number, classes = 1000): Map<string, NamedTensor> {
  const { architecture, sources } = (forms[form] as Known["forms"][number]).build([3, 64, 64], classes);
  const random = randomFrom(["weights"]);
  const names: Readonly<Record<string, string>> = {
    kernel: "weight",
    bias: "bias",
    gamma: "weight",
    beta: "bias",
    mean: "running_mean",
    variance: "running_var",
  };
  const file = new Map<string, NamedTensor>();
  for (const layer of architecture.layers) {
    for (const { name, shape } of parametersOf(layer)) {
      const part = name.slice(layer.name.length + 1);
      const values = Float32Array.from({ length: shape.reduce((product, length) => product * length, 1) }, () => 0.1 + random.uniform());
      file.set(`${sources.get(layer.name)}.${names[part]}`, {
        shape: layer.kind === "dense" && part === "kernel" ? shape.toReversed() : shape,
        values,
      });
    }
  }
  return file;
}

/** Parameters that training changes, as the authors' papers and packages count them. */
describe.each([
  ["efficientnet_lite0", efficientnetLite0, 4_652_008],
  ["efficientnet_lite1", efficientnetLite1, 5_416_680],
  ["efficientnet_lite2", efficientnetLite2, 6_092_072],
  ["tf_efficientnet_lite0", tfEfficientnetLite0, 4_652_008],
  ["mobilenet_v2", mobilenetV2, 3_504_872],
  ["mobilenet_v2_035", mobilenetV2At035, 1_677_128],
  ["resnet18", resnet18, 11_689_512],
] as const)("%s", (name, known, parameters) => {
  it("has as many parameters as its author's", () => {
    for (const form of known.forms) {
      const { architecture } = form.build([3, known.size, known.size], 1000);
      expect(Architectures.safeParse(architecture).error?.issues).toBeUndefined();
      expect(totalSize(tensorsOf(architecture).filter(({ role }) => role !== "statistic"))).toBe(parameters);
    }
  });

  it("[B14] is brought in by the names of each published form, and can be cut in front of its last blocks", () => {
    for (const form of known.forms.keys()) {
      const file = fileOf(known, form).set("bn1.num_batches_tracked", { shape: [], values: new Float32Array(1) });
      const { architecture, tensors } = knownArchitecture(name, file, 64);
      expect([...tensors.keys()]).toEqual(tensorsOf(architecture).map((spec) => spec.name));
      const features = cutFor(architecture, 0).shape;
      const kernel = [...file.values()].find(({ shape }) => shape.join() === `1000,${features.join()}`) as NamedTensor;
      expect(tensors.get("head/kernel")?.[1]).toBe(kernel.values[Number(features[0])]);
      expect(cutFor(architecture, 2).layers).toBeLessThan(cutFor(architecture, 1).layers);
    }
  });
});

it("[B14] what has no place, is missing, or has another shape is named", () => {
  const file = (): Map<string, NamedTensor> => fileOf(resnet18, 0, 10);
  const bring = (tensors: Map<string, NamedTensor>) => () => knownArchitecture("resnet18", tensors, 64);
  const one = { shape: [1], values: new Float32Array(1) };
  expect(bring(file())).not.toThrow();
  expect(bring(file().set("layer5.weight", one))).toThrow('tensor "layer5.weight" has no place');
  const without = file();
  without.delete("layer3.0.conv2.weight");
  expect(bring(without)).toThrow('no tensor "layer3.0.conv2.weight"');
  expect(bring(file().set("layer3.0.conv2.weight", one))).toThrow('"layer3.0.conv2.weight" has the shape 1 instead of 256 x 256 x 3 x 3');
});
