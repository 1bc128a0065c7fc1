#!/usr/bin/env python3
"""PyTorch's optimizers on a bowl, in float64: `python3 optimizers.py > optimizers.json`. Needs torch.

The loss is sum of curve (w - target)^2 / 2. With `clip` gradients pass through torch.nn.utils.clip_grad_norm_ first. `factors` scale the
learning rate, value by value; a value whose factor is 0 is no parameter of PyTorch's.
"""
import json
import math

import torch

STEPS, VALUES = 12, 6
wave = lambda k: [math.sin(1.7 * (i + 1) * k) for i in range(VALUES)]
START, TARGET = wave(1), wave(2)
CURVE = [0.3 + 0.5 * i for i in range(VALUES)]
CASES = [
    {"optimizer": {"name": "adamw", "learningRate": 0.05}, "weightDecay": 0.3},
    {"optimizer": {"name": "adamw", "learningRate": 0.05}, "weightDecay": 0.3, "gradientClip": 0.5},
    {"optimizer": {"name": "adamw", "learningRate": 0.05}, "weightDecay": 0.3, "gradientClip": 0.5, "factors": [1, 0, 0.1, 1, 0.1, 0]},
    {"optimizer": {"name": "adam", "learningRate": 0.05}, "weightDecay": 0.3, "gradientClip": 0.5},
    {"optimizer": {"name": "sgd", "learningRate": 0.05, "momentum": 0.9}, "weightDecay": 0.3, "gradientClip": 0.5},
    {"optimizer": {"name": "sgd", "learningRate": 0.05, "momentum": 0}, "weightDecay": 0, "gradientClip": 0.2},
]


def optimizer_of(case, groups):
    settings, decay = case["optimizer"], case["weightDecay"]
    if settings["name"] == "sgd":
        return torch.optim.SGD(groups, lr=settings["learningRate"], momentum=settings["momentum"], weight_decay=decay)
    kind = torch.optim.AdamW if settings["name"] == "adamw" else torch.optim.Adam
    return kind(groups, lr=settings["learningRate"], weight_decay=decay)


def trained(case):
    factors = case.get("factors", [1] * VALUES)
    values = [torch.tensor(value, dtype=torch.float64, requires_grad=factor > 0) for value, factor in zip(START, factors)]
    moving = [(value, factor) for value, factor in zip(values, factors) if factor > 0]
    optimizer = optimizer_of(case, [{"params": [value], "lr": factor * case["optimizer"]["learningRate"]} for value, factor in moving])
    for _ in range(STEPS):
        optimizer.zero_grad()
        sum(c * (w - t) ** 2 / 2 for c, w, t in zip(CURVE, values, TARGET)).backward()
        if "gradientClip" in case:
            torch.nn.utils.clip_grad_norm_([value for value, _ in moving], case["gradientClip"])
        optimizer.step()
    return [value.item() for value in values]


print(json.dumps({"steps": STEPS, "start": START, "target": TARGET, "curve": CURVE, "cases": [{**case, "weights": trained(case)} for case in CASES]}))
