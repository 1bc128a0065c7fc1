/**
 * The layer IR: what a model computes, as data, with canonical parameter names. It stands in `manifest.architecture`;
 * every engine (TensorFlow.js today) builds its own form from it. A new kind of layer is one more member of `Layer`, one
 * case in `parametersOf` and `outputWidth`, and one case in each engine.
 */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import type { Manifest } from "@engraft/core/models/manifest";
import type { TensorSpec } from "@engraft/core/models/tensors";
import * as z from "zod";

const LayerName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/, "use a lower-case letter, then letters, digits and '_'");
const Width = z.int().min(1).max(65_536);

/** y = x W + b. Parameters `<name>/kernel` [in, out] and `<name>/bias` [out]. */
const Dense = z.strictObject({ kind: z.literal("dense"), name: LayerName, in: Width, out: Width });
const Activation = z.strictObject({
  kind: z.literal("activation"),
  name: LayerName,
  function: z.enum(["relu", "tanh", "sigmoid", "linear"]),
});

export const Layer = z.discriminatedUnion("kind", [Dense, Activation]);
export type Layer = z.infer<typeof Layer>;

export const Architecture = z
  .strictObject({
    format: z.literal("engraft.layers/1"),
    /** Numbers per sample that enter the first layer. */
    input: Width,
    layers: z.array(Layer).min(1).max(10_000),
    /** What the last layer gives: one logit, of which the sigmoid is the probability of a positive label. */
    output: z.literal("binary-logit"),
  })
  .superRefine((architecture, context) => {
    const problem = (message: string): void => context.addIssue({ code: "custom", message });
    const names = architecture.layers.map((layer) => layer.name);
    if (new Set(names).size !== names.length) problem("two layers have the same name");
    let width = architecture.input;
    for (const layer of architecture.layers) {
      if (layer.kind === "dense" && layer.in !== width) problem(`layer ${layer.name} expects ${layer.in} numbers and gets ${width}`);
      width = outputWidth(layer, width);
    }
    if (width !== 1) problem(`the last layer gives ${width} numbers; a binary logit is 1`);
    if (architecture.layers.at(-1)?.kind !== "dense") problem("the last layer must be dense: the sigmoid is part of the loss");
  });
export type Architecture = z.infer<typeof Architecture>;

function outputWidth(layer: Layer, input: number): number {
  switch (layer.kind) {
    case "dense":
      return layer.out;
    case "activation":
      return input;
    default:
      return layer satisfies never;
  }
}

/** Names and shapes of a layer's parameters, in canonical order; empty where it has none. */
function parametersOf(layer: Layer): readonly { readonly name: string; readonly shape: number[] }[] {
  switch (layer.kind) {
    case "dense":
      return [
        { name: `${layer.name}/kernel`, shape: [layer.in, layer.out] },
        { name: `${layer.name}/bias`, shape: [layer.out] },
      ];
    case "activation":
      return [];
    default:
      return layer satisfies never;
  }
}

/** Every parameter in the order of the layers. Depth 0 is the last layer that has parameters, 1 the one before it. */
export function tensorsOf(architecture: Architecture): readonly TensorSpec[] {
  const parametrised = architecture.layers.map(parametersOf).filter((parameters) => parameters.length > 0);
  return parametrised.flatMap((parameters, index) =>
    parameters.map((parameter) => ({ ...parameter, depth: parametrised.length - 1 - index })),
  );
}

/** The manifest's architecture, checked against its tensors. Throws `bad-input`. */
export function architectureOf(manifest: Manifest): Architecture {
  const parsed = Architecture.safeParse(manifest.architecture);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, 5)
      .map((issue) => [issue.path.join("."), issue.message].filter((part) => part !== "").join(": "));
    throw new EngraftError(
      "bad-input",
      `The base model's architecture cannot be used: ${problems.join("; ")}. Ask its author for a corrected manifest.`,
    );
  }
  if (canonicalJson(tensorsOf(parsed.data)) !== canonicalJson(manifest.tensors)) {
    throw new EngraftError(
      "bad-input",
      "The base model's list of tensors does not follow from its architecture. Ask its author for a corrected manifest.",
    );
  }
  return parsed.data;
}
