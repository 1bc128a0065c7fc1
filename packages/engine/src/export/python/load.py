"""Loads the model beside this file and predicts with it. Nothing here is executed from a file of weights: there is no pickle.

    python load.py                         what the model takes, and which of its files can be run here
    python load.py table.csv               predictions for a table whose columns are called as the fields, as CSV
    python load.py samples.npy             for pictures [N, height, width, channels] with levels 0 to 255, or recordings [N, leads, points]
    python load.py table.csv --with torch  by another library: onnx (onnxruntime), keras, torch

From Python:

    from load import load
    model = load(".", "onnx")              # or "keras", "torch"; the first that is installed where nothing is said
    model.predict(samples)                 # an array as above, or rows of a table: dictionaries, or a pandas.DataFrame
    model.network                          # the onnxruntime session, keras model or torch module itself

Needs numpy and one of onnxruntime, keras 3 with a backend, or torch.
"""
import argparse
import csv
import json
import re
import struct
import sys
from pathlib import Path

import numpy as np

FILES = {"onnx": "model.onnx", "keras": "model.keras", "torch": "model.safetensors"}
MODULES = {"onnx": "onnxruntime", "keras": "keras", "torch": "torch"}


def read_safetensors(path):
    """Every tensor of a file of float32, by name."""
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, start = json.loads(data[8 : 8 + length]), 8 + length
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[start + begin : start + end], dtype="<f4").reshape(entry["shape"])
    return tensors


def canonical(code):
    """One spelling of a code: "01", "1.0" and 1 are "1"; any other text stays as it is."""
    text = str(code).strip()
    if len(text) > 15 or not re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return text
    value = float(text)
    return str(int(value)) if value == int(value) else repr(value)


def is_missing(value):
    return value is None or value == "" or (isinstance(value, float) and np.isnan(value))


class Table:
    """Rows of a table: what is missing, not allowed by its field or outside its range is filled as the model was trained."""

    def __init__(self, manifest):
        self.rules = manifest["inputs"]
        self.fields = {field["name"]: field for field in manifest["fields"]}
        self.columns = list(dict.fromkeys(rule["field"] for rule in self.rules))

    def __str__(self):
        return "rows with the columns " + ", ".join(self.columns)

    def values(self, samples):
        """Each column's values, checked: float32 with NaN, or the code as the field writes it with '' where it is missing."""
        rows = samples.to_dict("records") if hasattr(samples, "to_dict") else list(samples)
        return {name: [self.checked(self.fields[name], row.get(name)) for row in rows] for name in self.columns}

    def checked(self, field, value):
        if field["kind"] == "number":
            number = np.nan if is_missing(value) else float(value)
            return number if field["min"] <= number <= field["max"] else np.nan
        codes = {canonical(one["code"]): one["code"] for one in field["values"]}
        return "" if is_missing(value) else codes.get(canonical(value), "")

    def raw(self, samples):
        """As model.onnx takes it: an array [N, 1] for each column."""
        kinds = {name: np.float32 if self.fields[name]["kind"] == "number" else str for name in self.columns}
        return [np.array(each, dtype=kinds[name]).reshape(-1, 1) for name, each in self.values(samples).items()]

    def encoded(self, samples):
        """As the first layer takes it, [N, width] float32."""
        values, parts = self.values(samples), []
        for rule in self.rules:
            each = values[rule["field"]]
            if rule["kind"] == "standardise":
                numbers = np.array(each, dtype=np.float64)
                missing = np.isnan(numbers)
                parts.append((np.where(missing, rule["fill"], numbers) - rule["mean"]) / rule["sd"])
            else:
                missing = np.array([code == "" for code in each])
                known = [canonical(rule["fill"] if code == "" else code) for code in each]
                parts.extend(np.array([one == canonical(code) for one in known], dtype=np.float64) for code in rule["codes"])
            if rule["flagMissing"]:
                parts.append(missing.astype(np.float64))
        return np.stack(parts, axis=1).astype(np.float32)


class Samples:
    """Pictures or recordings: arrays of raw values."""

    def __init__(self, rule, field):
        self.picture = rule["kind"] == "image"
        self.mean, self.sd = (np.array(rule[name], dtype=np.float32) for name in ("mean", "sd"))
        if self.picture:
            self.shape = (rule["height"], rule["width"], rule["channels"])
        else:
            # Half a point counts as one, as everywhere in Engraft.
            self.shape = (len(field["leads"]), int(np.floor(field["rate"] * field["seconds"] + 0.5)))
            self.leads, self.rate, self.unit = field["leads"], field["rate"], field["unit"]

    def __str__(self):
        if self.picture:
            return f"pictures {['N', *self.shape]} (height, width, channels), levels 0 to 255"
        return f"recordings {['N', *self.shape]} of the leads {', '.join(self.leads)} with {self.rate} points per second in {self.unit}"

    def whole(self, samples):
        x = np.asarray(samples, dtype=np.float32)
        if x.shape[1:] != self.shape:
            raise ValueError(f"the model takes {self}, and these are {list(x.shape)}")
        return x

    def raw(self, samples):
        return [self.whole(samples)]

    def channels_last(self, samples):
        """As model.keras takes it: normalised by the model itself."""
        x = self.whole(samples)
        return x if self.picture else x.transpose(0, 2, 1)

    def encoded(self, samples):
        """As the first layer takes it: normalised, channels first."""
        x = self.whole(samples)
        if self.picture:
            return np.ascontiguousarray(((x - self.mean) / self.sd).transpose(0, 3, 1, 2))
        return (x - self.mean[:, None]) / self.sd[:, None]


def entry_of(manifest):
    for rule in manifest["inputs"]:
        if rule["kind"] in ("image", "signal"):
            return Samples(rule, next(field for field in manifest["fields"] if field["name"] == rule["field"]))
    return Table(manifest)


class Model:
    """`predict(samples)` gives [N, outputs]: probabilities, a value in the label's unit, or a log hazard ratio."""

    def __init__(self, folder, manifest):
        self.manifest, self.entry = manifest, entry_of(manifest)
        self.network = self.open(Path(folder))

    def predict(self, samples, batch=64):
        rows = samples.to_dict("records") if hasattr(samples, "to_dict") else samples
        parts = [self.run(rows[at : at + batch]) for at in range(0, len(rows), batch)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.outputs)), dtype=np.float32)

    @property
    def outputs(self):
        label = self.manifest["label"]
        several = label.get("classes", label.get("labels"))
        return [one["name"] for one in several] if several else [label["name"]]


class OnnxModel(Model):
    def open(self, folder):
        import onnxruntime

        return onnxruntime.InferenceSession(str(folder / FILES["onnx"]), providers=["CPUExecutionProvider"])

    def run(self, samples):
        names = [one.name for one in self.network.get_inputs()]
        first = self.network.get_outputs()[0].name
        return self.network.run([first], dict(zip(names, self.entry.raw(samples))))[0]


class KerasModel(Model):
    def open(self, folder):
        import keras

        return keras.models.load_model(folder / FILES["keras"], compile=False)

    def run(self, samples):
        import keras

        x = self.entry.encoded(samples) if isinstance(self.entry, Table) else self.entry.channels_last(samples)
        return keras.ops.convert_to_numpy(self.network(x, training=False))


class TorchModel(Model):
    def open(self, folder):
        from engraft_torch import Network

        return Network(self.manifest["architecture"], read_safetensors(folder / FILES["torch"])).eval()

    def run(self, samples):
        import torch

        with torch.no_grad():
            raw = self.network(torch.from_numpy(self.entry.encoded(samples))).numpy()
        label = self.manifest["label"]
        kind = label.get("kind")
        if kind in (None, "multilabel"):
            return 1 / (1 + np.exp(-raw))
        if kind in ("multiclass", "ordinal"):
            powers = np.exp(raw - raw.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        if kind == "regression":
            return label["min"] + (np.clip(raw, -1, 1) + 1) * (label["max"] - label["min"]) / 2
        return raw


MODELS = {"onnx": OnnxModel, "keras": KerasModel, "torch": TorchModel}


def usable(folder):
    """Which of the files are there with a library that runs them."""
    from importlib.util import find_spec

    return [name for name in FILES if (Path(folder) / FILES[name]).exists() and find_spec(MODULES[name]) is not None]


def load(folder=".", how=None):
    manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    names = [how] if how else usable(folder)
    if not names:
        raise SystemExit("Nothing here can run this model: install onnxruntime, keras or torch.")
    return MODELS[names[0]](folder, manifest)


def main():
    parser = argparse.ArgumentParser(description="Predictions of this model.")
    parser.add_argument("samples", nargs="?", help="a .csv or .npy file")
    parser.add_argument("--with", dest="how", choices=list(MODELS), help="the library that computes")
    given = parser.parse_args()
    here = Path(__file__).resolve().parent
    if given.samples is None:
        manifest = json.loads((here / "manifest.json").read_text(encoding="utf-8"))
        print(f"{manifest['title']} ({manifest['name']} {manifest['version']})\ntakes {entry_of(manifest)}")
        print(f"can be run here by: {', '.join(usable(here)) or 'nothing that is installed'}")
        return
    if given.samples.endswith(".npy"):
        samples = np.load(given.samples, allow_pickle=False)
    else:
        with open(given.samples, newline="", encoding="utf-8-sig") as file:
            samples = list(csv.DictReader(file))
    model = load(here, given.how)
    writer = csv.writer(sys.stdout)
    writer.writerow(model.outputs)
    writer.writerows([[repr(float(value)) for value in row] for row in model.predict(samples)])


if __name__ == "__main__":
    main()
