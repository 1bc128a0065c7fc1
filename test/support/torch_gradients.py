"""PyTorch's loss, gradients and running statistics of one training step: what an engine's are compared with.

    python torch_gradients.py FOLDER

FOLDER: see torch_layers.py. Writes there, in the order of `trained` and as raw float64, what float64 gives: gradients.f64 (of what has
one) and statistics.f64 (running statistics after the step). Prints {"loss": nats, "spread": {"gradients": d, "statistics": d}}, where d
is how far PyTorch's own float32 is away, as an L2 distance relative to float64: the furthest of some runs, all but the first with
parameters changed in their last bit. In a deep network of batch statistics and kinks one run may be near by luck alone.
"""
import json
import sys

import numpy as np
import torch

from torch_layers import Case, loss_of

RUNS = 4
LAST_BIT = 2.0**-24


def is_statistic(name):
    return name.endswith(("/mean", "/variance"))


def step(case, dtype, shaken):
    network = case.network(dtype)
    if shaken:
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(1 + LAST_BIT * (2 * torch.randint(0, 2, parameter.shape) - 1).to(torch.float64))
    x, y, weights = case.samples(dtype)
    loss = loss_of(network(x), y, weights)
    loss.backward()
    learnt = [network.gradient(name) for name in case.trained if not is_statistic(name)]
    followed = [network.values(name) for name in case.trained if is_statistic(name)]
    joined = lambda parts: np.concatenate([np.zeros(0), *parts])  # noqa: E731
    return loss.item(), {"gradients": joined(learnt), "statistics": joined(followed)}


def distance(values, exact):
    return float(np.linalg.norm(values - exact) / np.linalg.norm(exact)) if exact.size else 0.0


def main(folder):
    torch.manual_seed(1)
    case = Case(folder)
    loss, exact = step(case, torch.float64, False)
    runs = [step(case, torch.float32, run > 0)[1] for run in range(RUNS)]
    for name, values in exact.items():
        values.astype("<f8").tofile(case.folder / f"{name}.f64")
    spread = {name: max(distance(run[name], values) for run in runs) for name, values in exact.items()}
    print(json.dumps({"loss": loss, "spread": spread}))


if __name__ == "__main__":
    main(sys.argv[1])
