"""A verified release as a model, and its figures as a table."""
import importlib.util
import sys
from pathlib import Path

from .proof import verify


def load(folder, key, using=None):
    """
    The release's own `load.py`, which runs only after everything in the folder was verified under `key`. `using`: "onnx", "keras" or
    "torch"; the first that is installed where nothing is said. Its `predict` takes rows of a table (dictionaries or a DataFrame) or an array.
    """
    verify(folder, key)
    folder = Path(folder).resolve()
    path = folder / "load.py"
    if not path.is_file():
        raise FileNotFoundError("This release has no load.py: its model is in model.safetensors alone.")
    # Nothing but the release's own files may be found under their names.
    sys.path.insert(0, str(folder))
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec = importlib.util.spec_from_file_location(f"engraft_release_{abs(hash(str(folder)))}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.load(str(folder), using) if using else module.load(str(folder))
    finally:
        sys.dont_write_bytecode = before
        sys.path.remove(str(folder))


def load_torch(folder, key):
    """The torch module itself."""
    return load(folder, key, "torch").network


def load_keras(folder, key):
    """The keras model itself."""
    return load(folder, key, "keras").network


def metrics(folder):
    """metrics.csv as a DataFrame: run, round, site, split, metric, value, ci_low, ci_high, n. Needs pandas."""
    import pandas

    return pandas.read_csv(Path(folder) / "metrics.csv")
