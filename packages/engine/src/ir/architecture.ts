/** An architecture whose layers fit together, and the one of a manifest. */
import { canonicalJson } from "@engraft/core/base/canonical";
import { EngraftError } from "@engraft/core/base/errors";
import { kindOf, outputsOf } from "@engraft/core/models/labels";
import type { Manifest } from "@engraft/core/models/manifest";
import { ArchitectureText, INPUT, OUTPUT_OF, inputShape, sourcesOf, type Architecture, type Shape } from "./layers.ts";
import { tensorsOf } from "./parameters.ts";
import { Misfit, outputShape } from "./shapes.ts";

/** Shape of every layer's output, by name, with that of the input. Throws `Misfit`. */
export function shapesOf(architecture: Architecture): ReadonlyMap<string, Shape> {
  const shapes = new Map<string, Shape>([[INPUT, inputShape(architecture)]]);
  architecture.layers.forEach((layer, index) => {
    const inputs = sourcesOf(architecture.layers, index).map((source) => {
      const shape = shapes.get(source);
      if (shape === undefined) throw new Misfit(`layer ${layer.name} takes the output of ${source}, which does not stand before it`);
      return shape;
    });
    if (layer.kind === "embedding" && sourcesOf(architecture.layers, index)[0] !== INPUT)
      throw new Misfit(`layer ${layer.name} takes codes, and only the network's input can be codes`);
    if (shapes.has(layer.name)) throw new Misfit(layer.name === INPUT ? "no layer may be called input" : "two layers have the same name");
    shapes.set(layer.name, outputShape(layer, inputs));
  });
  return shapes;
}

const SINGLE: ReadonlySet<Architecture["output"]> = new Set(["binary-logit", "value", "log-hazard"]);

export const Architectures = ArchitectureText.superRefine((architecture, context) => {
  const problem = (message: string): void => context.addIssue({ code: "custom", message });
  try {
    const last = architecture.layers.at(-1);
    const output = shapesOf(architecture).get(last?.name ?? INPUT) as Shape;
    if (output.length !== 1) return problem(`the last layer gives [${output.join(", ")}]; logits are a row`);
    if (SINGLE.has(architecture.output) && output[0] !== 1)
      problem(`the last layer gives ${output[0]} numbers; a ${architecture.output} is 1`);
    if (last?.kind !== "dense") problem("the last layer must be dense: sigmoid and softmax are part of the loss");
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    problem(error.message);
  }
});

/** The manifest's architecture, checked against its label and its tensors. Throws `bad-input`. */
export function architectureOf(manifest: Pick<Manifest, "architecture" | "tensors" | "label">): Architecture {
  const parsed = Architectures.safeParse(manifest.architecture);
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, 5)
      .map((issue) => [issue.path.join("."), issue.message].filter((part) => part !== "").join(": "));
    throw new EngraftError(
      "bad-input",
      `The base model's architecture cannot be used: ${problems.join("; ")}. Ask its author for a corrected manifest.`,
    );
  }
  const { label } = manifest;
  const last = parsed.data.layers.at(-1);
  if (parsed.data.output !== OUTPUT_OF[kindOf(label)] || last?.kind !== "dense" || last.out !== outputsOf(label)) {
    throw new EngraftError(
      "bad-input",
      `The base model has no head for its label (${kindOf(label)}, ${outputsOf(label)} output(s)). Ask its author for a corrected manifest.`,
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
