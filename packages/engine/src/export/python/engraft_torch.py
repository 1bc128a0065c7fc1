"""The layers of an Engraft model (`architecture` in manifest.json) as a PyTorch module, channels first, for prediction and for training on.

    from load import read_safetensors
    network = Network(manifest["architecture"], read_safetensors("model.safetensors"))

It takes what enters the first layer and gives what the last one does: logits, a scaled value or a log hazard ratio.
"""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def padding_of(padding, space, window, stride):
    """[before, after] of each dimension; "same" is TensorFlow's, the odd one at the end."""
    if padding != "same":
        return padding
    missing = [max((-(-n // s) - 1) * s + w - n, 0) for n, w, s in zip(space, window, stride)]
    return [(total // 2, total - total // 2) for total in missing]


def padded(x, layer, window, value=0.0):
    sides = padding_of(layer["padding"], x.shape[2:], window, layer["stride"])
    return F.pad(x, [side for pair in reversed(sides) for side in pair], value=value)


class Conv(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        kind = nn.Conv1d if len(layer["kernel"]) == 1 else nn.Conv2d
        kernel, stride = tuple(layer["kernel"]), tuple(layer["stride"])
        self.conv = kind(layer["in"], layer["out"], kernel, stride, groups=layer["groups"], bias=layer["bias"])

    def forward(self, x):
        return self.conv(padded(x, self.layer, self.layer["kernel"]))


class Pool(nn.Module):
    """Padding counts in neither the maximum nor the mean."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        window, stride = tuple(self.layer["window"]), tuple(self.layer["stride"])
        one = len(window) == 1
        if self.layer["operation"] == "max":
            return (F.max_pool1d if one else F.max_pool2d)(padded(x, self.layer, window, -float("inf")), window, stride)
        mean = F.avg_pool1d if one else F.avg_pool2d
        share = mean(padded(torch.ones_like(x[:1, :1]), self.layer, window), window, stride)
        return mean(padded(x, self.layer, window), window, stride) / share


class LastState(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.gru = nn.GRU(layer["in"], layer["units"], batch_first=True)

    def forward(self, x):
        return self.gru(x)[1][0]


class Norm(nn.Module):
    def __init__(self, layer):
        super().__init__()
        # One layer for rows, recordings and pictures: they differ in what it checks alone.
        self.norm = nn.BatchNorm1d(layer["channels"], eps=layer["epsilon"])

    def forward(self, x):
        return self.norm(x.flatten(2)).view_as(x) if x.dim() > 3 else self.norm(x)


class Codes(nn.Module):
    """Whole numbers, of which each stands for a row; others count as the nearest one."""

    def __init__(self, layer):
        super().__init__()
        self.rows = nn.Embedding(layer["entries"], layer["width"])

    def forward(self, x):
        return self.rows(x.round().clamp(0, self.rows.num_embeddings - 1).long())


class Step(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


ACTIVATIONS = {
    "relu": F.relu, "relu6": F.relu6, "silu": F.silu, "gelu": F.gelu, "elu": F.elu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "signed-root": lambda x: x / torch.sqrt(x.abs() + 1e-4), "linear": lambda x: x,
}
SHAPES = {"flatten": lambda x: x.flatten(1), "transpose": lambda x: x.transpose(1, 2), "plane": lambda x: x.unsqueeze(1)}
GLOBAL = {"max": lambda x: x.flatten(2).max(2)[0], "mean": lambda x: x.flatten(2).mean(2)}


def module_of(layer):
    kind = layer["kind"]
    if kind == "dense":
        return nn.Linear(layer["in"], layer["out"])
    if kind in ("conv", "pool", "gru", "batch-norm"):
        return {"conv": Conv, "pool": Pool, "gru": LastState, "batch-norm": Norm}[kind](layer)
    if kind == "layer-norm":
        return nn.LayerNorm(layer["features"], eps=layer["epsilon"])
    if kind == "embedding":
        return Codes(layer)
    if kind == "dropout":
        return nn.Dropout(layer["rate"])
    if kind == "add":
        return nn.Identity()
    return Step(ACTIVATIONS[layer["function"]] if kind == "activation" else GLOBAL[layer["operation"]] if kind == "global-pool" else SHAPES[kind])


def gates(values):
    """Update, reset, candidate to PyTorch's reset, update, candidate."""
    update, reset, candidate = np.split(values, 3, axis=-1)
    return np.concatenate([reset, update, candidate], axis=-1)


def parameters_of(layer, module, given):
    """PyTorch's tensors with the values that go there."""
    kind = layer["kind"]
    if kind == "dense":
        return [(module.weight, given("kernel").T), (module.bias, given("bias"))]
    if kind == "conv":
        return [(module.conv.weight, given("kernel"))] + ([(module.conv.bias, given("bias"))] if layer["bias"] else [])
    if kind == "batch-norm":
        norm = module.norm
        names = {"gamma": norm.weight, "beta": norm.bias, "mean": norm.running_mean, "variance": norm.running_var}
        return [(tensor, given(name)) for name, tensor in names.items()]
    if kind == "layer-norm":
        return [(module.weight, given("gamma")), (module.bias, given("beta"))]
    if kind == "embedding":
        return [(module.rows.weight, given("kernel"))]
    if kind == "gru":
        entering, recurrent = gates(given("bias"))
        gru = module.gru
        return [
            (gru.weight_ih_l0, gates(given("kernel")).T), (gru.weight_hh_l0, gates(given("recurrent")).T),
            (gru.bias_ih_l0, entering), (gru.bias_hh_l0, recurrent),
        ]
    return []


class Network(nn.Module):
    def __init__(self, architecture, tensors):
        super().__init__()
        self.layers = architecture["layers"]
        self.steps = nn.ModuleList(module_of(layer) for layer in self.layers)
        with torch.no_grad():
            for layer, step in zip(self.layers, self.steps):
                given = lambda name, of=layer["name"]: tensors[f"{of}/{name}"]
                for tensor, values in parameters_of(layer, step, given):
                    tensor.copy_(torch.from_numpy(np.array(values, dtype=np.float32)))

    def forward(self, x):
        outputs, before = {"input": x}, "input"
        for layer, step in zip(self.layers, self.steps):
            source = layer.get("from", before)
            before = layer["name"]
            outputs[before] = outputs[source[0]] + outputs[source[1]] if layer["kind"] == "add" else step(outputs[source])
        return outputs[before]
