/** The mean over all of space, from the blocked layout to a plain row of channels. */
import type { LayerOf } from "../../ir/layers.ts";
import { twoOf } from "../../ir/shapes.ts";
import { cut, filledUp, reshape } from "../arrange.ts";
import { filled, nchwc, type BlockedOperator } from "./layout.ts";

export const globalPool: BlockedOperator<LayerOf<"global-pool">> = {
  takes: ({ layer }, has) => (layer.operation === "mean" && has("blocked") ? "blocked" : undefined),
  gives: "plain",

  learn({ graph, batch, block, input, passesOn }, x) {
    const channels = input[0] as number;
    const whole = filled(channels, block);
    const space = twoOf(input.slice(1), 1);
    const points = space[0] * space[1];
    const means = reshape(graph, nchwc(graph, "GlobalAveragePool", [x]), [batch, whole]);
    return {
      output: cut(graph, means, [batch, whole], [batch, channels]),
      backward(dy) {
        if (!passesOn) return [];
        const share = graph.node("Mul", [filledUp(graph, dy, [batch, channels], [batch, whole]), graph.scalar(1 / points)]);
        const thin = reshape(graph, share, [batch, whole / block, 1, block]);
        const wide = graph.node("Expand", [thin, graph.integers([batch, whole / block, points, block])]);
        return [reshape(graph, wide, [batch, whole, ...space])];
      },
    };
  },
};
