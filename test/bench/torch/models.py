"""PyTorch's side of `features` and `trunk`: answers each line of JSON with one. Weights are random; their content costs no time.

{"export": FOLDER}: writes MODEL.onnx of those that Engraft has no builder for.
{"model": NAME, "batch": n, "size": pixels}: time of one inference.
{"train": n, "size": pixels}: time of one step on n pictures, the frozen network in front of a head.
"""
import json
import os
import sys
import time
from pathlib import Path

# Threads that wait sleep: on a busy machine spinning ones would cost PyTorch much of its time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import lite0_torch  # noqa: E402

torch.manual_seed(1)
torch.set_num_threads(2)


class Lite0(nn.Module):
    def __init__(self):
        super().__init__()
        self.state = lite0_torch.random_state()

    def forward(self, x):
        return lite0_torch.features(self.state, x)


def normed(into, out, kernel=1, stride=1, groups=1, activation=True):
    layers = [nn.Conv2d(into, out, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(out)]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if activation else []))


class Inverted(nn.Module):
    def __init__(self, into, out, stride, expansion):
        super().__init__()
        wide = into * expansion
        expand = [normed(into, wide)] if expansion > 1 else []
        self.body = nn.Sequential(*expand, normed(wide, wide, 3, stride, wide), normed(wide, out, activation=False))
        self.adds = stride == 1 and into == out

    def forward(self, x):
        return x + self.body(x) if self.adds else self.body(x)


class MobileNetV2(nn.Module):
    """Sandler et al. 2018, width 1."""

    def __init__(self):
        super().__init__()
        layers, channels = [normed(3, 32, 3, 2)], 32
        stages = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
        for expansion, out, repeats, stride in stages:
            for repeat in range(repeats):
                layers.append(Inverted(channels, out, stride if repeat == 0 else 1, expansion))
                channels = out
        self.body = nn.Sequential(*layers, normed(channels, 1280))

    def forward(self, x):
        return self.body(x).mean((2, 3))


class Residual(nn.Module):
    def __init__(self, into, out, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(into, out, 7, stride, 3, bias=False), nn.BatchNorm1d(out), nn.ReLU(inplace=True),
            nn.Conv1d(out, out, 7, 1, 3, bias=False), nn.BatchNorm1d(out),
        )
        self.way = nn.Sequential(nn.Conv1d(into, out, 1, stride, bias=False), nn.BatchNorm1d(out)) if stride > 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.body(x) + self.way(x))


class EcgResNet(nn.Module):
    """Twelve leads of 1,000 points."""

    def __init__(self):
        super().__init__()
        stem = [nn.Conv1d(12, 32, 15, 2, 7, bias=False), nn.BatchNorm1d(32), nn.ReLU(inplace=True)]
        blocks = [Residual(32, 32, 1), Residual(32, 64, 2), Residual(64, 96, 2), Residual(96, 128, 2)]
        self.body = nn.Sequential(*stem, *blocks)

    def forward(self, x):
        return self.body(x).mean(2)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.each = heads, width // heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.take, self.give = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        tokens = x.shape[1]
        q, k, v = self.take(self.norms[0](x)).reshape(-1, tokens, 3, self.heads, self.each).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1) * self.each**-0.5).softmax(-1)
        x = x + self.give((weights @ v).transpose(1, 2).reshape(-1, tokens, self.heads * self.each))
        return x + self.wide(self.norms[1](x))


class Vit(nn.Module):
    """Dosovitskiy et al. 2021, as small as DeiT-tiny: 12 layers of width 192 on pieces of 16 x 16 pixels; the mean of its tokens."""

    def __init__(self):
        super().__init__()
        self.cut = nn.Conv2d(3, 192, 16, 16)
        self.places = nn.Parameter(torch.randn(1, 196, 192) * 0.02)
        self.body = nn.Sequential(*[Attention(192, 3) for _ in range(12)], nn.LayerNorm(192))

    def forward(self, x):
        return self.body(self.cut(x).flatten(2).transpose(1, 2) + self.places).mean(1)


MODELS = {"lite0": Lite0, "mobilenetv2": MobileNetV2, "ecg-resnet": EcgResNet, "vit": Vit}
made, inputs = {}, {}


def model(name):
    if name not in made:
        made[name] = MODELS[name]().eval()
    return made[name]


def picture(name, batch, size):
    key = (name == "ecg-resnet", batch, size)
    if key not in inputs:
        inputs[key] = torch.rand(batch, 12, 1000) if key[0] else torch.rand(batch, 3, size, size)
    return inputs[key]


def timed(work):
    start, before = time.perf_counter(), time.process_time()
    work()
    return {"ms": (time.perf_counter() - start) * 1000, "cpuMs": (time.process_time() - before) * 1000}


def export(folder):
    for name in ("ecg-resnet", "vit"):
        axes = {"samples": {0: "batch"}, "features": {0: "batch"}}
        torch.onnx.export(
            model(name), picture(name, 1, 224), f"{folder}/{name}.onnx", opset_version=14, input_names=["samples"],
            output_names=["features"], dynamic_axes=axes, verbose=False,
        )
    return {"torch": torch.__version__}


head = nn.Linear(1280, 1)
optimizer = torch.optim.Adam(head.parameters(), 1e-3)


def step(count, size):
    """As people write it: no gradient through the frozen part, which is run anew for every batch."""
    x = picture("lite0", count, size)
    with torch.no_grad():
        features = model("lite0")(x)
    loss = nn.functional.binary_cross_entropy_with_logits(head(features)[:, 0], (x[:, 0, 0, 0] > 0.5).float())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def inference(name, batch, size):
    x = picture(name, batch, size)
    with torch.no_grad():
        model(name)(x)


def answer(question):
    if "export" in question:
        return export(question["export"])
    if "train" in question:
        return timed(lambda: step(question["train"], question["size"]))
    return timed(lambda: inference(question["model"], question["batch"], question["size"]))


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
