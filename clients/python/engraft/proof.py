"""Whether a release's files are what its coordinator signed (DSSE over an in-toto statement), offline."""
import base64
import hashlib
import json
import struct
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROVENANCE = "provenance.dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"


class NotProven(Exception):
    """Names every file that is not what was signed."""

    def __init__(self, problems):
        super().__init__("; ".join(problems))
        self.problems = problems


def verify(folder, key):
    """
    Returns the provenance that the coordinator signed. `key`: its public key, 43 letters and digits (base64url), as its operator told you.
    Raises `NotProven`.
    """
    folder = Path(folder)
    statement = _statement(folder, key)
    provenance, problems = statement["predicate"], []
    signed = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    for name, digest in signed.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            problems.append(f"{name} was changed after it was released")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in signed and name not in (PROVENANCE, "bundle.zip") and "__pycache__" not in name:
            problems.append(f"{name} was not signed")
    if not problems and _trained(folder) != provenance["checkpoint"]:
        problems.append("the trained values in model.safetensors are not those of the last checkpoint")
    if problems:
        raise NotProven(problems)
    return provenance


def _statement(folder, key):
    try:
        envelope = json.loads((folder / PROVENANCE).read_text("utf-8"))
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise NotProven([f"{PROVENANCE} or the key cannot be read"]) from error
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    try:
        public.verify(signature, signed)
    except InvalidSignature as error:
        raise NotProven([f"{PROVENANCE} is not signed by this key"]) from error
    return json.loads(payload)


def _trained(folder):
    """SHA-256 of the values that sites trained together, as they lie in trainable-only.safetensors and, the same, in the model."""
    path = folder / "trainable-only.safetensors"
    if not path.is_file():
        return None
    trained, model = _tensors(path), dict(_tensors(folder / "model.safetensors"))
    hashed = hashlib.sha256()
    for name, values in trained:
        if model.get(name) != values:
            return None
        hashed.update(values)
    return hashed.hexdigest()


def _tensors(path):
    """(name, bytes) in the order of the file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    ordered = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    return [(name, data[8 + length + one["data_offsets"][0] : 8 + length + one["data_offsets"][1]]) for name, one in ordered]
