"""EfficientNet-Lite0 in PyTorch, stated again from the paper (Tan and Le 2019; "lite": no squeeze-and-excitation, ReLU6): what
Engraft's own reading of the weights is compared with.

    python lite0_torch.py WEIGHTS.pth PIXELS OUT

PIXELS: uint8 [pictures][224][224][3]. OUT: float32 [pictures][1000], the logits.
"""
import sys

import torch
import torch.nn.functional as F

# Repeats, kernel, stride of the first, expansion, channels.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


def same(x, kernel, stride):
    """TensorFlow's padding: as much as the stride needs, the odd pixel at the end."""
    def sides(size):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        return total // 2, total - total // 2

    top, bottom = sides(x.shape[2])
    left, right = sides(x.shape[3])
    return F.pad(x, (left, right, top, bottom))


def conv(state, x, weights, norm, stride=1, groups=1, activation=True):
    kernel = state[weights + ".weight"]
    x = F.conv2d(same(x, kernel.shape[2], stride), kernel, stride=stride, groups=groups)
    mean, variance, gamma, beta = (state[norm + part] for part in (".running_mean", ".running_var", ".weight", ".bias"))
    x = F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=1e-3)
    return F.relu6(x) if activation else x


def features(state, x):
    x = conv(state, x, "_conv_stem", "_bn0", stride=2)
    block = 0
    for repeats, _, stride, expansion, _ in STAGES:
        for repeat in range(repeats):
            name = f"_blocks.{block}."
            before = x
            if expansion > 1:
                x = conv(state, x, name + "_expand_conv", name + "_bn0")
            first = stride if repeat == 0 else 1
            x = conv(state, x, name + "_depthwise_conv", name + "_bn1", stride=first, groups=x.shape[1])
            x = conv(state, x, name + "_project_conv", name + "_bn2", activation=False)
            if repeat > 0:
                x = x + before
            block += 1
    return conv(state, x, "_conv_head", "_bn1").mean((2, 3))


def logits(state, x):
    return F.linear(features(state, x), state["_fc.weight"], state["_fc.bias"])


def random_state():
    """Weights of the right shapes, for timing."""
    state = {}

    def layer(weights, norm, out, into, kernel):
        state[weights + ".weight"] = torch.randn(out, into, kernel, kernel) * (2 / (into * kernel * kernel)) ** 0.5
        for part, value in ((".running_mean", 0.0), (".running_var", 1.0), (".weight", 1.0), (".bias", 0.0)):
            state[norm + part] = torch.full((out,), value)

    layer("_conv_stem", "_bn0", 32, 3, 3)
    channels, block = 32, 0
    for repeats, kernel, _, expansion, out in STAGES:
        for _ in range(repeats):
            name, wide = f"_blocks.{block}.", channels * expansion
            if expansion > 1:
                layer(name + "_expand_conv", name + "_bn0", wide, channels, 1)
            layer(name + "_depthwise_conv", name + "_bn1", wide, 1, kernel)
            layer(name + "_project_conv", name + "_bn2", out, wide, 1)
            channels, block = out, block + 1
    layer("_conv_head", "_bn1", 1280, channels, 1)
    state["_fc.weight"], state["_fc.bias"] = torch.randn(1000, 1280) * 0.03, torch.zeros(1000)
    return state


def main(weights, pixels, out):
    state = torch.load(weights, map_location="cpu")
    with open(pixels, "rb") as file:
        raw = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)
    x = (raw.reshape(-1, 224, 224, 3).permute(0, 3, 1, 2).float() - 127) / 128
    with torch.no_grad():
        values = logits(state, x)
    with open(out, "wb") as file:
        file.write(values.contiguous().numpy().tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:4])
