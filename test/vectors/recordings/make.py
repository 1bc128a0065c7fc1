"""Recordings and what other readers make of them: wfdb, pyedflib, pydicom and scipy. Needs those four; writes beside itself.

    python make.py [folder of shared data]

files.json: small recordings, each with the digest of every lead's points as float64. numbers.json: filters and resampling by scipy.
shared.json: the same digests of the shared recordings, which are not part of this repository.
"""
import base64, hashlib, json, os, sys, tempfile
from pathlib import Path
import numpy as np
import pydicom
import pyedflib
import wfdb
from scipy import signal

HERE = Path(__file__).parent
rng = np.random.default_rng(7)


def digest(values):
    """NaN has many bit patterns: it becomes 1e300."""
    return hashlib.sha256(np.nan_to_num(np.asarray(values, "<f8"), nan=1e300).tobytes()).hexdigest()


def lead(name, unit, rate, values):
    return {"name": name, "unit": unit, "rate": rate, "length": len(values), "digest": digest(values), "first": [None if np.isnan(v) else float(v) for v in values[:3]]}


def files_of(folder):
    return {p.name: base64.b64encode(p.read_bytes()).decode() for p in sorted(Path(folder).iterdir())}


def wfdb_leads(path, **more):
    record = wfdb.rdrecord(str(path), smooth_frames=False, **more)
    return [lead(n, u, float(record.fs * k), v) for n, u, k, v in zip(record.sig_name, record.units, record.samps_per_frame, record.e_p_signal)]


def annotations(path, ending):
    found = wfdb.rdann(str(path), ending)
    return [[int(s), c] for s, c in zip(found.sample, found.symbol)]


def packed(format, values):
    """Signal files that wfdb reads and does not write."""
    if format == 61: return values.astype(">i2").tobytes()
    if format == 160: return (values + 2**15).astype("<u2").tobytes()
    if format == 8: return np.diff(values, prepend=0).astype("i1").tobytes()
    a, b, c = [(v & 0x3FF).astype("<u4") for v in values.reshape(-1, 3).T]
    if format == 310:
        first, second = (a << 1) | ((c & 31) << 11), (b << 1) | ((c >> 5) << 11)
        return np.stack([first, second], 1).astype("<u2").tobytes()
    return (a | (b << 10) | (c << 20)).astype("<u4").tobytes()


def wfdb_cases():
    limits = {80: 127, 212: 2047, 16: 32767, 24: 2**23 - 1, 32: 2**31 - 1}
    for format, most in limits.items():
        with tempfile.TemporaryDirectory() as folder:
            length = 37 if format == 212 else 301
            values = rng.integers(-most, most, (length, 2))
            values[5, 1] = -most - 1
            wfdb.wrsamp("r", 257, ["mV", "uV"], ["MLII", "V5"], d_signal=values, fmt=[str(format)] * 2, adc_gain=[200.5, 0.25], baseline=[12, -3],
                        comments=["Age: 61", "Dx: 426177001,164889003"], write_dir=folder)
            yield f"format {format}", folder, wfdb_leads(f"{folder}/r"), None
    for format, most in {61: 32767, 160: 32767, 310: 511, 311: 511, 8: 3}.items():
        with tempfile.TemporaryDirectory() as folder:
            values = rng.integers(-most, most, 300)
            if format == 8: values = np.clip(np.cumsum(values), -120, 120)
            (Path(folder) / "r.dat").write_bytes(packed(format, values))
            checksum = int(np.int16(np.uint16(int(values.sum()) & 0xFFFF)))
            (Path(folder) / "r.hea").write_text(f"r 1 100 300\nr.dat {format} 100(7)/mV 12 0 0 {checksum} 0 a lead\n")
            yield f"format {format}", folder, wfdb_leads(f"{folder}/r"), None
    with tempfile.TemporaryDirectory() as folder:
        # Two files, several points in a frame, a skew, bytes in front, and a gain that the header leaves out.
        values = rng.integers(-2000, 2000, 60 * 5).astype("<i2")
        (Path(folder) / "a.dat").write_bytes(b"\xff" * 24 + values.tobytes())
        (Path(folder) / "b.dat").write_bytes(rng.integers(-2000, 2000, 60).astype("<i2").tobytes())
        total = int(np.int16(np.uint16(int(values.reshape(60, 5)[:, 4].sum(dtype=int)) & 0xFFFF)))
        (Path(folder) / "r.hea").write_text(
            "r 3 50/1000(3) 60 10:00:00 1/2/2000\na.dat 16x4+24 200 12 5\n"
            f"a.dat 16x1:3+24 100(2)/uV 12 0 {values[4]} {total} 0 late\nb.dat 16 0 12 0\n")
        record = wfdb.rdrecord(f"{folder}/r", smooth_frames=False)
        leads = [lead(n or f"signal {i + 1}", u, 50.0 * k, v) for i, (n, u, k, v) in enumerate(zip(record.sig_name, record.units, record.samps_per_frame, record.e_p_signal))]
        yield "frames, skew, offset, two files", folder, leads, None
    with tempfile.TemporaryDirectory() as folder:
        for name in "ab":
            wfdb.wrsamp(name, 100, ["mV"], ["II"], d_signal=rng.integers(-2000, 2000, (50, 1)), fmt=["16"], adc_gain=[200 if name == "a" else 100], baseline=[0], write_dir=folder)
        (Path(folder) / "m.hea").write_text("m/2 1 100 100\na 50\nb 50\n")
        record = wfdb.rdrecord(f"{folder}/m")
        yield "segments", folder, [lead("II", "mV", 100.0, record.p_signal[:, 0])], None
    with tempfile.TemporaryDirectory() as folder:
        wfdb.wrsamp("r", 360, ["mV"], ["MLII"], d_signal=np.zeros((4000, 1), int), fmt=["16"], adc_gain=[200], baseline=[0], write_dir=folder)
        samples = np.array([18, 77, 400, 1500, 100_000, 100_001])
        wfdb.wrann("r", "atr", samples, symbol=["+", "N", "V", "A", "N", '"'], aux_note=["(AFIB", "", "", "odd", "", "comment"], subtype=np.array([0, 0, 1, 0, 0, 0]),
                   chan=np.array([0, 0, 0, 1, 1, 0]), num=np.array([0, 0, 2, 0, 0, 0]), fs=360, write_dir=folder)
        yield "annotations", folder, wfdb_leads(f"{folder}/r"), annotations(f"{folder}/r", "atr")


def edf_cases():
    for name, kind, bits in [("EDF", pyedflib.FILETYPE_EDF, 16), ("EDF+", pyedflib.FILETYPE_EDFPLUS, 16), ("BDF", pyedflib.FILETYPE_BDF, 24), ("BDF+", pyedflib.FILETYPE_BDFPLUS, 24)]:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/r.{'edf' if bits == 16 else 'bdf'}"
            most = 2 ** (bits - 1) - 1
            writer = pyedflib.EdfWriter(path, 3, file_type=kind)
            heads = [("ECG II", "mV", 256, -3.3, 3.3), ("EEG Fpz-Cz", "uV", 200, -440, 510.5), ("SpO2", "%", 1, 0, 100)]
            for index, (label, unit, rate, low, high) in enumerate(heads):
                writer.setSignalHeader(index, {"label": label, "dimension": unit, "sample_frequency": rate, "physical_min": low, "physical_max": high,
                                               "digital_min": -most - 1, "digital_max": most, "transducer": "", "prefilter": ""})
            writer.writeSamples([rng.integers(-most, most, rate * 4).astype(np.int32) for _, _, rate, _, _ in heads], digital=True)
            if "+" in name:
                writer.writeAnnotation(0.25, -1, "Sleep stage W")
                writer.writeAnnotation(2.5, 1.5, "Grün")
            writer.close()
            reader = pyedflib.EdfReader(path)
            leads = [lead(reader.getLabel(i), reader.getPhysicalDimension(i), float(reader.getSampleFrequency(i)), reader.readSignal(i)) for i in range(3)]
            onsets, _, texts = reader.readAnnotations()
            reader.close()
            yield name, folder, leads, [[float(t), s] for t, s in zip(onsets, texts)] or None


def numbers():
    x = 3 + np.sin(np.arange(1000) / 7) + 0.3 * np.sin(np.arange(1000) * 1.9) + (np.arange(1000) * 7919 % 101) / 101
    places = [0, 1, 7, 123, 250, 380]
    filters = []
    for above, below, order, pad in [(0.5, 40, 3, 999), (None, 40, 2, 27), (1, None, 1, 540), (5, 15, 4, 108), (None, 30, 5, 36)]:
        sections = [signal.butter(order, cut, kind, fs=180, output="sos") for cut, kind in [(above, "high"), (below, "low")] if cut is not None]
        y = signal.sosfiltfilt(np.vstack(sections), x, padlen=pad)
        filters.append({"above": above, "below": below, "order": order, "pad": pad, "values": [float(y[p]) for p in places]})
    rates = []
    for from_, to, up, down in [(360, 180, 1, 2), (257, 100, 100, 257), (500, 257, 257, 500), (100, 360, 18, 5), (256, 128.5, 257, 512)]:
        line = np.linspace(x[0], x[-1], 1000)
        y = signal.resample_poly(x - line, up, down)
        y = y + x[0] + (x[-1] - x[0]) / 999 * np.arange(len(y)) * down / up
        rates.append({"from": from_, "to": to, "length": len(y), "values": [float(y[p]) for p in places]})
    return {"places": places, "filters": filters, "rates": rates}


def shared(folder):
    def of_leads(leads):
        return hashlib.sha256("".join(f"{name} {hexes}\n" for name, hexes in leads).encode()).hexdigest()

    found = {}
    for header in sorted((folder / "cinc2021-samples/records").glob("*.hea")) + [folder / f"mitbih/wfdb/{n}.hea" for n in (100, 119, 200, 208, 231)]:
        path = header.with_suffix("")
        entry = {"leads": of_leads((l["name"], l["digest"]) for l in wfdb_leads(path))}
        if path.with_suffix(".atr").exists():
            entry["annotations"] = hashlib.sha256(json.dumps(annotations(path, "atr"), separators=(",", ":")).encode()).hexdigest()
        found[str(header.relative_to(folder))] = entry
    ecg = pydicom.dcmread(folder / "dicom-samples/waveform_ecg.dcm")
    names = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    points = ecg.waveform_array(0)
    found["dicom-samples/waveform_ecg.dcm"] = {"leads": of_leads((n, digest(points[:, i])) for i, n in enumerate(names))}
    return found


def write(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


os.environ["TZ"] = "UTC"
write("files.json", [{"name": name, "files": files_of(folder), "leads": leads, "annotations": notes} for cases in (wfdb_cases, edf_cases) for name, folder, leads, notes in cases()])
write("numbers.json", numbers())
if len(sys.argv) > 1:
    write("shared.json", shared(Path(sys.argv[1])))
