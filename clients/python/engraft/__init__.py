"""Models out of a federation: list, download, verify, load. Read-only."""
from .client import Client, EngraftError
from .loading import load, load_keras, load_torch, metrics
from .proof import NotProven, verify

__all__ = ["Client", "EngraftError", "NotProven", "load", "load_keras", "load_torch", "metrics", "verify"]
