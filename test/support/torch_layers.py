"""Engraft's layers (packages/engine/src/ir/layers.ts) in PyTorch: the same network with the same parameters, by its JSON.

A network comes as a folder that test/support/torch-network.ts writes: network.json and raw little-endian float32 files.
"""
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def same_padding(space, window, stride):
    """TensorFlow's: as much as the stride needs, the odd one at the end."""
    missing = [max((-(-n // s) - 1) * s + w - n, 0) for n, w, s in zip(space, window, stride)]
    return [(total // 2, total - total // 2) for total in missing]


def sides(padding, space, window, stride):
    return same_padding(space, window, stride) if padding == "same" else padding


def for_pad(padding):
    """In the order of F.pad: the last dimension first."""
    return [side for pair in reversed(padding) for side in pair]


class Conv(nn.Module):
    def __init__(self, layer, space):
        super().__init__()
        padding = sides(layer["padding"], space, layer["kernel"], layer["stride"])
        even = all(before == after for before, after in padding)
        self.extra = None if even else for_pad(padding)
        kind = nn.Conv1d if len(space) == 1 else nn.Conv2d
        inside = [before for before, _ in padding] if even else 0
        self.conv = kind(
            layer["in"], layer["out"], tuple(layer["kernel"]), tuple(layer["stride"]), inside if inside == 0 else tuple(inside),
            groups=layer["groups"], bias=layer["bias"],
        )

    def forward(self, x):
        return self.conv(x if self.extra is None else F.pad(x, self.extra))


class Pool(nn.Module):
    """Padding counts in neither the maximum nor the mean."""

    def __init__(self, layer, space):
        super().__init__()
        self.window, self.stride = tuple(layer["window"]), tuple(layer["stride"])
        padding = sides(layer["padding"], space, self.window, self.stride)
        self.even = all(before == after and 2 * before <= w for (before, after), w in zip(padding, self.window))
        self.inside, self.extra = tuple(before for before, _ in padding), for_pad(padding)
        self.maximum, one = layer["operation"] == "max", len(space) == 1
        self.pool = (F.max_pool1d if one else F.max_pool2d) if self.maximum else (F.avg_pool1d if one else F.avg_pool2d)

    def forward(self, x):
        if self.even:
            more = {} if self.maximum else {"count_include_pad": False}
            return self.pool(x, self.window, self.stride, self.inside, **more)
        if self.maximum:
            return self.pool(F.pad(x, self.extra, value=-float("inf")), self.window, self.stride)
        inside = F.pad(torch.ones_like(x[:1, :1]), self.extra)
        return self.pool(F.pad(x, self.extra), self.window, self.stride) / self.pool(inside, self.window, self.stride)


class GlobalPool(nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.maximum = operation == "max"

    def forward(self, x):
        x = x.flatten(2)
        return x.max(2)[0] if self.maximum else x.mean(2)


class LastState(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.gru = nn.GRU(layer["in"], layer["units"], batch_first=True)

    def forward(self, x):
        return self.gru(x)[1][0]


class Codes(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.rows = nn.Embedding(layer["entries"], layer["width"])

    def forward(self, x):
        return self.rows(x.round().clamp(0, self.rows.num_embeddings - 1).long())


class Shaped(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return self.shape(x)


class SignedRoot(nn.Module):
    def forward(self, x):
        return x / torch.sqrt(x.abs() + 1e-4)


ACTIVATIONS = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "silu": nn.SiLU, "gelu": nn.GELU, "elu": nn.ELU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "signed-root": SignedRoot, "linear": nn.Identity,
}
IN_PLACE = {"relu", "relu6", "elu", "silu"}


def step_of(layer, shape, alone):
    """`shape` comes in, without the batch; `alone`: nobody else takes what comes in."""
    kind = layer["kind"]
    if kind == "dense":
        return nn.Linear(layer["in"], layer["out"])
    if kind == "conv":
        return Conv(layer, shape[1:])
    if kind == "batch-norm":
        norm = nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d
        return norm(layer["channels"], eps=layer["epsilon"])
    if kind == "activation":
        name = layer["function"]
        return ACTIVATIONS[name](inplace=True) if alone and name in IN_PLACE else ACTIVATIONS[name]()
    if kind == "pool":
        return Pool(layer, shape[1:])
    if kind == "global-pool":
        return GlobalPool(layer["operation"])
    if kind == "layer-norm":
        return nn.LayerNorm(layer["features"], eps=layer["epsilon"])
    if kind == "embedding":
        return Codes(layer)
    if kind == "dropout":
        return nn.Dropout(layer["rate"])
    if kind == "gru":
        return LastState(layer)
    shapes = {"flatten": lambda x: x.flatten(1), "transpose": lambda x: x.transpose(1, 2), "plane": lambda x: x.unsqueeze(1)}
    return Shaped(shapes[kind])


def gates(values):
    """Update, reset, candidate to PyTorch's reset, update, candidate, and back."""
    update, reset, candidate = np.split(values, 3, axis=-1)
    return np.concatenate([reset, update, candidate], axis=-1)


def places_of(layer, step):
    """For each of Engraft's parameters: PyTorch's tensors, and how values go there and back."""
    kind = layer["kind"]
    plain = (lambda values: [values], lambda parts: parts[0])
    turned = (lambda values: [values.T], lambda parts: parts[0].T)
    if kind == "dense":
        return {"kernel": ([step.weight], *turned), "bias": ([step.bias], *plain)}
    if kind == "conv":
        bias = {"bias": ([step.conv.bias], *plain)} if layer["bias"] else {}
        return {"kernel": ([step.conv.weight], *plain), **bias}
    if kind == "batch-norm":
        own = {"gamma": step.weight, "beta": step.bias, "mean": step.running_mean, "variance": step.running_var}
        return {name: ([tensor], *plain) for name, tensor in own.items()}
    if kind == "layer-norm":
        return {"gamma": ([step.weight], *plain), "beta": ([step.bias], *plain)}
    if kind == "embedding":
        return {"kernel": ([step.rows.weight], *plain)}
    if kind == "gru":
        gru, kernel = step.gru, (lambda values: [gates(values).T], lambda parts: gates(parts[0].T))
        bias = (lambda values: list(gates(values)), lambda parts: gates(np.stack(parts)))
        return {
            "kernel": ([gru.weight_ih_l0], *kernel), "recurrent": ([gru.weight_hh_l0], *kernel),
            "bias": ([gru.bias_ih_l0, gru.bias_hh_l0], *bias),
        }
    return {}


class Network(nn.Module):
    """Batch statistics are used, and learnt, where a layer's running mean is trained; dropout is on while `training`."""

    def __init__(self, architecture, trained, dtype=torch.float32):
        super().__init__()
        self.layers, self.steps, self.places = architecture["layers"], nn.ModuleList(), {}
        self.sources = self.wire()
        last = {source: index for index, sources in enumerate(self.sources) for source in sources}
        self.done = [[name for name in set(sources) if last[name] == index] for index, sources in enumerate(self.sources)]
        takers = [source for sources in self.sources for source in sources]
        shape = architecture["input"] if isinstance(architecture["input"], list) else [architecture["input"]]
        outputs = {"input": torch.zeros(2, *shape)}
        for layer, sources in zip(self.layers, self.sources):
            taken = [outputs[source] for source in sources]
            alone = takers.count(sources[0]) == 1 and sources[0] != "input"
            step = nn.Identity() if layer["kind"] == "add" else step_of(layer, list(taken[0].shape[1:]), alone)
            self.steps.append(step)
            with torch.no_grad():
                given = taken[0].clone()
                outputs[layer["name"]] = given if layer["kind"] == "add" else step.eval()(given)
            for name, place in places_of(layer, step).items():
                self.places[f"{layer['name']}/{name}"] = place
        for name, (tensors, *_) in self.places.items():
            for tensor in tensors:
                if isinstance(tensor, nn.Parameter):
                    tensor.requires_grad_(name in trained)
        self.trained = trained
        self.to(dtype)
        self.dtype = dtype
        # Running statistics are other tensors after a change of type.
        for layer, step in zip(self.layers, self.steps):
            self.places.update({f"{layer['name']}/{name}": place for name, place in places_of(layer, step).items()})
        self.train()

    def wire(self):
        wired, before = [], "input"
        for layer in self.layers:
            source = layer.get("from", before)
            wired.append(source if isinstance(source, list) else [source])
            before = layer["name"]
        return wired

    def train(self, mode=True):
        super().train(mode)
        for layer, step in zip(self.layers, self.steps):
            if layer["kind"] == "batch-norm":
                step.train(mode and f"{layer['name']}/mean" in self.trained)
        return self

    def forward(self, x):
        outputs = {"input": x}
        for layer, step, sources, done in zip(self.layers, self.steps, self.sources, self.done):
            taken = [outputs[source] for source in sources]
            for name in done:
                del outputs[name]
            x = taken[0] + taken[1] if layer["kind"] == "add" else step(taken[0])
            del taken
            outputs[layer["name"]] = x
        return x

    def load(self, tensors):
        with torch.no_grad():
            for name, values in tensors.items():
                into, there, _ = self.places[name]
                for tensor, part in zip(into, there(values)):
                    tensor.copy_(torch.from_numpy(np.ascontiguousarray(part)))

    def values(self, name, take=lambda tensor: tensor):
        """In Engraft's order, flat. `take`: of each of PyTorch's tensors."""
        tensors, _, back = self.places[name]
        return np.ascontiguousarray(back([take(tensor).detach().numpy() for tensor in tensors])).reshape(-1)

    def gradient(self, name):
        return self.values(name, lambda tensor: tensor.grad)


class Case:
    """A network with its weights and one batch, from a folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        for key, value in json.loads((self.folder / "network.json").read_text()).items():
            setattr(self, key, value)

    def floats(self, name):
        return np.fromfile(self.folder / f"{name}.f32", dtype="<f4")

    def network(self, dtype=torch.float32):
        network = Network(self.architecture, set(self.trained), dtype)
        flat, at, tensors = self.floats("weights"), 0, {}
        for spec in self.tensors:
            size = int(np.prod(spec["shape"]))
            tensors[spec["name"]] = flat[at : at + size].reshape(spec["shape"])
            at += size
        network.load(tensors)
        return network

    def samples(self, dtype=torch.float32):
        shape = self.architecture["input"]
        x = self.floats("x").reshape(self.batch, *(shape if isinstance(shape, list) else [shape]))
        y = self.floats("y")
        weights = np.where(y == 1, self.classWeights[1], self.classWeights[0]) if self.classWeights else None
        return (
            torch.from_numpy(x).to(dtype), torch.from_numpy(y).to(dtype),
            None if weights is None else torch.from_numpy(weights).to(dtype),
        )


def loss_of(logits, y, weights):
    return F.binary_cross_entropy_with_logits(logits[:, 0], y, weights)
