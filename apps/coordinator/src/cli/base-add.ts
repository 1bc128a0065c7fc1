/** `base add`: makes a base from an ONNX encoder, a Keras or TensorFlow.js model, or the weights of a known architecture, on this machine, and imports it into the running coordinator. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngraftError } from "@engraft/core/base/errors";
import type { Command } from "commander";
import { Label } from "@engraft/core/models/label-schemas";
import type { Manifest } from "@engraft/core/models/manifest";
import * as z from "zod";
import type { Base, BaseOptions } from "@engraft/engine/import/describe";
import type { Reach } from "./api.ts";
import { importBase, type Said } from "./commands.ts";

type Flags = Readonly<Record<string, unknown>>;

const textOf = (flags: Flags, flag: string): string => (typeof flags[flag] === "string" ? flags[flag] : "");

export const withBaseFlags = (command: Command): Command =>
  command
    .requiredOption("--name <name>", "short name: a-z, 0-9 and -")
    .option("--base-version <version>", "version of the base", "1.0")
    .requiredOption("--title <text>", "what people read")
    .option("--description <text>", "what it is for and what it is not", "")
    .requiredOption("--licence <text>", "of the encoder's weights")
    .requiredOption("--origin <text>", "where the weights come from, in words")
    .option("--architecture <name>", "of a file of weights (.pth, .pt, .safetensors), for example mobilenet_v2")
    .option(
      "--size <pixels>",
      "with --architecture, or of a Keras model that takes any: width and height of the pictures; the author's by default",
    )
    .option(
      "--mean <values>",
      "of each channel, of values from 0 to 255 or in a recording's unit; default 0, or the architecture's or the model's own",
    )
    .option(
      "--sd <values>",
      "standard deviation of each channel likewise: values become (value - mean) / sd; default 255 for pictures, 1 for recordings",
    )
    .option("--leads <names>", "of recordings: the leads that the network takes, in its order, separated by commas")
    .option("--rate <hz>", "of recordings: points per second")
    .option("--unit <ucum>", "of recordings", "mV")
    .option("--layout <order>", "of an ONNX file: nchw or nhwc, as its input has it", "nchw")
    .option("--cut <tensor>", "of an ONNX file: where the trunk ends; its first output by default")
    .option("--pool <how>", "of an ONNX file: none, mean-over-space, mean-over-tokens or first-token", "none")
    .option("--features <form>", "of layers that Engraft knows: plain, or roots, which suit heads of few patients", "plain")
    .option("--field <name>", "the plan's field for the picture or recording", "image")
    .option(
      "--grey <from>",
      "of pictures: what is black and white: LOW,HIGH in the pictures' own unit, bits (what a file can store) or file (its own window)",
    )
    .option("--field-title <text>", "what the picture or recording shows", "Picture")
    .option("--label <name>", "the plan's field for a yes/no label")
    .option("--label-file <file>", "any other label, as JSON: classes, several yes/no labels, a number, a time to an event")
    .option("--label-title <text>", "what a yes/no label says, in words")
    .option("--positive <codes>", "codes that mean yes, separated by commas", "1")
    .option("--negative <codes>", "codes that mean no", "0")
    .requiredOption("--out <folder>", "where manifest.json, weights.safetensors and, of an ONNX file, trunk.onnx are written");

const numbers = (flags: Flags, flag: string, otherwise?: readonly number[]): readonly number[] | undefined => {
  if (textOf(flags, flag) === "") return otherwise;
  const values = textOf(flags, flag).split(",").map(Number);
  if (values.some((value) => !Number.isFinite(value))) throw new EngraftError("bad-input", `--${flag} takes numbers separated by commas.`);
  return values;
};

const oneOf = <T extends string>(flags: Flags, flag: string, known: readonly T[]): T => {
  const found = known.find((value) => value === flags[flag]);
  if (found === undefined) throw new EngraftError("bad-input", `--${flag} is one of ${known.join(", ")}.`);
  return found;
};

/** What --grey says of black and white. Throws `bad-input`. */
function greyOf(said: string): Pick<BaseOptions["field"], "intensity"> {
  if (said === "") return {};
  if (said === "bits" || said === "file") return { intensity: { from: said } };
  const [low, high, ...more] = said.split(",").map((value) => (value.trim() === "" ? Number.NaN : Number(value)));
  if (low === undefined || high === undefined || more.length > 0 || !(low < high))
    throw new EngraftError("bad-input", "--grey takes two numbers, the lower one first (--grey=-160,240), or one of bits and file.");
  return { intensity: { from: "range", low, high } };
}

const listOf = (text: string): string[] => text.split(",").filter((code) => code !== "");

function yesNoLabel(flags: Flags): Label {
  const text = (flag: string): string => textOf(flags, flag);
  if (text("label") === "")
    throw new EngraftError("bad-input", "Say what is predicted: --label NAME for a yes/no label, else --label-file FILE.");
  const title = text("labelTitle") || text("label");
  return { name: text("label"), title, positive: listOf(text("positive")), negative: listOf(text("negative")) };
}

async function labelFrom(path: string): Promise<Label> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${path}.`, { cause });
  });
  try {
    return Label.parse(JSON.parse(text));
  } catch (cause) {
    const problems =
      cause instanceof z.ZodError ? cause.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) : ["it is no JSON"];
    throw new EngraftError("bad-input", `${path} is no label: ${problems.slice(0, 5).join("; ")}.`, { cause });
  }
}

async function optionsFrom(flags: Flags, given: Pick<BaseOptions, "mean" | "sd"> = {}): Promise<BaseOptions> {
  const text = (flag: string): string => textOf(flags, flag);
  return {
    name: text("name"),
    version: text("baseVersion"),
    title: text("title"),
    description: text("description"),
    licence: text("licence"),
    origin: text("origin"),
    field: { name: text("field"), title: text("fieldTitle"), ...greyOf(text("grey")) },
    signal: text("leads") === "" ? undefined : { leads: listOf(text("leads")), rate: Number(text("rate")), unit: text("unit") },
    mean: numbers(flags, "mean", given.mean),
    sd: numbers(flags, "sd", given.sd),
    roots: oneOf(flags, "features", ["plain", "roots"]) === "roots",
    label: text("labelFile") === "" ? yesNoLabel(flags) : await labelFrom(text("labelFile")),
    split: null,
  };
}

export async function addBase(reach: Reach, file: string, flags: Flags): Promise<Said> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new EngraftError("not-found", `Cannot read ${file}.`, { cause });
  });
  const { manifest, weights, trunk } = await baseFrom(file, bytes, flags);
  const folder = textOf(flags, "out");
  await mkdir(folder, { recursive: true });
  if (trunk !== undefined) await writeFile(join(folder, "trunk.onnx"), trunk);
  await writeFile(join(folder, "weights.safetensors"), weights);
  await writeFile(join(folder, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const imported = await importBase(reach, folder);
  const size = sizeText(manifest);
  const depths = Math.max(...manifest.tensors.map(({ depth }) => depth));
  const what =
    manifest.trunk === undefined
      ? `Layers: ${(weights.byteLength / 1e6).toFixed(1)} MB of weights, ${size}, ${depths} blocks behind a new head; a plan may train the head, the last blocks or all of them.`
      : `Trunk: ${(manifest.trunk.onnx.bytes / 1e6).toFixed(1)} MB, ${size}, ${manifest.trunk.features} features; a new head was put on it.`;
  const rule = manifest.inputs[0];
  const normalisation = rule?.kind === "image" ? [`Pixels become (value - ${rule.mean.join(", ")}) / ${rule.sd.join(", ")}.`] : [];
  return {
    json: { ...(imported.json as object), features: (manifest.trunk?.reference ?? manifest.reference)?.features.length, folder },
    lines: [what, ...normalisation, `Written to ${folder}.`, ...imported.lines],
  };
}

function sizeText({ inputs, fields: [field] }: Manifest): string {
  const rule = inputs[0];
  if (rule?.kind === "image") return `pictures of ${rule.width} x ${rule.height}, ${rule.channels} channel(s)`;
  return field?.kind === "signal" ? `recordings of ${field.leads.length} lead(s), ${field.seconds} s at ${field.rate} Hz` : "";
}

// Engines are loaded late: the coordinator itself needs none.

const HDF5 = [0x89, 0x48, 0x44, 0x46];

async function baseFrom(file: string, bytes: Uint8Array, flags: Flags): Promise<Base> {
  if (textOf(flags, "architecture") !== "") return fromWeights(bytes, flags);
  if (HDF5.every((byte, index) => bytes[index] === byte))
    throw new EngraftError("bad-input", "This is an HDF5 file of an older Keras. Load it in Keras 3 and save it as a .keras file.");
  const [{ isKeras }, { isTfjs }] = await Promise.all([
    import("@engraft/engine/import/archive"),
    import("@engraft/engine/import/keras/tfjs-file"),
  ]);
  // By its name too: one that is cut off holds no list of files, and would pass for PyTorch's archive of weights.
  if (isKeras(bytes) || isTfjs(bytes) || file.endsWith(".keras")) return fromKeras(file, bytes, flags);
  await mustBeWhole(bytes);
  return fromOnnx(bytes, flags);
}

/** Weights alone are half a model. */
async function mustBeWhole(bytes: Uint8Array): Promise<void> {
  const [{ isWeights }, { KNOWN_ARCHITECTURES }] = await Promise.all([
    import("@engraft/engine/import/read-tensors"),
    import("@engraft/engine/architectures/known"),
  ]);
  if (!isWeights(bytes)) return;
  const names = KNOWN_ARCHITECTURES.join(", ");
  throw new EngraftError(
    "bad-input",
    `This file holds weights without their network: name it with --architecture (${names}). Of another network bring an ONNX file.`,
  );
}

async function fromKeras(file: string, bytes: Uint8Array, flags: Flags): Promise<Base> {
  const [{ isTfjs, readTfjs }, { readKeras }, { ownNetwork }, { baseFromLayers }] = await Promise.all([
    import("@engraft/engine/import/keras/tfjs-file"),
    import("@engraft/engine/import/keras/keras-file"),
    import("@engraft/engine/import/keras/own-network"),
    import("@engraft/engine/import/from-layers"),
  ]);
  const size = sizeFrom(flags);
  const network = ownNetwork(await (isTfjs(bytes) ? readTfjs(file, bytes, size) : readKeras(bytes, size)));
  if (network.mean !== undefined && (textOf(flags, "mean") !== "" || textOf(flags, "sd") !== ""))
    throw new EngraftError("bad-input", "The model normalises what comes in itself, in its first layers: leave out --mean and --sd.");
  return baseFromLayers(network, await optionsFrom(flags, network));
}

function sizeFrom(flags: Flags): number | undefined {
  return textOf(flags, "size") === "" ? undefined : Number(textOf(flags, "size"));
}

async function fromOnnx(bytes: Uint8Array, flags: Flags): Promise<Base> {
  if (oneOf(flags, "features", ["plain", "roots"]) === "roots")
    throw new EngraftError("bad-input", "--features roots is for layers that Engraft knows; an ONNX file can end with roots of its own.");
  const { baseFromOnnx } = await import("@engraft/engine/import/from-onnx");
  return baseFromOnnx(bytes, {
    ...(await optionsFrom(flags)),
    layout: oneOf(flags, "layout", ["nchw", "nhwc"]),
    cut: textOf(flags, "cut") || undefined,
    pool: oneOf(flags, "pool", ["none", "mean-over-space", "mean-over-tokens", "first-token"]),
  });
}

async function fromWeights(bytes: Uint8Array, flags: Flags): Promise<Base> {
  const [{ knownArchitecture }, { readNamedTensors }, { baseFromLayers }] = await Promise.all([
    import("@engraft/engine/architectures/known"),
    import("@engraft/engine/import/read-tensors"),
    import("@engraft/engine/import/from-layers"),
  ]);
  const network = knownArchitecture(textOf(flags, "architecture"), readNamedTensors(bytes), sizeFrom(flags));
  return baseFromLayers(network, await optionsFrom(flags, network));
}
