#!/usr/bin/env python3
"""Rebuilds the sum of one round and its checkpoint from the coordinator's stored record, and says whether a single update could be read from it.

    python3 check_record.py FOLDER            needs numpy and cryptography; shares no code with Engraft

FOLDER holds `record.json`, one file `masked/DIGEST` for each masked vector, and `checkpoints/DIGEST` for what a checkpoint is made of. Fields of record.json, format "engraft.record/1"
(SPEC.md, "Record"; bytes are base64url without padding, digests SHA-256 in hex, a `signed text` is {site, body, signature}):

    run, round, attempt, purpose, nonce, plan, base, coordinator   what the attempt was about
    directory       [{site, publicKey, operator, withCoordinator}]: who may take part, with Ed25519 keys
    threshold       sites that must stand together (t);  minCohort: inputs a sum has at least
    roundHash, attemptHash, roster                                 the hashes that every key and signature is bound to
    adverts         [signed text], in the roster's order: a place in it, from 1, is a site's index
    deals           [{statement: signed text, seedCommitment, leaves}]: commitments to every share, one signed root
    headers         [signed text]: the signed announcements of the masked vectors in the sum
    echoes, answers, releases    [signed text]: who saw which inputs; shares told a complainer in clear; shares released
    words           {all, values, totals, bits}: the vector's length; its first word is the site's weight, `values` words are the
                    update's, two for each total follow. Of an update's word `bits` bits travel, 32 or 20, the lowest first; all
                    32 of the others
    sum             {digest, bytes} of the opened words, as a masked vector travels
    masked          [{site, body: {digest, bytes}}]
    checkpoint      of a round that trained: {before, after, stateBefore, stateAfter, strategy, sites, cap, clip}: the checkpoints around it and what
                    the strategy keeps at the server (float32, {digest, bytes} or null), the strategy's figures (null for FedAvg), the sites of
                    the run, and how words are values: largest weight, largest value

Exit code: 0 the record is sound, the sum is rebuilt, no single update can be read; 1 something does not fit, or an update can be
read; 2 the record is incomplete (a masked vector is not kept any more) or cannot be read as a record at all. A checkpoint that this script
cannot rebuild is named with the reason, and is no fault: of a compact sum, of an analytic round, of an unknown strategy, or where something is not kept any more.

What it cannot say: whether the coordinator was sent more than it recorded. Each site's own journal holds what it released.
"""
import base64, hashlib, json, os, struct, sys
import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK = 1 << 20  # words that are unmasked at once; AES-CTR's counter makes them seekable
sha = lambda data: hashlib.sha256(data).digest()
prefixed = lambda *parts: b"".join(struct.pack("<I", len(part)) + part for part in parts)
tagged = lambda tag, *parts: sha(prefixed(b"engraft-secagg-1", tag.encode(), *parts))
name = lambda text: struct.pack("<B", len(text)) + text.encode("ascii")
items = lambda values: struct.pack("<H", len(values)) + b"".join(values)
derive = lambda secret, salt, info: HKDF(hashes.SHA256(), 32, salt, info).derive(secret)
public = lambda secret: X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
problems = []


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def check(fits, what):
    if not fits:
        problems.append(what)
        print(f"WRONG  {what}")
    return fits


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("a signed body is too short")
        self.at += count
        return piece

    byte = lambda self: self.take(1)[0]
    number = lambda self, form, size: struct.unpack(form, self.take(size))[0]
    text = lambda self: self.take(self.byte()).decode("ascii")
    shares = lambda self: {self.byte(): self.take(32) for _ in range(self.number("<H", 2))}


def times(a, b):  # in GF(256), AES's polynomial
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 128 else 0)
        b >>= 1
    return product


INVERSE = {a: next(b for b in range(1, 256) if times(a, b) == 1) for a in range(1, 256)}


def combine(shares):  # {x: share}: Lagrange at 0
    out = np.zeros(32, np.uint8)
    for x, share in shares.items():
        weight = 1
        for other in shares:
            if other != x:
                weight = times(weight, times(other, INVERSE[other ^ x]))
        out ^= np.array([times(weight, byte) for byte in share], np.uint8)
    return out.tobytes()


def root_of(leaves):
    level = [sha(b"\0" + leaf) for leaf in leaves]
    while len(level) & (len(level) - 1):
        level.append(sha(b"\0"))
    while len(level) > 1:
        level = [sha(b"\1" + level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def stream(key, start, words):  # `start` is a multiple of four words, one block
    cipher = Cipher(algorithms.AES(key), modes.CTR((start // 4).to_bytes(16, "big"))).encryptor()
    return np.frombuffer(cipher.update(bytes(4 * words)), "<u4")


class Words:
    """How the words of a vector travel: two words of 20 bits in five bytes, or all as they are."""

    def __init__(self, all, values, totals, bits):
        self.all, self.narrow = all, values if bits == 20 else 0
        if bits not in (20, 32) or all != 1 + values + 2 * totals or self.narrow % 8 or min(values, totals) < 0:
            raise ValueError("words of a vector that cannot be")
        self.bytes = 4 * (all - self.narrow) + self.narrow // 2 * 5

    def unpack(self, data):
        if not self.narrow:
            return np.frombuffer(data, "<u4")
        end = 4 + self.narrow // 2 * 5
        b = np.frombuffer(data[4:end], np.uint8).reshape(-1, 5).astype(np.uint32).T
        pairs = np.stack([b[0] | b[1] << 8 | (b[2] & 15) << 16, b[2] >> 4 | b[3] << 4 | b[4] << 12], axis=1)
        return np.concatenate([np.frombuffer(data[:4], "<u4"), pairs.reshape(-1), np.frombuffer(data[end:], "<u4")])

    def pack(self, words):
        if not self.narrow:
            return words.tobytes()
        low, high = (words[1 : 1 + self.narrow] & 0xFFFFF).reshape(-1, 2).T
        five = np.stack([low, low >> 8, low >> 16 | high << 4, high >> 4, high >> 12], axis=1) & 255
        return words[:1].tobytes() + five.astype(np.uint8).tobytes() + words[1 + self.narrow :].tobytes()


def adaptive(rule):
    """Reddi et al. 2021, algorithm 2: two numbers are kept for each value, at first 0 and tau^2."""

    def step(x, mean, state, p, share):
        kept = np.tile(np.array([0, p["tau"] ** 2], np.float32), len(x)) if state is None else state
        m = p["beta1"] * kept[0::2].astype(float) + (1 - p["beta1"]) * mean
        v = rule(kept[1::2].astype(float), mean * mean, p)
        return x + (p["serverRate"] * m) / (np.sqrt(v) + p["tau"]), np.stack([m, v], axis=1).reshape(-1)

    return step


def momentum(x, mean, state, p, share):
    v = p["momentum"] * (np.zeros(len(x)) if state is None else state.astype(float)) + mean
    return x + p["serverRate"] * v, v


def scaffold(x, mean, state, p, share):  # the model, then the server's control variate
    rate = np.where(np.arange(len(x)) < len(x) / 2, p["serverRate"], share)
    return x + rate * mean, None


plainly = lambda x, mean, state, p, share: (x + mean, None)
STEPS = {
    "fedavg": plainly,
    "fedprox": plainly,
    "fedavgm": momentum,
    "fedadagrad": adaptive(lambda v, squared, p: v + squared),
    "fedadam": adaptive(lambda v, squared, p: p["beta2"] * v + (1 - p["beta2"]) * squared),
    "fedyogi": adaptive(lambda v, squared, p: v - (1 - p["beta2"]) * squared * np.sign(v - squared)),
    "scaffold": scaffold,
}


class Record:
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "record.json"), encoding="utf-8") as file:
            self.r = json.load(file)
        if self.r["format"] != "engraft.record/1":
            raise ValueError("not an engraft.record/1")
        self.words = Words(**self.r["words"])
        self.keys = {one["site"]: unb64(one["publicKey"]) for one in self.r["directory"]}

    def signed(self, kind, text):
        """A reader of a statement's body, and whether its site's key in the directory signed it."""
        body = unb64(text["body"])
        try:
            Ed25519PublicKey.from_public_bytes(self.keys[text["site"]]).verify(unb64(text["signature"]), prefixed(b"engraft-secagg-1", b"statement", kind.encode(), body))
            good = True
        except (InvalidSignature, KeyError, ValueError):
            good = False
        check(good, f"{kind} of {text['site']}: not signed by its key in the directory")
        return Reader(body), good

    def member(self, kind, text):
        """A statement under this roster: a reader behind its first fields, its index, and whether it may count."""
        read, good = self.signed(kind, text)
        roster, site, index = read.take(32), read.text(), read.byte()
        fits = roster == self.t1 and site == text["site"] and 0 < index <= len(self.members) and self.members[index - 1][0] == site
        return read, index, check(fits, f"{kind} of {text['site']}: of another roster or place") and good

    def hashes(self):
        """The directory, round, attempt and roster, recomputed from what they are about."""
        r = self.r
        sites = sorted(r["directory"], key=lambda one: one["site"].encode())
        n = len(sites)
        c = max(1, -(-n // 3) - 1)
        self.t = (n + c) // 2 + 1  # from the directory's size alone: what the record says must agree
        check(r["threshold"] == self.t and r["minCohort"] >= self.t, "the threshold is not the one of a directory of this size")
        entry = lambda one: name(one["site"]) + name(one["publicKey"]) + name(one["operator"]) + bytes([one["withCoordinator"]])
        directory = tagged("directory", items([entry(one) for one in sites]))
        r0 = tagged("round", name(r["run"]) + struct.pack("<I", r["round"]) + bytes.fromhex(r["plan"]) + bytes.fromhex(r["base"]) + directory + name(r["coordinator"]))
        t0 = tagged("attempt", r0 + struct.pack("<H", r["attempt"]) + bytes.fromhex(r["nonce"]))
        self.members = []  # (site, box key, mask key), by index - 1
        for text in r["adverts"]:
            read, _ = self.signed("advert", text)
            attempt, site = read.take(32), read.text()
            check(attempt == t0 and site == text["site"], f"advert of {text['site']}: of another attempt or site")
            self.members.append((site, read.take(32), read.take(32)))
        names = [site.encode() for site, _, _ in self.members]
        check(names == sorted(set(names)), "the roster is not in order, or holds a site twice")
        adverts = [unb64(text["body"]) for text in r["adverts"]]
        self.t1 = tagged("roster", t0 + bytes([self.t]) + items([struct.pack("<H", len(a)) + a for a in adverts]))
        for field, value in (("roundHash", r0), ("attemptHash", t0), ("roster", self.t1)):
            check(r[field] == value.hex(), f"{field} is not the hash of what the record says")

    def deals(self):
        """Commitments: {dealer: (seed's, {holder: (seed share's, key share's)})}."""
        self.committed, roots = {}, []
        for deal in self.r["deals"]:
            read, dealer, _ = self.member("deal", deal["statement"])
            leaves = [unb64(leaf) for leaf in deal["leaves"]]
            root = root_of([bytes.fromhex(deal["seedCommitment"])] + leaves)
            check(read.take(32) == root and len(leaves) == len(self.members), f"deal of {deal['statement']['site']}: leaves are not those it signed")
            of = {}
            for leaf in map(Reader, leaves):
                holder, _box = leaf.byte(), leaf.take(leaf.number("<H", 2))
                of[holder] = (leaf.take(32), leaf.take(32))
            self.committed[dealer] = (bytes.fromhex(deal["seedCommitment"]), of)
            roots.append(bytes([dealer]) + root)
        self.u2 = tagged("shares", self.t1 + items(roots))

    def inputs(self):
        """The survivors, and the echoes that confirm them."""
        self.bodies, heads = {}, []
        for text in self.r["headers"]:
            read, index, _ = self.member("masked", text)
            check(read.take(32) == self.u2, f"masked vector of {text['site']}: made against other shares")
            check(4 * read.number("<I", 4) == self.words.bytes, f"masked vector of {text['site']}: of another length")
            self.bodies[index] = read.take(32).hex()
            heads.append(bytes([index]) + sha(unb64(text["body"])))
        self.survivors, self.dropped = sorted(self.bodies), sorted(set(self.committed) - set(self.bodies))
        check(len(self.survivors) >= self.r["minCohort"] and set(self.survivors) <= set(self.committed), "too few inputs, or one of a site that dealt no shares")
        self.u3 = tagged("inputs", self.t1 + self.u2 + items(heads))
        echoed = set()
        for text in self.r["echoes"]:
            read, index, good = self.member("echo", text)
            if check(read.take(32) == self.u3 and index in self.survivors, f"echo of {text['site']}: of other inputs") and good:
                echoed.add(index)
        check(len(echoed) >= self.t, f"{len(echoed)} survivors confirmed the inputs before shares were released; {self.t} are needed")

    def shares(self):
        """Every share in the record that fits its dealer's commitment: {dealer: ({holder: seed share}, {holder: key share})}."""
        self.known = {dealer: ({}, {}) for dealer in self.committed}

        def keep(dealer, holder, kind, share, where):
            commitment = tagged("share", self.t1, bytes([dealer, holder]), (b"seed", b"key")[kind], share)
            fits = dealer in self.committed and self.committed[dealer][1].get(holder, (b"", b""))[kind] == commitment
            if check(fits, f"{where}: a share that its dealer did not commit to"):
                self.known[dealer][kind][holder] = share

        released = set()
        for text in self.r["releases"]:
            read, holder, _ = self.member("release", text)
            where, of_inputs = f"release of {text['site']}", read.take(32) == self.u3
            seeds, keys = read.shares(), read.shares()
            check(of_inputs and holder in self.survivors, f"{where}: for other inputs")
            check(holder not in released, f"{where}: a second one in this round")
            check(not set(seeds) & set(keys), f"{where}: both kinds of share for one site")
            check(sorted(seeds) == self.survivors and sorted(keys) == self.dropped, f"{where}: other shares than were due")
            released.add(holder)
            for kind, given in enumerate((seeds, keys)):
                for dealer, share in given.items():
                    keep(dealer, holder, kind, share, where)
        for text in self.r["answers"]:
            read, dealer, _ = self.member("answer", text)
            holder = read.byte()
            for kind in (0, 1):
                keep(dealer, holder, kind, read.take(32), f"answer of {text['site']}")
        check(len(released) >= self.t, f"{len(released)} sites released their shares; {self.t} are needed")

    def secrets(self):
        """What can be rebuilt: {dealer: seed} and {dealer: mask key}, whoever they are of."""
        self.seeds, self.masks = {}, {}
        for dealer, kinds in self.known.items():
            for kind, shares in enumerate(kinds):
                circle = list(shares.items()) * 2
                runs = [dict(circle[at : at + self.t]) for at in range(len(shares))] if len(shares) >= self.t else []
                fits = lambda secret: public(secret) == self.members[dealer - 1][2] if kind else tagged("seed", self.t1, bytes([dealer]), secret) == self.committed[dealer][0]
                # Any t shares give it; where a dealer lied about one share, a run without that share does.
                secret = next((one for one in map(combine, runs) if fits(one)), None)
                if secret is not None:
                    (self.masks if kind else self.seeds)[dealer] = secret
                elif runs:
                    check(False, f"shares of {self.members[dealer - 1][0]}: they do not give the secret that it committed to")
        check(set(self.survivors) <= set(self.seeds) and set(self.dropped) <= set(self.masks), "a secret that the sum needs cannot be rebuilt")

    def self_mask(self, index):
        return derive(self.seeds[index], self.t1, b"self" + bytes([index]))

    def pair_mask(self, one, other):
        """The key of the mask between two sites, where the mask key of one of them is known."""
        if one not in self.masks:
            one, other = other, one
        shared = X25519PrivateKey.from_private_bytes(self.masks[one]).exchange(X25519PublicKey.from_public_bytes(self.members[other - 1][2]))
        return derive(shared, self.t1, b"mask" + bytes(sorted((one, other))))

    def rebuild(self):
        """The sum of the kept vectors without their masks; None where a vector is not kept any more."""
        words, total = self.words.all, np.zeros(self.words.all, np.uint32)
        missing = []
        for index, digest in self.bodies.items():
            path = os.path.join(self.folder, "masked", digest)
            if not os.path.exists(path):
                missing.append(self.members[index - 1][0])
                continue
            with open(path, "rb") as file:
                data = file.read()
            if check(len(data) == self.words.bytes and sha(data).hex() == digest, f"masked vector of {self.members[index - 1][0]}: not the bytes that it signed"):
                total += self.words.unpack(data)
        if missing:
            print(f"The sum cannot be rebuilt: the masked vectors of {', '.join(missing)} are not kept.")
            return None
        if problems:
            return None
        taken = [(self.self_mask(i), -1) for i in self.survivors]
        taken += [(self.pair_mask(gone, i), -1 if i < gone else 1) for gone in self.dropped for i in self.survivors]
        for key, sign in taken:
            for at in range(0, words, CHUNK):
                piece = total[at : at + CHUNK]
                piece += stream(key, at, len(piece)) if sign > 0 else -stream(key, at, len(piece))
        return total

    def floats(self, ref):
        """A checkpoint or a kept state; None where it is not kept any more."""
        path = os.path.join(self.folder, "checkpoints", ref["digest"])
        if not os.path.exists(path):
            return None
        with open(path, "rb") as file:
            data = file.read()
        check(sha(data).hex() == ref["digest"], "a checkpoint's file is not what its name says")
        return np.frombuffer(data, "<f4")

    def checkpoint(self, total):
        """The next checkpoint from the last one, what was kept and the sum. Returns why it cannot be rebuilt, or None."""
        made, words = self.r.get("checkpoint"), self.r["words"]
        if made is None:
            return "the round solved for a head, which this script does not" if words["values"] == 0 else "the record names none"
        strategy = made["strategy"] or {"name": "fedavg"}
        if words["bits"] != 32:
            return "the values of a compact sum are rotated, and this script does not rotate back"
        if strategy["name"] not in STEPS:
            return f"this script does not know the strategy {strategy['name']}"
        check(made["before"]["digest"] == self.r["base"], "the checkpoint is made of another one than the round started from")
        x = self.floats(made["before"])
        state = None if made["stateBefore"] is None else self.floats(made["stateBefore"])
        if x is None or (state is None and made["stateBefore"] is not None):
            return "what it is made of is not kept any more"
        steps = ((2**31 - 1) // len(self.r["directory"]) - 1) / made["clip"]
        factor = 1 / (steps * (int(total[0]) / made["cap"]))
        mean = total[1 : 1 + words["values"]].view(np.int32).astype(float) * factor
        after, kept = STEPS[strategy["name"]](x.astype(float), mean, state, strategy, len(self.survivors) / made["sites"])
        for ref, values, what in ((made["after"], after, "checkpoint"), (made["stateAfter"], kept, "server's state")):
            if check((ref is None) == (values is None), f"the {what} is missing, or should not be") and ref is not None:
                check(sha(values.astype("<f4").tobytes()).hex() == ref["digest"], f"the rebuilt {what} is not the one that the coordinator states")
        return None

    def readable(self):
        """The smallest groups of survivors whose own sum the record gives away: a pair's mask falls where either mask key is known."""
        hidden = [i for i in self.survivors if i not in self.masks]  # among these every pair's mask still stands
        groups = [[i] for i in self.survivors if i in self.masks] + ([hidden] if hidden else [])
        return [group for group in groups if all(i in self.seeds for i in group)]


def main(folder):
    record = Record(folder)
    for step in (record.hashes, record.deals, record.inputs, record.shares, record.secrets):
        step()
    names = lambda indices: ", ".join(record.members[i - 1][0] for i in indices) or "none"
    print(f"{record.r['run']}, round {record.r['round']}, attempt {record.r['attempt']}: in the sum {names(record.survivors)}; dropped {names(record.dropped)}")
    total = record.rebuild()
    if total is not None:
        fits = check(sha(record.words.pack(total)).hex() == record.r["sum"]["digest"], "the rebuilt sum is not the one that the coordinator states")
        if fits:
            print(f"The sum is rebuilt, bit for bit: {len(total)} words, total weight {int(total[0])}.")
            if record.r["purpose"] == "train":
                before = len(problems)
                why = record.checkpoint(total)
                if len(problems) == before:
                    print("The checkpoint is rebuilt, bit for bit." if why is None else f"The checkpoint is not rebuilt: {why}.")
    groups = record.readable()
    single = [group[0] for group in groups if len(group) == 1]
    if single:
        problems.append("readable")
        print(f"The single update of {names(single)} could be read from this record.")
    else:
        print("No single update can be read from this record" + (f": its least group is {names(min(groups, key=len))}." if groups else "."))
    return 1 if problems else 2 if total is None else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: check_record.py FOLDER")
    try:
        sys.exit(main(sys.argv[1]))
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        print(f"Not a readable record: {type(error).__name__}: {error}")
        sys.exit(2)
