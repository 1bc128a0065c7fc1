/** `--import` of a process that trains in WebAssembly: whoever asks for onnxruntime-node gets onnxruntime-web, and nothing else changes. */
import { register } from "node:module";

const hooks = `export const resolve = (name, context, next) => next(name === "onnxruntime-node" ? "onnxruntime-web" : name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
