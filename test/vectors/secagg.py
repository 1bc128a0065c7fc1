"""Second implementation of Engraft's secure sum: reads the inputs of secagg.json, prints the outputs. Needs `cryptography`.

Written from the protocol's text, not from the product's code: a slow field arithmetic, plain integers, no typed arrays.
"""
import base64, functools, hashlib, json, struct, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DOMAIN = b"engraft-secagg-1"
sha = lambda data: hashlib.sha256(data).digest()
u8, u16, u32 = (lambda v: struct.pack("<B", v)), (lambda v: struct.pack("<H", v)), (lambda v: struct.pack("<I", v))
name = lambda text: u8(len(text)) + text.encode()
blob = lambda data: u16(len(data)) + data
prefixed = lambda *parts: b"".join(u32(len(part)) + part for part in parts)
tagged = lambda tag, *parts: sha(prefixed(DOMAIN, tag.encode(), *parts))
items = lambda values: u16(len(values)) + b"".join(values)
b64 = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
raw = lambda key: key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
derive = lambda secret, salt, info: HKDF(hashes.SHA256(), 32, salt, info).derive(secret)
agree = lambda secret, public: X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))


def times(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 128 else 0)
        b >>= 1
    return product


def power(a, n):
    return functools.reduce(times, [a] * n, 1)


def split(secret, t, n, coefficients):
    at = lambda x, i: functools.reduce(lambda s, p: s ^ times(coefficients[p * 32 + i], power(x, p + 1)), range(t - 1), secret[i])
    return [bytes(at(x, i) for i in range(32)) for x in range(1, n + 1)]


def combine(shares):  # {x: share}
    out = [0] * 32
    for x, share in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = times(weight, times(other, power(other ^ x, 254)))
        out = [o ^ times(weight, s) for o, s in zip(out, share)]
    return bytes(out)


def root_of(leaves):
    level = [sha(b"\0" + leaf) for leaf in leaves]
    while len(level) & (len(level) - 1):
        level.append(sha(b"\0"))
    while len(level) > 1:
        level = [sha(b"\1" + level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def stream(key, words):
    data = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(4 * words))
    return struct.unpack(f"<{words}I", data)


def add(vector, key, sign):
    return [(v + sign * m) % 2**32 for v, m in zip(vector, stream(key, len(vector)))]


given = json.load(open(sys.argv[1]))["input"]
sites = given["sites"]
n, un = len(sites), bytes.fromhex
c = max(1, -(-n // 3) - 1)
t = (n + c) // 2 + 1
identity = [Ed25519PrivateKey.from_private_bytes(un(s["identitySeed"])) for s in sites]
coordinator = b64(raw(Ed25519PrivateKey.from_private_bytes(un(given["coordinatorSeed"]))))
box, mask, seed, nonce = ([un(s["secrets"])[k : k + 32] for s in sites] for k in (0, 32, 64, 96))
public = lambda secret: raw(X25519PrivateKey.from_private_bytes(secret))
C, M = [public(s) for s in box], [public(s) for s in mask]

directory = tagged("directory", items([name(s["site"]) + name(b64(raw(k))) + name(s["operator"]) + u8(0) for s, k in zip(sites, identity)]))
r0 = tagged("round", name(given["run"]) + u32(given["round"]) + un(given["plan"]) + un(given["base"]) + directory + name(coordinator))
t0 = tagged("attempt", r0 + u16(given["attempt"]) + un(given["nonce"]))
adverts = [t0 + name(s["site"]) + C[i] + M[i] + nonce[i] for i, s in enumerate(sites)]
t1 = tagged("roster", t0 + u8(t) + items([blob(a) for a in adverts]))
pair = lambda i, j: derive(agree(mask[i], M[j]), t1, b"mask" + bytes(sorted((i + 1, j + 1))))
own = lambda i, secret: derive(secret, t1, b"self" + u8(i + 1))

roots, leaves, dealt = [], [], []
for i, s in enumerate(sites):
    entropy, half = un(s["dealing"]), 32 * (t - 1)
    shares = list(zip(split(seed[i], t, n, entropy[:half]), split(mask[i], t, n, entropy[half : 2 * half])))
    mine = []
    for j in range(n):
        way, sealed = bytes((i + 1, j + 1)), b""
        if j != i:
            fresh = entropy[2 * half + 12 * j : 2 * half + 12 * j + 12]
            key = derive(agree(box[i], C[j]), t1, b"box" + way)
            sealed = fresh + AESGCM(key).encrypt(fresh, b"".join(shares[j]), t1 + way)
        commit = [tagged("share", t1, way, kind, shares[j][k]) for k, kind in enumerate((b"seed", b"key"))]
        mine.append(u8(j + 1) + blob(sealed) + b"".join(commit))
    leaves.append(mine)
    dealt.append(shares)
    roots.append(root_of([tagged("seed", t1, u8(i + 1), seed[i])] + mine))
u2 = tagged("shares", t1 + items([u8(i + 1) + r for i, r in enumerate(roots)]))

alive = [i for i in range(n) if not sites[i]["dropped"]]
gone = [i for i in range(n) if sites[i]["dropped"]]
bodies, headers = [], []
for i in alive:
    y = add(sites[i]["vector"], own(i, seed[i]), 1)
    for j in range(n):
        if j != i:
            y = add(y, pair(i, j), 1 if i < j else -1)
    bodies.append(struct.pack(f"<{len(y)}I", *y))
    headers.append(t1 + name(sites[i]["site"]) + u8(i + 1) + u2 + u32(len(y)) + sha(bodies[-1]))
u3 = tagged("inputs", t1 + u2 + items([u8(i + 1) + sha(h) for i, h in zip(alive, headers)]))
statement = lambda i: t1 + name(sites[i]["site"]) + u8(i + 1) + u3
releases = [
    statement(k) + items([u8(i + 1) + dealt[i][k][0] for i in alive]) + items([u8(i + 1) + dealt[i][k][1] for i in gone]) for k in alive
]

# Opening uses released shares and public keys only.
words = len(sites[0]["vector"])
total = [sum(column) % 2**32 for column in zip(*(struct.unpack(f"<{words}I", b) for b in bodies))]
for i in alive:
    total = add(total, own(i, combine({k + 1: dealt[i][k][0] for k in alive[:t]})), -1)
for j in gone:
    secret = combine({k + 1: dealt[j][k][1] for k in alive[:t]})
    for i in alive:
        key = derive(agree(secret, M[i]), t1, b"mask" + bytes(sorted((i + 1, j + 1))))
        total = add(total, key, -1 if i < j else 1)

sign = lambda i, kind, body: b64(identity[i].sign(prefixed(DOMAIN, b"statement", kind, body)))
print(json.dumps({
    "directory": directory.hex(), "round": r0.hex(), "attempt": t0.hex(),
    "adverts": [{"body": a.hex(), "signature": sign(i, b"advert", a)} for i, a in enumerate(adverts)],
    "roster": t1.hex(), "roots": [r.hex() for r in roots], "firstLeaf": leaves[0][1].hex(), "shares": u2.hex(),
    "pairMask": pair(0, 1).hex(), "selfMask": own(0, seed[0]).hex(), "stream": struct.pack("<16I", *stream(pair(0, 1), 16)).hex(),
    "masked": [b.hex() for b in bodies], "headers": [h.hex() for h in headers], "inputs": u3.hex(), "echo": statement(0).hex(),
    "releases": [r.hex() for r in releases], "sum": total,
}))
