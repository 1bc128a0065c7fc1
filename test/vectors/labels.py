"""Losses and figures of every kind of label, by scikit-learn, scikit-survival, lifelines and scipy. Prints JSON.

Run: python labels.py > labels.json, with scikit-learn 1.9.1, scikit-survival 0.28.0, lifelines 0.30.3.
"""

import json

import numpy as np
from lifelines.utils import concordance_index
from scipy.optimize import minimize
from scipy.special import expit, logsumexp, softmax
from sklearn import metrics as m
from sksurv.linear_model.coxph import BreslowEstimator, CoxPHOptimizer
from sksurv.metrics import brier_score, concordance_index_censored
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

draw = np.random.default_rng(20)
N = 60


def numeric(loss, z):
    """Central differences in float64."""
    step = 1e-6
    out = []
    for i in range(z.size):
        d = np.zeros(z.size)
        d[i] = step
        out.append((loss(z + d) - loss(z - d)) / (2 * step))
    return out


def cox(z, time, event, weights=None):
    """scikit-survival's objective on an identity design: its gradient is that with respect to each risk."""
    opt = CoxPHOptimizer(np.eye(len(z)), event.astype(bool), time, alpha=np.zeros(len(z)), ties="breslow")
    loss = opt.nlog_likelihood(z) * len(z) / event.sum()
    return loss, numeric(lambda w: opt.nlog_likelihood(w) * len(z) / event.sum(), z)


def losses():
    rows = 8
    z1 = draw.normal(0, 2, rows)
    y1 = (draw.random(rows) < 0.4).astype(float)
    w1 = np.where(y1 == 1, 1.7, 0.6)
    binary = lambda z: m.log_loss(y1, expit(z), sample_weight=w1) * w1.sum() / rows

    z2 = draw.normal(0, 2, (rows, 3))
    y2 = (draw.random((rows, 3)) < 0.5).astype(float)
    y2[draw.random((rows, 3)) < 0.25] = np.nan
    known = ~np.isnan(y2)
    several = lambda z: m.log_loss(y2[known], expit(z.reshape(rows, 3)[known]), normalize=False) / rows

    z3 = draw.normal(0, 2, (rows, 4))
    y3 = draw.integers(0, 4, rows)
    w3 = np.array([0.5, 2.0, 1.0, 1.5])
    classes = lambda z: (
        m.log_loss(y3, softmax(z.reshape(rows, 4), axis=1), sample_weight=w3[y3], labels=range(4)) * w3[y3].sum() / rows
    )

    z4 = draw.normal(0, 1, rows)
    y4 = draw.normal(0, 1, rows)
    squares = lambda z: m.mean_squared_error(y4, z)

    z5 = draw.normal(0, 1.5, rows)
    time = np.array([5, 3, 3, 8, 2, 3, 8, 1], float)
    event = np.array([1, 1, 0, 1, 0, 1, 0, 1], float)
    cox_loss, cox_gradient = cox(z5, time, event)

    nan = lambda a: [None if np.isnan(v) else float(v) for v in np.asarray(a, float).ravel()]
    case = lambda loss, z, y: {"logits": z.ravel().tolist(), "targets": nan(y), "loss": float(loss(z.ravel())), "gradient": numeric(loss, z.ravel())}
    return {
        "binary": {**case(binary, z1, y1), "weights": [[0.6, 1.7]]},
        "multilabel": case(several, z2, y2),
        "softmax": {**case(classes, z3, y3), "weights": w3.tolist()},
        "squares": case(squares, z4, y4),
        "cox": {"logits": z5.tolist(), "targets": np.stack([time, event], 1).ravel().tolist(), "loss": cox_loss, "gradient": cox_gradient},
    }


def calibration(y, p, w):
    x = np.log(p / (1 - p))
    fit = minimize(lambda b: -np.sum(w * (y * (b[0] + b[1] * x) - np.logaddexp(0, b[0] + b[1] * x))), [0, 1], tol=1e-14)
    return {"calibration-intercept": fit.x[0], "calibration-slope": fit.x[1]}


def ece(y, p, w):
    bins = np.minimum(7, np.floor(p * 8))
    return sum(abs(np.sum(w[bins == b] * (p - y)[bins == b])) for b in range(8)) / w.sum()


def at_threshold(y, p, w, cut):
    said = p >= cut
    tn, fp, fn, tp = m.confusion_matrix(y, said, sample_weight=w).ravel()
    return {
        "sensitivity": m.recall_score(y, said, sample_weight=w),
        "specificity": m.recall_score(1 - y, ~said, sample_weight=w),
        "ppv": m.precision_score(y, said, sample_weight=w),
        "npv": tn / (tn + fn),
        "f1": m.f1_score(y, said, sample_weight=w),
    }


def yes_no(y, p, w, cut):
    return {
        "auroc": m.roc_auc_score(y, p, sample_weight=w),
        "auprc": m.average_precision_score(y, p, sample_weight=w),
        "accuracy": m.accuracy_score(y, p >= 0.5, sample_weight=w),
        "loss": m.log_loss(y, p, sample_weight=w),
        "brier": m.brier_score_loss(y, p, sample_weight=w),
        "ece": ece(y, p, w),
        **at_threshold(y, p, w, cut),
    }


def binary():
    y = (draw.random(N) < 0.4).astype(int)
    p = np.round(expit(draw.normal(y * 1.5 - 0.5, 1.2)), 2)
    p = np.clip(p, 0.01, 0.99)
    w = draw.integers(0, 4, N).astype(float)
    cut = 26 / 64
    one = np.ones(N)
    youden = max(
        range(1, 64),
        key=lambda k: (round(m.recall_score(y, p >= k / 64) + m.recall_score(1 - y, p < k / 64), 12), -abs(k - 32)),
    )
    figures = lambda v: {**yes_no(y, p, v, cut), **calibration(y, p, v)}
    return {
        "y": y.tolist(), "predictions": p.tolist(), "weights": w.tolist(), "threshold": cut, "youden": youden / 64,
        "plain": figures(one), "weighted": figures(w),
    }


def multilabel():
    y = (draw.random((N, 3)) < [0.5, 0.3, 0.2]).astype(float)
    p = np.clip(np.round(expit(draw.normal(y - 0.5, 1.2)), 3), 0.001, 0.999)
    y[draw.random((N, 3)) < 0.2] = np.nan
    w = draw.integers(0, 4, N).astype(float)
    cuts = [0.5, 0.25, 0.375]

    def mean(v):
        each = []
        for k in range(3):
            known = ~np.isnan(y[:, k])
            each.append(yes_no(y[known, k].astype(int), p[known, k], v[known], cuts[k]))
        return {name: float(np.mean([e[name] for e in each])) for name in each[0]}

    return {
        "y": [None if np.isnan(v) else v for v in y.ravel()], "predictions": p.ravel().tolist(), "weights": w.tolist(),
        "thresholds": cuts, "plain": mean(np.ones(N)), "weighted": mean(w),
    }


def classes():
    y = draw.integers(0, 4, N)
    y[:4] = range(4)
    z = draw.normal(0, 1, (N, 4))
    z[np.arange(N), y] += 1
    p = softmax(z, axis=1)
    w = draw.integers(0, 4, N).astype(float)
    said = p.argmax(1)

    def figures(v):
        kept = v > 0
        return {
            "accuracy": m.accuracy_score(y, said, sample_weight=v),
            "balanced-accuracy": m.balanced_accuracy_score(y, said, sample_weight=v),
            "macro-f1": m.f1_score(y[kept], said[kept], average="macro", sample_weight=v[kept]),
            "weighted-kappa": m.cohen_kappa_score(y, said, weights="quadratic", sample_weight=v),
            "auroc": float(np.mean([m.roc_auc_score(y == k, p[:, k], sample_weight=v) for k in range(4)])),
            "loss": m.log_loss(y, p, sample_weight=v),
            "brier": m.brier_score_loss(y, p, sample_weight=v, scale_by_half=False),
        }

    return {
        "y": y.tolist(), "predictions": p.ravel().tolist(), "weights": w.tolist(), "plain": figures(np.ones(N)),
        "weighted": figures(w), "confusion": m.confusion_matrix(y, said).tolist(),
    }


def regression():
    low, high = 40.0, 220.0
    y = np.round(draw.uniform(60, 200, N), 1)
    said = np.clip(y * 0.7 + 30 + draw.normal(0, 20, N), low, high)
    w = draw.integers(0, 4, N).astype(float)

    def figures(v):
        slope, intercept = np.polyfit(said, y, 1, w=np.sqrt(v))
        return {
            "mae": m.mean_absolute_error(y, said, sample_weight=v),
            "rmse": m.root_mean_squared_error(y, said, sample_weight=v),
            "r2": m.r2_score(y, said, sample_weight=v),
            "loss": m.mean_squared_error(y, said, sample_weight=v) * (2 / (high - low)) ** 2,
            "calibration-slope": slope,
            "calibration-intercept": intercept,
        }

    return {
        "min": low, "max": high, "y": y.tolist(), "predictions": said.tolist(), "weights": w.tolist(),
        "plain": figures(np.ones(N)), "weighted": figures(w),
    }


def survival():
    risk = np.round(draw.normal(0, 1, N), 1)
    time = np.ceil(draw.exponential(np.exp(-0.8 * risk)) * 10)
    event = (draw.random(N) < 0.6).astype(int)
    w = draw.integers(0, 4, N)

    def figures(rows):
        e, t, r = event[rows], time[rows], risk[rows]
        c, concordant, discordant, tied, _ = concordance_index_censored(e.astype(bool), t, r)
        assert abs(c - concordance_index(t, -r, e)) < 1e-12
        loss, _ = cox(r, t, e.astype(float)) if len(rows) <= N else (cox_value(r, t, e), None)
        return {"c-index": c, "loss": loss, "concordant": int(concordant), "tied": int(tied), "comparable": int(concordant + discordant + tied)}

    def cox_value(r, t, e):
        return -sum(r[i] - logsumexp(r[t >= t[i]]) for i in range(len(r)) if e[i]) / e.sum()

    return {
        "y": np.stack([time, event], 1).ravel().tolist(), "predictions": risk.tolist(), "weights": w.tolist(),
        "plain": figures(np.arange(N)), "weighted": figures(np.repeat(np.arange(N), w)),
    }


def horizon():
    """Figures up to a horizon, on patients other than those of the baseline hazard, whose times are tied; a grid's midpoints stand for all times."""
    own = np.random.default_rng(21)
    at, grid = 12.0, 32
    times = (np.arange(grid) + 0.5) * at / grid
    learnt = own.normal(0, 1, 80)
    until = np.ceil(own.exponential(np.exp(-0.8 * learnt)) * 10)
    seen = own.random(80) < 0.6
    risk = own.normal(0, 1, N)
    time = own.exponential(np.exp(-0.8 * risk)) * 10
    event = own.random(N) < 0.6
    w = own.integers(0, 4, N)
    hazard = BreslowEstimator().fit(learnt, seen, until).cum_baseline_hazard_
    cumulated = lambda t: 0.0 if t < hazard.x[0] else float(hazard(t))

    def figures(rows):
        y = Surv.from_arrays(event[rows], time[rows])
        free = lambda t: np.exp(-cumulated(t) * np.exp(risk[rows]))
        _, scores = brier_score(y, y, np.stack([free(t) for t in times], 1), times)
        known, share = kaplan_meier_estimator(event[rows], time[rows])
        observed = 1 - share[np.searchsorted(known, at, side="right") - 1]
        return {"integrated-brier": scores.mean(), "observed-expected": observed / np.mean(1 - free(at))}

    both = lambda t, e: np.stack([t, e], 1).astype(float).ravel().tolist()
    return {
        "horizon": at, "y": both(time, event), "predictions": risk.tolist(), "weights": w.tolist(),
        "learnt": {"y": both(until, seen), "predictions": learnt.tolist()},
        "plain": figures(np.arange(N)), "weighted": figures(np.repeat(np.arange(N), w)),
    }


print(json.dumps({
    "losses": losses(), "binary": binary(), "multilabel": multilabel(), "classes": classes(), "regression": regression(),
    "survival": survival(), "horizon": horizon(),
}, default=float))
