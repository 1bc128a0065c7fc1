"""Second implementation of Engraft's compact encoding: reads the inputs of compact.json, prints the outputs. Needs `cryptography`.

Written from SPEC.md, not from the product's code: textbook transform, Python's own doubles, one integer for all bits.
"""
import hashlib, json, math, struct, sys
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

given = json.load(open(sys.argv[1]))["input"]
e, n = given["encoding"], given["encoding"]["values"]
sha = lambda data: hashlib.sha256(data).hexdigest()
prefixed = lambda *parts: b"".join(struct.pack("<I", len(part)) + part for part in parts)
stream = lambda key, words: struct.unpack(f"<{words}I", Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor().update(bytes(4 * words)))
signed = lambda word, bits: (word & 2**bits - 1) - (2**bits if word >> (bits - 1) & 1 else 0)
clamp = lambda value, bound: min(bound, max(-bound, value))


def blocks():
    if n <= 1024:
        return 2 ** max(3, math.ceil(math.log2(n))), 1
    size = max(2**k for k in range(3, 15) if -(-n // 2**k) * 2**k <= n * (1 + 1 / 16))
    return size, -(-n // size)


size, count = blocks()
length = size * count
seed = hashlib.sha256(prefixed(b"engraft-secagg-1", b"rotation", bytes.fromhex(given["round"]))).digest()
words = -(-length // 32)
bits = [word >> k & 1 for word in stream(seed, 2 * words) for k in range(32)]
signs = [[-1.0 if bits[32 * words * which + i] else 1.0 for i in range(length)] for which in (0, 1)]


def transform(block):
    half = 1
    while half < size:
        for i in range(size):
            if not i & half:
                block[i], block[i + half] = block[i] + block[i + half], block[i] - block[i + half]
        half *= 2
    return block


def transform_all(values, of_block):  # of_block(k): the places of block k
    for k in range(count):
        for place, value in zip(of_block(k), transform([values[place] for place in of_block(k)])):
            values[place] = value


neighbours = lambda k: range(k * size, (k + 1) * size)
apart = lambda k: range(k, length, count)


def rotate(values):
    values = [s * v / size for s, v in zip(signs[0], values)]
    transform_all(values, neighbours)
    values = [s * v for s, v in zip(signs[1], values)]
    transform_all(values, apart)
    return values


def rotate_back(values):
    transform_all(values, apart)
    values = [s * v / size for s, v in zip(signs[1], values)]
    transform_all(values, neighbours)
    return [s * v for s, v in zip(signs[0], values)]


most = (2**19 - 1 - e["noise"]) // e["sites"]
reach = min(e["clipNorm"], e["clip"] * math.sqrt(n)) * min(1, 6 / math.sqrt(length))
steps_per_unit = (most - 1) / reach


def encode(site):
    single = lambda value: struct.unpack("<f", struct.pack("<f", value))[0]
    update = [single(signed(word, 32) * 2**-36) for word in stream(bytes.fromhex(site["update"]), n)]
    squares = 0.0
    for value in update:
        squares += value * value
    norm = math.sqrt(squares)
    factor = e["clipNorm"] / norm if norm > e["clipNorm"] else 1
    values = rotate([clamp(value * factor, e["clip"]) for value in update] + [0.0] * (length - n))
    steps = site["weight"] / e["cap"] * steps_per_unit
    chance = stream(bytes.fromhex(site["chance"]), length)
    out = [math.floor(clamp(v * steps, steps * reach) + 0.5 + signed(c, 32) * 2**-32) for v, c in zip(values, chance)]
    return [site["weight"]] + out + [part for total in site["totals"] for part in divmod(total, 2**24)]


def pack(vector):
    whole, at = 0, 0
    for i, word in enumerate(vector):
        width = 20 if 1 <= i <= length else 32
        whole |= (word & 2**width - 1) << at
        at += width
    return whole.to_bytes(at // 8, "little")


vectors = [encode(site) for site in given["sites"]]
packed = [pack(vector) for vector in vectors]
total = [sum(column) for column in zip(*vectors)]
factor = 1 / (steps_per_unit * (total[0] / e["cap"]))
mean = rotate_back([signed(word, 20) * factor for word in total[1 : 1 + length]])[:n]
print(json.dumps({
    "rotation": seed.hex(), "blocks": {"size": size, "count": count}, "words": [vector[:9] for vector in vectors],
    "packed": [{"words": len(one) // 4, "sha256": sha(one)} for one in packed], "start": packed[0][:24].hex(), "sum": sha(pack(total)),
    "totalWeight": total[0], "totals": [high * 2**24 + low for high, low in zip(total[1 + length :: 2], total[2 + length :: 2])],
    "mean": sha(struct.pack(f"<{n}d", *mean)), "first": mean[:4],
}))
