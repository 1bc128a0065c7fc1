"""Flower's SecAgg+ beside ours: one line of JSON in ({"values", "sites", "dropped", "threshold"}) and one out per repetition.

Run by `npm run bench -- secagg --peer-python PYTHON`, with flwr 1.42 in that Python. Only Flower's own functions are timed: a
site by the four stages of its client mod, the coordinator by the loops of its workflow (secaggplus_workflow.py, unmask_stage
and collect_masked_vectors_stage) around the same functions, without its network. CPU time of all threads, in milliseconds.
"""
import importlib, json, os, sys, time

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
import logging
import numpy as np
from flwr.common import bytes_to_ndarray, ndarray_to_bytes, ndarrays_to_parameters
from flwr.common.secure_aggregation.crypto.shamir import combine_shares, create_shares
from flwr.common.secure_aggregation.crypto.symmetric_encryption import generate_shared_key
from flwr.common.secure_aggregation.ndarrays_arithmetic import (
    factor_extract, get_parameters_shape, parameters_addition, parameters_mod, parameters_subtraction,
)
from flwr.common.secure_aggregation.quantization import dequantize
from flwr.common.secure_aggregation.secaggplus_constants import Key
from flwr.common.secure_aggregation.secaggplus_utils import pseudo_rand_gen
from flwr.supercore.primitives.asymmetric import bytes_to_private_key, bytes_to_public_key

# The package exports a function of the same name.
mod = importlib.import_module("flwr.client.mod.secure_aggregation.secaggplus_mod")
logging.getLogger("flwr").setLevel(logging.ERROR)
CLIP, LEVELS, MOD = 8.0, 1 << 22, 1 << 32  # Flower's defaults


def cpu(work):
    before = time.process_time()
    result = work()
    return (time.process_time() - before) * 1000, result


class Sites:
    """Every site's keys and shares; made once for a number of sites, because only one site is timed."""

    def __init__(self, n, t):
        self.n, self.t = n, t
        self.config = {
            Key.SAMPLE_NUMBER: n, Key.SHARE_NUMBER: n, Key.THRESHOLD: t, Key.CLIPPING_RANGE: CLIP, Key.TARGET_RANGE: LEVELS,
            Key.MOD_RANGE: MOD, Key.MAX_WEIGHT: 1000.0,
        }
        self.states = [mod.SecAggPlusState() for _ in range(n)]
        for nid, state in enumerate(self.states):
            state.nid = nid
            mod._setup(state, dict(self.config))
        self.public = {str(s.nid): (s.pk1, s.pk2) for s in self.states}
        sent = {s.nid: mod._share_keys(s, dict(self.public)) for s in self.states}
        to_first = [(src, out[Key.CIPHERTEXT_LIST][out[Key.DESTINATION_LIST].index(0)]) for src, out in sent.items() if src != 0]
        self.inbox = {Key.SOURCE_LIST: [src for src, _ in to_first], Key.CIPHERTEXT_LIST: [text for _, text in to_first]}


def site_part(sites, update, active, dead):
    """One site's four stages, as its mod runs them."""
    state = mod.SecAggPlusState()
    state.nid = 0
    keys = mod._setup(state, dict(sites.config))
    # The others' boxes are for the key that is known to them; making one anew costs the same.
    state.sk1, state.pk1, state.sk2, state.pk2 = (getattr(sites.states[0], name) for name in ("sk1", "pk1", "sk2", "pk2"))
    shares = mod._share_keys(state, dict(sites.public))
    masked = mod._collect_masked_vectors(state, sites.inbox, 500, update)
    released = mod._unmask(state, {Key.ACTIVE_NODE_ID_LIST: active, Key.DEAD_NODE_ID_LIST: dead})
    return keys, shares, masked, released


def collect(bodies):
    total = None
    for arrays in bodies:
        vector = [bytes_to_ndarray(b) for b in arrays]
        total = vector if total is None else parameters_addition(total, vector)
    return parameters_mod(total, MOD)


def unmask(sites, total, shares, active, dead):
    """The loop of unmask_stage: every survivor's own mask, and for each dropped site a mask with every other site."""
    for nid, share_list in shares.items():
        secret = combine_shares(share_list)
        if nid in active:
            total = parameters_subtraction(total, pseudo_rand_gen(secret, MOD, get_parameters_shape(total)))
            continue
        for other in range(sites.n):
            if other == nid:
                continue
            key = generate_shared_key(bytes_to_private_key(secret), bytes_to_public_key(sites.states[other].pk1))
            mask = pseudo_rand_gen(key, MOD, get_parameters_shape(total))
            total = parameters_addition(total, mask) if nid > other else parameters_subtraction(total, mask)
    ratio, vector = factor_extract(parameters_mod(total, MOD))
    vector = dequantize(vector, CLIP, LEVELS)
    for one in vector:
        one += -(len(active) - 1) * CLIP
        one *= LEVELS / ratio
    return vector


def shares_of(sites, active, dead):
    """What the active sites' releases hold: a share of each survivor's seed and of each dropped site's key."""
    out = {}
    for nid in range(sites.n):
        state = sites.states[nid]
        secret = state.rd_seed if nid in active else state.sk1
        dealt = create_shares(secret, sites.t, sites.n)
        out[nid] = [dealt[holder] for holder in active]
    return out


def masked_of(sites, values, active):
    """Masked vectors of the right form; their content does not change the cost of adding them."""
    rng = np.random.default_rng(1)
    block = [np.array([500]), rng.integers(0, MOD, values, dtype=np.int64)]
    one = [ndarray_to_bytes(a) for a in block]
    return [one] * len(active)


def bytes_of(sites, parts, active, dead):
    """Payload of one site's messages, up and down, without the framing around it (which favours Flower)."""
    keys, shares, masked, released = parts
    total = sum(map(len, keys.values())) + sum(len(pk) for pair in sites.public.values() for pk in pair)
    total += sum(map(len, shares[Key.CIPHERTEXT_LIST])) + sum(map(len, sites.inbox[Key.CIPHERTEXT_LIST]))
    total += sum(map(len, released[Key.SHARE_LIST])) + 8 * (2 * len(active) + 2 * len(dead))
    return {"vector": sum(map(len, masked[Key.MASKED_PARAMETERS])), "rest": total}


known, inputs, given = {}, {}, {}


def measure(size):
    n, values, t = size["sites"], size["values"], size["threshold"]
    active, dead = list(range(n - size["dropped"])), list(range(n - size["dropped"], n))
    if (n, t) not in known:
        known[(n, t)] = Sites(n, t)
    sites = known[(n, t)]
    if values not in inputs:
        inputs.clear()
        update = ((np.random.default_rng(2).random(values) - 0.5) * 0.01).astype(np.float32)
        inputs[values] = ndarrays_to_parameters([update])
    if (n, size["dropped"]) not in given:
        given[(n, size["dropped"])] = shares_of(sites, active, dead)
    site, parts = cpu(lambda: site_part(sites, inputs[values], active, dead))
    bodies = masked_of(sites, values, active)
    shares = given[(n, size["dropped"])]
    big = values * (len(active) + len(dead) * (n - 1)) > 3e9
    collected, total = cpu(lambda: collect(bodies))
    if not big:
        opened, _ = cpu(lambda: unmask(sites, total, shares, active, dead))
    else:
        # Units: all secrets with one value, and a few masks with the whole vector.
        least, _ = cpu(lambda: unmask(sites, [np.array([500]), np.zeros(1, np.int64)], shares, active, dead))
        start = time.process_time()
        for i in range(3):
            total = parameters_subtraction(total, pseudo_rand_gen(bytes(31) + bytes([i]), MOD, get_parameters_shape(total)))
        one = (time.process_time() - start) * 1000 / 3
        last, _ = cpu(lambda: dequantize(parameters_mod(total, MOD)[1:], CLIP, LEVELS))
        opened = least + one * (len(active) + len(dead) * (n - 1)) + last
    return {"siteMs": site, "coordinatorMs": collected + opened, "bytes": bytes_of(sites, parts, active, dead), "derived": big}


for line in sys.stdin:
    print(json.dumps(measure(json.loads(line))), flush=True)
