"""Test rows of each hospital under FLamby's split (scikit-learn's train_test_split, its seed 43) and under others: prints heart-splits.json.

    python3 heart-split.py FOLDER      with the four processed.*.data; needs pandas and scikit-learn
"""
import json, sys
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

splits = {}
for name in ("cleveland", "hungarian", "switzerland", "va"):
    rows = pd.read_csv(f"{sys.argv[1]}/processed.{name}.data", header=None, na_values="?").drop(columns=[10, 11, 12]).dropna()
    label = (rows[13] > 0).astype(int).values
    counts = np.bincount(label, minlength=2)
    for seed in range(43, 64):
        _, test = train_test_split(np.arange(len(label)), test_size=1 - 0.66, train_size=0.66, random_state=seed, stratify=label if counts.min() > 2 else None)
        splits.setdefault(str(seed), {})[name] = sorted(int(row) for row in test)
print(json.dumps(splits, separators=(",", ":")))
