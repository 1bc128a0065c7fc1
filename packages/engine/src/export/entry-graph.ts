/** What stands in front of the layers in `model.onnx`: from raw values, in the plan's terms, to the numbers that enter the first layer. */
import type { Field } from "@engraft/core/models/fields";
import type { InputRule } from "@engraft/core/models/manifest";
import { EngraftError } from "@engraft/core/base/errors";
import { attribute, type Graph, type GraphValue } from "../onnx/graph.ts";
import { FLOAT, STRING } from "../onnx/file.ts";
import { permuted } from "../onnx/arrange.ts";
import { GRAPH_INPUT } from "../trunk/lower.ts";
import type { ReadySource } from "./source.ts";

type ColumnRule = Exclude<InputRule, { readonly kind: "image" | "signal" }>;
type Rule<K extends InputRule["kind"]> = Extract<InputRule, { readonly kind: K }>;
type FieldOf<K extends Field["kind"]> = Extract<Field, { readonly kind: K }>;

const TO_FLOAT = [attribute.int("to", FLOAT)];

/** Names that the graph has of its own; a field of such a name gets a suffix. */
const TAKEN: ReadonlySet<string> = new Set(["samples", "features", "logits", "probabilities", "scaled_value", "value", "log_hazard"]);

export const inputName = (field: string): string => (TAKEN.has(field) ? `${field}_field` : field);

/**
 * Adds nodes that give `GRAPH_INPUT`, and returns the graph's inputs. A picture is [N, height, width, channels] of levels from 0 to 255, a
 * recording [N, leads, points] in its field's unit. Each column of a table is an input [N, 1]: a number in its field's unit, or a code as text;
 * NaN, an empty text, and whatever the field does not allow is missing.
 */
export function addEntry(graph: Graph, { file, manifest }: ReadySource): readonly GraphValue[] {
  if (file === undefined) return addColumns(graph, manifest.inputs as readonly ColumnRule[], manifest.fields);
  const { rule, shape } = file;
  const [channels = 0, ...space] = shape;
  const isPicture = rule.kind === "image";
  const name = inputName(rule.field);
  const first = isPicture ? permuted(graph, name, [0, 3, 1, 2]) : name;
  const each = (values: readonly number[]): string => graph.floats(Float32Array.from(values), [channels, ...space.map(() => 1)]);
  graph.node("Div", [graph.node("Sub", [first, each(rule.mean)]), each(rule.sd)], [], [GRAPH_INPUT]);
  return [{ name, dims: ["batch", ...(isPicture ? [...space, channels] : shape)] }];
}

function addColumns(graph: Graph, rules: readonly ColumnRule[], fields: readonly Field[]): readonly GraphValue[] {
  const inputs = new Map<string, GraphValue>();
  const parts = rules.flatMap((rule) => {
    const field = fields.find(({ name }) => name === rule.field);
    const name = inputName(rule.field);
    if (rule.kind === "standardise" && field?.kind === "number") {
      inputs.set(name, { name, dims: ["batch", 1] });
      return standardised(graph, name, rule, field);
    }
    if (rule.kind === "one-hot" && field?.kind === "category") {
      inputs.set(name, { name, dims: ["batch", 1], type: STRING });
      return oneHot(graph, name, rule, field);
    }
    throw new EngraftError(
      "bad-input",
      `The base model's input rule for ${rule.field} does not fit its field. Ask its author for a corrected manifest.`,
    );
  });
  graph.node("Concat", parts, [attribute.int("axis", 1)], [GRAPH_INPUT]);
  return [...inputs.values()];
}

function standardised(graph: Graph, x: string, { mean, sd, fill, flagMissing }: Rule<"standardise">, field: FieldOf<"number">): string[] {
  const beyond = graph.node("Or", [graph.node("Less", [x, graph.scalar(field.min)]), graph.node("Greater", [x, graph.scalar(field.max)])]);
  const missing = graph.node("Or", [graph.node("IsNaN", [x]), beyond]);
  const known = graph.node("Where", [missing, graph.scalar(fill), x]);
  const value = graph.node("Div", [graph.node("Sub", [known, graph.scalar(mean)]), graph.scalar(sd)]);
  return [value, ...(flagMissing ? [graph.node("Cast", [missing], TO_FLOAT)] : [])];
}

/** [N, 1] texts to [N, codes]: 1 at the code, all 0 for a text that is none of them. */
function places(graph: Graph, x: string, codes: readonly string[]): string {
  const spread = graph.node(
    "OneHotEncoder",
    [x],
    [attribute.texts("cats_strings", codes), attribute.int("zeros", 1)],
    undefined,
    "ai.onnx.ml",
  );
  return graph.node("Reshape", [spread, graph.integers([-1, codes.length])]);
}

function oneHot(graph: Graph, x: string, { codes, fill, flagMissing }: Rule<"one-hot">, field: FieldOf<"category">): string[] {
  const known = graph.node(
    "ReduceSum",
    [
      places(
        graph,
        x,
        field.values.map(({ code }) => code),
      ),
      graph.integers([1]),
    ],
    [attribute.int("keepdims", 1)],
  );
  const missing = graph.node("Sub", [graph.scalar(1), known]);
  const filled = graph.floats(
    Float32Array.from(codes, (code) => (code === fill ? 1 : 0)),
    [1, codes.length],
  );
  const value = graph.node("Add", [places(graph, x, codes), graph.node("Mul", [missing, filled])]);
  return [value, ...(flagMissing ? [missing] : [])];
}
