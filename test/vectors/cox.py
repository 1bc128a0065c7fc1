"""Proportional hazards of all patients in one place, a baseline for each site, for tests of analytic rounds: prints cox.json.

Needs lifelines and statsmodels: times without ties from lifelines' CoxPHFitter with strata, with ties from PHReg (Breslow).

    python3 cox.py > cox.json
"""
import json
import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from statsmodels.duration.hazard_regression import PHReg

random = np.random.default_rng(7)


def patients(rows, ties):
    x = np.round(random.normal(size=(rows, 4)) @ (np.eye(4) + 0.3 * random.normal(size=(4, 4))) + [0, 2, -1, 0], 4).astype(np.float32).astype(float)
    site = random.integers(0, 3, rows)
    time = random.exponential(np.exp(-x @ [0.6, -0.4, 0.2, 0.0]) * (1 + site))
    censored = random.exponential(2, rows)
    event, time = (time <= censored).astype(int), np.minimum(time, censored)
    return x, site, np.ceil(8 * time) if ties else np.round(time, 6) + 1e-7 * np.arange(rows), event


def case(name, ties):
    x, site, time, event = patients(120, ties)
    if ties:
        weights = PHReg(time, x, status=event, strata=site, ties="breslow").fit(tol=1e-14, maxiter=200).params
    else:
        frame = pd.DataFrame(x, columns=list("abcd")).assign(site=site, time=time, event=event)
        weights = CoxPHFitter().fit(frame, "time", "event", strata=["site"], fit_options={"precision": 1e-12}).params_.values
    return {"name": name, "width": 4, "x": np.round(x, 6).ravel().tolist(), "site": site.tolist(), "time": time.tolist(), "event": event.tolist(), "weights": weights.tolist()}


print(json.dumps([case("lifelines, no ties", False), case("PHReg, ties as Breslow has them", True)]))
