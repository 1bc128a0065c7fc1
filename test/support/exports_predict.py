"""Loads a model's folder with its own load.py, as a user does, and writes predictions of its samples as raw float32.

    python exports_predict.py FOLDER HOW
"""
import json
import sys
from pathlib import Path

import numpy as np

folder, how = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(folder))
from load import load  # noqa: E402

if how == "onnx":
    import onnx

    checked = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(checked, full_check=True)
    (folder / "onnx.json").write_text(json.dumps({
        "opset": {one.domain: one.version for one in checked.opset_import},
        "metadata": {one.key: one.value for one in checked.metadata_props},
        "inputs": [one.name for one in checked.graph.input],
        "outputs": [one.name for one in checked.graph.output],
    }))

raw = json.loads((folder / "raw.json").read_text())
samples = raw["rows"] if "rows" in raw else np.fromfile(folder / "raw.f32", dtype="<f4").reshape(raw["shape"])
np.asarray(load(folder, how).predict(samples, batch=50), dtype="<f4").tofile(folder / f"{how}.f32")
