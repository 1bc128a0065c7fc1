/** Which kinds of layers work in the blocked layout. */
import type { Layer, LayerOf } from "../../ir/layers.ts";
import { batchNorm } from "./batch-norm.ts";
import { conv } from "./conv.ts";
import { globalPool } from "./global-pool.ts";
import type { BlockedOperator } from "./layout.ts";

type Blocked = { readonly [K in Layer["kind"]]?: BlockedOperator<LayerOf<K>> };

const BLOCKED: Blocked = { conv, "batch-norm": batchNorm, "global-pool": globalPool };

export const blockedOperatorOf = (layer: Layer): BlockedOperator<Layer> | undefined =>
  BLOCKED[layer.kind] as BlockedOperator<Layer> | undefined;

/** Layers that work value by value, in whatever form they get. */
export const isIndifferent = ({ kind }: Layer): boolean => kind === "activation" || kind === "add";
