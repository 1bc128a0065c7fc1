/** Convolutions in Keras: kernels [...window, in, out], or [...window, in, multiplier] where each channel is taken by itself. */
import type { LayerOf } from "../ir/layers.ts";
import { paddingOf } from "../ir/shapes.ts";
import { turned, type KerasWeight } from "./keras-layers.ts";
import type { KerasNetwork, Value } from "./keras-network.ts";

type Conv = LayerOf<"conv">;

/** `x` is channels last. */
export function convolution(network: KerasNetwork, layer: Conv, x: Value): Value {
  const { name, kernel, stride, bias, out, groups } = layer;
  const space = x.shape.slice(0, -1);
  const padding = paddingOf(layer.padding, space, kernel, stride);
  const isSame = JSON.stringify(padding) === JSON.stringify(paddingOf("same", space, kernel, stride));
  const isNone = padding.flat().every((length) => length === 0);
  const entered = isSame || isNone ? x : network.padded(x, padding, name);
  const shape = [
    ...space.map((length, axis) => {
      const [before, after] = padding[axis] as readonly [number, number];
      return Math.floor((length + before + after - (kernel[axis] as number)) / (stride[axis] as number)) + 1;
    }),
    out,
  ];
  // TensorFlow's pictures alone have a layer for channels by themselves that every engine runs.
  const isDepthwise = groups === layer.in && groups > 1 && space.length === 2;
  const own = isDepthwise ? { depth_multiplier: out / layer.in } : { filters: out, groups: 1 };
  const common = {
    kernel_size: kernel,
    strides: stride,
    padding: isSame && !isNone ? "same" : "valid",
    data_format: "channels_last",
    dilation_rate: kernel.map(() => 1),
    activation: "linear",
    use_bias: bias,
  };
  const weights: KerasWeight[] = [isDepthwise ? channelKernel(network, layer) : wholeKernel(network, layer)];
  if (bias) weights.push(network.weight(layer, "bias", [out]));
  const kind = isDepthwise ? "DepthwiseConv2D" : `Conv${space.length}D`;
  return network.add({ kind, name, config: { ...own, ...common }, shape, weights }, [entered]);
}

function channelKernel(network: KerasNetwork, layer: Conv): KerasWeight {
  const { in: channels, out, kernel } = layer;
  const multiplier = out / channels;
  const values = turned(network.values(layer, "kernel"), [channels, multiplier, ...kernel], [2, 3, 0, 1]);
  return { name: "depthwise_kernel", shape: [...kernel, channels, multiplier], values };
}

/** Of groups, a kernel over all channels with zeros where a group does not reach: the same sums, in layers that every engine has. */
function wholeKernel(network: KerasNetwork, layer: Conv): KerasWeight {
  const { in: channels, out, kernel, groups } = layer;
  const [each, area] = [channels / groups, kernel.reduce((product, length) => product * length, 1)];
  const given = network.values(layer, "kernel");
  const whole = groups === 1 ? given : new Float32Array(out * channels * area);
  if (groups > 1) {
    for (let filter = 0; filter < out; filter++) {
      const from = Math.floor(filter / (out / groups)) * each;
      whole.set(given.subarray(filter * each * area, (filter + 1) * each * area), (filter * channels + from) * area);
    }
  }
  const axes = [...kernel.map((_, axis) => axis + 2), 1, 0];
  return { name: "kernel", shape: [...kernel, channels, out], values: turned(whole, [out, channels, ...kernel], axes) };
}
