/** The operator of each kind of layer. */
import type { Layer, LayerOf } from "../../ir/layers.ts";
import { activation } from "./activation.ts";
import { batchNorm } from "./batch-norm.ts";
import { conv } from "./conv.ts";
import { dense } from "./dense.ts";
import { embedding } from "./embedding.ts";
import { globalPool } from "./global-pool.ts";
import { gru } from "./gru.ts";
import { layerNorm } from "./layer-norm.ts";
import type { Operator } from "./operator.ts";
import { pool } from "./pool.ts";
import { add, dropout, flatten, plane, transpose } from "./shape.ts";

type Operators = { readonly [K in Layer["kind"]]: Operator<LayerOf<K>> };

export const OPERATORS: Operators = {
  dense,
  conv,
  "batch-norm": batchNorm,
  "layer-norm": layerNorm,
  embedding,
  activation,
  add,
  pool,
  "global-pool": globalPool,
  flatten,
  transpose,
  plane,
  dropout,
  gru,
};

/** The table's types are one for each kind; a layer picks its own. */
export const operatorOf = (layer: Layer): Operator<Layer> => OPERATORS[layer.kind] as Operator<Layer>;
