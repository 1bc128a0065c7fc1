"""PyTorch's losses of some steps of training: what an engine's are compared with.

    python torch_losses.py FOLDER

FOLDER: see torch_layers.py; its samples are batches that steps take in turn. training.json beside them says how it is trained, and FOLDER
holds a file of factors [steps, batch, ...] for each dropout layer, dropout-INDEX.f32. Prints {"exact": losses, "runs": [losses], "faults": {what: losses}}:
float64's; float32's, all but the first with parameters changed in their last bit and each batch in an order of its own; and float64's
where training is done wrong in some way, from which a right one must be told.
"""
import json
import sys

import numpy as np
import torch
import torch.nn as nn

from torch_layers import Case, loss_of

RUNS = 3
LAST_BIT = 2.0**-24
BETA1, BETA2 = 0.9, 0.999


class Factors(nn.Module):
    """Dropout by factors that are given, one tensor for each step."""

    def __init__(self, factors, rows):
        super().__init__()
        self.factors, self.rows, self.steps = factors, rows, 0

    def forward(self, x):
        factors = self.factors[self.steps].reshape(x.shape)[self.rows[self.steps]]
        self.steps += 1
        return x * factors.to(x.dtype)


def optimizer_of(network, training, momentum):
    settings = training["optimizer"]
    moving = [parameter for parameter in network.parameters() if parameter.requires_grad]
    rate, decay = settings["learningRate"], training["weightDecay"]
    if settings["name"] == "sgd":
        return torch.optim.SGD(moving, rate, settings["momentum"] if momentum is None else momentum, weight_decay=decay)
    return torch.optim.Adam(moving, rate, (BETA1, BETA2), weight_decay=decay)


def losses_of(case, training, dtype, run=0, momentum=None, corrected=True, scaled=True):
    torch.manual_seed(run)
    network, batch = case.network(dtype), training["batch"]
    if run:
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(1 + LAST_BIT * (2 * torch.randint(0, 2, parameter.shape) - 1).to(torch.float64))
    rows = [torch.randperm(batch) if run else torch.arange(batch) for _ in range(training["steps"])]
    for at, layer in enumerate(network.layers):
        if layer["kind"] == "dropout":
            factors = torch.from_numpy(case.floats(f"dropout-{at}").reshape(training["steps"], batch, -1))
            network.steps[at] = Factors(factors if scaled else factors * (1 - layer["rate"]), rows)
    optimizer = optimizer_of(network, training, momentum)
    x, y, weights = case.samples(dtype)
    losses = []
    for step, order in enumerate(rows):
        taken = (step * batch) % len(x) + order
        optimizer.zero_grad()
        loss = loss_of(network(x[taken]), y[taken], weights[taken])
        loss.backward()
        for group in optimizer.param_groups:
            undone = 1 if corrected else (1 - BETA1 ** (step + 1)) / np.sqrt(1 - BETA2 ** (step + 1))
            group["lr"] = training["optimizer"]["learningRate"] * undone
        optimizer.step()
        losses.append(loss.item())
    return losses


def faults_of(case, training):
    if training["optimizer"]["name"] == "sgd":
        yield "momentum of 0.8 for 0.9", {"momentum": 0.8}
    else:
        yield "moments without correction of their bias", {"corrected": False}
    if any(layer["kind"] == "dropout" for layer in case.architecture["layers"]):
        yield "dropout without 1 / (1 - p)", {"scaled": False}


def main(folder):
    case = Case(folder)
    training = json.loads((case.folder / "training.json").read_text())
    exact = losses_of(case, training, torch.float64)
    runs = [losses_of(case, training, torch.float32, run) for run in range(RUNS)]
    faults = {what: losses_of(case, training, torch.float64, **fault) for what, fault in faults_of(case, training)}
    print(json.dumps({"exact": exact, "runs": runs, "faults": faults}))


if __name__ == "__main__":
    main(sys.argv[1])
