/** How a Keras or TensorFlow.js model is refused: always with the layer's name and with what else could be done. */
import { EngraftError } from "@engraft/core/base/errors";

/** What somebody else's file says, short enough to be repeated. */
export function quoted(value: unknown): string {
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  const text = isPlain ? String(value) : "something else";
  return `"${text.slice(0, 80).replaceAll(/[^\x20-\x7e]/g, "?")}"`;
}

/** The model is no base for Engraft's layers; as a frozen trunk it may still be one. */
export const cannotBring = (what: string): EngraftError =>
  new EngraftError("bad-input", `${what}. Export the model as ONNX and bring that file: it becomes a frozen trunk.`);

/** The file itself is wrong. */
export const wrongFile = (what: string): EngraftError => new EngraftError("bad-input", `The model file cannot be used: ${what}.`);
