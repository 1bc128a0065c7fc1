#!/usr/bin/env python3
"""Numbers of the strategies' papers, worked out a second time with the standard library alone: `python3 strategies.py > strategies.json`.

Written from the papers' algorithms in their own units, and not from Engraft's code: FedAvgM (Hsu et al. 2019), FedAdagrad, FedAdam, FedYogi
(Reddi et al. 2021, algorithm 2), median and trimmed mean (Yin et al. 2018), Krum (Blanchard et al. 2017), FedProx (Li et al. 2020),
SCAFFOLD (Karimireddy et al. 2020, algorithm 1, option II).
"""
import json, math, statistics

SITES, VALUES, ROUNDS = 7, 5, 4
COUNTS = [303, 294, 123, 200, 17, 60, 5]
wave = lambda *at: math.sin(sum((i + 1) * 1.7 * (k + 1) ** 1.3 for i, k in enumerate(at)))
START = [wave(9, j) for j in range(VALUES)]
UPDATES = [[[0.3 * wave(r, s, j) for j in range(VALUES)] for s in range(SITES)] for r in range(ROUNDS)]


def mean(vectors, weights):
    total = sum(weights)
    return [sum(w * v[j] for w, v in zip(weights, vectors)) / total for j in range(len(vectors[0]))]


def server(step):
    """Checkpoints after each round; `step(delta, t)` gives what is added."""
    x, out = START, []
    for t in range(ROUNDS):
        x = [a + b for a, b in zip(x, step(mean(UPDATES[t], COUNTS), t))]
        out.append(x)
    return out


def fedavgm(rate, beta):
    v = [0.0] * VALUES

    def step(delta, _):
        v[:] = [beta * a + d for a, d in zip(v, delta)]
        return [rate * a for a in v]

    return server(step)


def reddi(rule, rate, beta1, tau):
    m, v = [0.0] * VALUES, [tau * tau] * VALUES

    def step(delta, _):
        m[:] = [beta1 * a + (1 - beta1) * d for a, d in zip(m, delta)]
        v[:] = [rule(a, d) for a, d in zip(v, delta)]
        return [rate * a / (math.sqrt(b) + tau) for a, b in zip(m, v)]

    return server(step)


sign = lambda value: (value > 0) - (value < 0)
adagrad = lambda v, d: v + d * d
adam = lambda beta2: lambda v, d: beta2 * v + (1 - beta2) * d * d
yogi = lambda beta2: lambda v, d: v - (1 - beta2) * d * d * sign(v - d * d)


def median(vectors):
    return [statistics.median(v[j] for v in vectors) for j in range(VALUES)]


def trimmed(vectors, f):
    return [statistics.mean(sorted(v[j] for v in vectors)[f : len(vectors) - f]) for j in range(VALUES)]


def krum(vectors, f, keep):
    scores = []
    for i, a in enumerate(vectors):
        near = sorted(sum((p - q) ** 2 for p, q in zip(a, b)) for k, b in enumerate(vectors) if k != i)
        scores.append(sum(near[: len(vectors) - f - 2]))
    chosen = sorted(sorted(range(len(vectors)), key=lambda i: scores[i])[:keep])
    return {"chosen": chosen, "mean": mean([vectors[i] for i in chosen], [1] * keep)}


# Quadratics: site i's loss is sum_j curve[i][j] / 2 (x_j - target[i][j])^2.
CURVE = [[0.5 + 0.4 * (1 + wave(1, s, j)) for j in range(VALUES)] for s in range(SITES)]
TARGET = [[2 * wave(2, s, j) for j in range(VALUES)] for s in range(SITES)]
gradient = lambda s, y: [CURVE[s][j] * (y[j] - TARGET[s][j]) for j in range(VALUES)]


def scaffold(steps, rate, server_rate, cohorts):
    x, c, own, out = START, [0.0] * VALUES, [[0.0] * VALUES for _ in range(SITES)], []
    for cohort in cohorts:
        moved, changed = {}, {}
        for s in cohort:
            y = x
            for _ in range(steps):
                g = gradient(s, y)
                y = [y[j] - rate * (g[j] - own[s][j] + c[j]) for j in range(VALUES)]
            plus = [own[s][j] - c[j] + (x[j] - y[j]) / (steps * rate) for j in range(VALUES)]
            moved[s] = [y[j] - x[j] for j in range(VALUES)]
            changed[s] = [plus[j] - own[s][j] for j in range(VALUES)]
            own[s] = plus
        x = [x[j] + server_rate * sum(moved[s][j] for s in cohort) / len(cohort) for j in range(VALUES)]
        c = [c[j] + sum(changed[s][j] for s in cohort) / SITES for j in range(VALUES)]
        out.append({"cohort": cohort, "x": x, "c": c})
    return out


def fedprox(steps, rate, momentum, decay, mu):
    """SGD with momentum on site 0's loss, drawn to where it began."""
    w, v = START, [0.0] * VALUES
    for _ in range(steps):
        g = gradient(0, w)
        v = [momentum * v[j] + g[j] + decay * w[j] + mu * (w[j] - START[j]) for j in range(VALUES)]
        w = [w[j] - rate * v[j] for j in range(VALUES)]
    return w


print(json.dumps({
    "counts": COUNTS, "start": START, "updates": UPDATES, "curve": CURVE, "target": TARGET,
    "servers": [
        {"strategy": {"name": "fedavgm", "serverRate": 0.7, "momentum": 0.9}, "checkpoints": fedavgm(0.7, 0.9)},
        {"strategy": {"name": "fedadagrad", "serverRate": 0.1, "beta1": 0, "tau": 0.001}, "checkpoints": reddi(adagrad, 0.1, 0, 0.001)},
        {"strategy": {"name": "fedadam", "serverRate": 0.03, "beta1": 0.9, "beta2": 0.99, "tau": 0.001}, "checkpoints": reddi(adam(0.99), 0.03, 0.9, 0.001)},
        {"strategy": {"name": "fedyogi", "serverRate": 0.03, "beta1": 0.9, "beta2": 0.99, "tau": 0.1}, "checkpoints": reddi(yogi(0.99), 0.03, 0.9, 0.1)},
    ],
    "median": {"odd": median(UPDATES[0]), "even": median(UPDATES[0][:6])},
    "trimmed": {"one": trimmed(UPDATES[0], 1), "three": trimmed(UPDATES[0], 3)},
    "krum": {"one": krum(UPDATES[0], 2, 1), "three": krum(UPDATES[0], 2, 3)},
    "scaffold": {"steps": 5, "rate": 0.1, "serverRate": 0.8, "rounds": scaffold(5, 0.1, 0.8, [[0, 1, 2, 3, 4, 5, 6], [0, 2, 3, 6], [1, 2, 4, 5], [0, 1, 2, 3, 4, 5, 6]])},
    "fedprox": {"steps": 6, "rate": 0.05, "momentum": 0.9, "decay": 0.01, "mu": 2.5, "weights": fedprox(6, 0.05, 0.9, 0.01, 2.5)},
}, indent=1))
