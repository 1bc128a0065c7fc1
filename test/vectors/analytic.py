"""Heads that scikit-learn finds with all patients in one place, for tests of analytic rounds: prints analytic.json. Needs scikit-learn.

    python3 analytic.py > analytic.json        a fixed seed; inputs are rounded so that float32 holds them almost as written
"""
import json
import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(20)


def samples(rows, width, spread=None, offset=None, strength=1.0):
    mix = np.eye(width) + 0.4 * random.normal(size=(width, width))
    x = random.normal(size=(rows, width)) @ mix
    y = (random.random(rows) < 1 / (1 + np.exp(-strength * x @ random.normal(size=width)))).astype(int)
    x = x * (1 if spread is None else np.array(spread)) + (0 if offset is None else np.array(offset))
    return np.round(x, 4), y


def raw(coefficients, intercept, scaler):
    w = coefficients / scaler.scale_
    return {"weights": w.tolist(), "intercept": float(intercept - w @ scaler.mean_)}


def case(name, x, y, penalties):
    x = x.astype(np.float32).astype(np.float64)
    scaler = StandardScaler().fit(x)
    u = scaler.transform(x)
    ridge, newton = [], []
    for penalty in penalties:
        least = Ridge(alpha=penalty, solver="cholesky").fit(u, y)
        ridge.append({"penalty": penalty, **raw(4 * least.coef_, 4 * least.intercept_ - 2, scaler)})
        likely = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=10000, solver="newton-cholesky").fit(u, y)
        newton.append({"penalty": penalty, **raw(likely.coef_[0], likely.intercept_[0], scaler)})
    return {"name": name, "width": x.shape[1], "x": np.round(x, 6).ravel().tolist(), "y": y.tolist(), "ridge": ridge, "newton": newton}


plain = samples(80, 5)
scaled = samples(80, 4, spread=[0.1, 3, 1, 0.2], offset=[5, -8, 0, 1])
constant = samples(60, 4)
constant[0][:, 2] = 3
apart = samples(50, 3, strength=50)
wide = samples(20, 30)
rare = samples(80, 3)
rare = rare[0], ((np.arange(80) % 16 == 0) & (rare[1] == 1)).astype(int) | (np.arange(80) == 5)
print(json.dumps([
    case("inputs that go together", *plain, [0.1, 1, 30]),
    case("inputs of other scales, far from zero", *scaled, [1, 10]),
    case("an input that is the same everywhere", *constant, [1]),
    case("classes that a plane separates", *apart, [1]),
    case("more inputs than samples", *wide, [1, 5]),
    case("few cases", *rare, [1]),
]))
