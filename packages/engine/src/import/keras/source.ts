/**
 * The layers of a Keras model and how they are connected, from its configuration as Keras 3, Keras 2 and TensorFlow.js write it.
 * What computes several things at once (shared layers, several inputs or outputs) is refused here.
 */
import { broken, isRecord, refuse, type Config, type Configured } from "./config.ts";
import { cannotBring, quoted, wrongFile } from "./refusal.ts";

export interface SourceLayer extends Configured {
  /** Groups of Keras 3: "layers/functional/layers/conv2d". */
  readonly path: string;
  /** Names of the layers whose outputs come in. */
  readonly inputs: readonly string[];
  /** A model that is a layer. */
  readonly model: SourceModel | undefined;
}

export interface SourceModel {
  /** Each after those that it takes from. */
  readonly layers: readonly SourceLayer[];
  /** The layer that is the input; undefined where the first layer takes it. */
  readonly input: string | undefined;
  readonly output: string;
  /** Of one sample, channels last; null where any size will do. */
  readonly shape: readonly (number | null)[] | undefined;
}

const MODELS: ReadonlySet<string> = new Set(["Sequential", "Functional", "Model"]);
const DEEPEST = 20;
const MOST_LAYERS = 5000;

/** Throws `bad-input`. */
export function readModel(json: unknown, path = "", depth = 0): SourceModel {
  if (!isRecord(json) || typeof json["class_name"] !== "string") throw wrongFile("its configuration describes no model");
  const kind = json["class_name"];
  const isOwn = json["registered_name"] === undefined || json["registered_name"] === null || json["registered_name"] === kind;
  if (!MODELS.has(kind) || !isOwn) throw cannotBring(`The model is of the class ${quoted(kind)}, whose code is not in the file`);
  if (depth > DEEPEST) throw wrongFile("its models are nested too deeply");
  const config: Config = Array.isArray(json["config"]) ? { layers: json["config"] } : isRecord(json["config"]) ? json["config"] : {};
  const entries: unknown = config["layers"];
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MOST_LAYERS) throw wrongFile("its configuration lists no layers");
  const places = placesOf(entries, path);
  const layers = entries.map((entry, index) => readLayer(entry, places[index] as string, depth));
  if (new Set(layers.map(({ name }) => name)).size < layers.length) throw wrongFile("two of its layers have the same name");
  return kind === "Sequential" ? sequential(layers, config) : functional(layers, config);
}

/** Keras counts the layers of a class: "conv2d", "conv2d_1". Plain operations, such as a sum written with +, do not count. */
function placesOf(entries: readonly unknown[], path: string): readonly string[] {
  const counts = new Map<string, number>();
  return entries.map((entry) => {
    if (!isRecord(entry) || isOperation(entry)) return "";
    const name = snakeCase(typeof entry["class_name"] === "string" ? entry["class_name"].slice(0, 200) : "");
    const before = counts.get(name) ?? 0;
    counts.set(name, before + 1);
    return `${path}layers/${name}${before === 0 ? "" : `_${before}`}`;
  });
}

const isOperation = ({ module }: Config): boolean => typeof module === "string" && module.startsWith("keras.src.ops.");

const snakeCase = (name: string): string =>
  name
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();

function readLayer(entry: unknown, path: string, depth: number): SourceLayer {
  if (!isRecord(entry) || typeof entry["class_name"] !== "string") throw wrongFile("its configuration lists something that is no layer");
  const config = isRecord(entry["config"]) ? entry["config"] : {};
  const [name, kind] = [entry["name"] ?? config["name"], entry["class_name"]];
  if (typeof name !== "string" || name === "") throw wrongFile(`a layer of the class ${quoted(kind)} has no name`);
  const isModel = MODELS.has(kind);
  const layer = { name, kind, config: isModel ? {} : config };
  const { module } = entry;
  const isForeign = entry["registered_name"] !== undefined && entry["registered_name"] !== null && entry["registered_name"] !== kind;
  const isOwn = module === undefined || (typeof module === "string" && /^keras(\.|$)/.test(module));
  if (isForeign || !isOwn) throw refuse(layer, "is a custom class, whose code is not in the file");
  if (isOperation(entry) && kind !== "Add") throw refuse(layer, "is an operation that Engraft's layers have not");
  return {
    ...layer,
    path,
    inputs: inputsOf(layer, entry["inbound_nodes"]),
    model: isModel ? readModel(entry, `${path}/`, depth + 1) : undefined,
  };
}

function inputsOf(layer: Configured, nodes: unknown): readonly string[] {
  if (nodes === undefined || nodes === null) return [];
  if (!Array.isArray(nodes)) throw broken(layer, "has no usable connections");
  if (nodes.length > 1) throw refuse(layer, "is shared: it is applied in several places");
  const [node] = nodes as readonly unknown[];
  if (node === undefined) return [];
  const tensors = isRecord(node) ? tensorsOfNode(layer, node) : Array.isArray(node) ? (typeof node[0] === "string" ? [node] : node) : [];
  return tensors.map((tensor: unknown) => sourceOf(layer, tensor));
}

/** Keras 3: tensors are arguments. */
function tensorsOfNode(layer: Configured, { args, kwargs }: Config): readonly unknown[] {
  const isTensor = (value: unknown): value is Config => isRecord(value) && value["class_name"] === "__keras_tensor__";
  if (isRecord(kwargs) && Object.values(kwargs).some((value) => [value].flat(4).some(isTensor)))
    throw refuse(layer, "takes tensors as named arguments");
  const given = [args].flat(4).filter((value) => value !== null && value !== undefined);
  if (!given.every(isTensor)) throw refuse(layer, "takes numbers beside the tensors that come in");
  return given.map((tensor) => (isRecord(tensor["config"]) ? tensor["config"]["keras_history"] : undefined));
}

/** One end of a connection: layer, which of its applications, which of its outputs. */
function sourceOf(layer: Configured, tensor: unknown): string {
  if (!Array.isArray(tensor) || typeof tensor[0] !== "string") throw broken(layer, "has no usable connections");
  if (tensor[2] !== undefined && tensor[2] !== 0) throw refuse(layer, "takes one output of several");
  return tensor[0];
}

function shapeOf(value: unknown): readonly (number | null)[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const shape = value.slice(1) as readonly unknown[];
  const fits = (one: unknown): one is number | null =>
    one === null || (typeof one === "number" && Number.isInteger(one) && one >= 1 && one <= 1_000_000);
  if (shape.length < 1 || shape.length > 3 || !shape.every(fits)) throw wrongFile("its input is no row, signal or picture");
  return shape;
}

const declaredShape = ({ config }: Configured) => shapeOf(config["batch_shape"] ?? config["batch_input_shape"]);

function sequential(given: readonly SourceLayer[], config: Config): SourceModel {
  const [first] = given as [SourceLayer, ...SourceLayer[]];
  const layers = given.map((layer, index) => ({ ...layer, inputs: index === 0 ? [] : [given[index - 1]?.name as string] }));
  return {
    layers,
    input: first.kind === "InputLayer" ? first.name : undefined,
    output: given.at(-1)?.name as string,
    shape: declaredShape(first) ?? first.model?.shape ?? shapeOf(config["build_input_shape"]),
  };
}

function functional(layers: readonly SourceLayer[], config: Config): SourceModel {
  const one = (key: string): string => {
    const value = config[key];
    const list: readonly unknown[] = Array.isArray(value) ? (typeof value[0] === "string" ? [value] : value) : [];
    if (list.length === 0 && !isRecord(value)) throw wrongFile(`its configuration has no usable "${key}"`);
    const [end] = list;
    if (list.length !== 1 || !Array.isArray(end) || typeof end[0] !== "string")
      throw cannotBring(`The model has several ${key === "input_layers" ? "inputs" : "outputs"}, or names them`);
    if (end[2] !== undefined && end[2] !== 0) throw cannotBring("The model takes one output of several");
    return end[0];
  };
  const [input, output] = [one("input_layers"), one("output_layers")];
  const entry = layers.find(({ name }) => name === input);
  if (entry?.kind !== "InputLayer") throw wrongFile("its input is no input layer");
  const another = layers.find(({ name, kind }) => kind === "InputLayer" && name !== input);
  if (another !== undefined) throw refuse(another, "is a second input");
  return { layers, input, output, shape: declaredShape(entry) };
}
