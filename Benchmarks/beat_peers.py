"""The peers of `vitald bench kernels` for beats and shapes: a numba loop, antropy, SciPy, hrv-analysis and stumpy.

Called by kernel_peers.py with the folder that vitald wrote: `intervals.f64` (windows of RR intervals, one behind
another), `signal.f64` (the same read four times a second), `series.f64`, `shape.json`, and vitald's results
`NAME.f64`. Prints one JSON line for each name and peer: units per second of CPU time, best of some repetitions, and how
far results lie apart. What differs by more than the tolerance gets no rate.
"""

import json
import os
import time

import antropy
import hrvanalysis
import numba as nb
import numpy as np
import stumpy
from scipy import signal

REPETITIONS = 5
# A repetition takes at least so long.
SHORTEST = 0.1
BANDS = [(0.04, 0.15), (0.15, 0.40)]


def time_domain(x):
    """Mean, SDNN, RMSSD, pNN50, SD1 and SD2 in one pass, as a programmer would write it."""
    n, base = x.size, x[0]
    s, q, e, d2, large = 0.0, 0.0, 0.0, 0.0, 0
    for i in range(n):
        v = x[i] - base
        s += v
        q += v * v
    for i in range(1, n):
        d = x[i] - x[i - 1]
        e += d
        d2 += d * d
        if abs(d) > 50:
            large += 1
    k = n - 1
    var = (q - s * s / n) / (n - 1)
    step = (d2 - e * e / k) / (k - 1)
    return base + s / n, np.sqrt(var), np.sqrt(d2 / k), large / k, np.sqrt(step / 2), np.sqrt(2 * var - step / 2)


def over_windows(one):
    @nb.njit
    def many(windows):
        out = np.empty((windows.shape[0], 6))
        for i in range(windows.shape[0]):
            out[i] = one(windows[i])
        return out
    return many


loop = over_windows(nb.njit(time_domain))
# May reorder sums, as vitald does: not what a programmer gets unasked.
loop_fastmath = over_windows(nb.njit(fastmath=True)(time_domain))


def band_powers(freq, psd):
    inside = [(freq >= low) & (freq < high) for low, high in BANDS]
    return [np.trapezoid(psd[i], freq[i]) for i in inside]


def welch(y):
    return band_powers(*signal.welch(y, 4, "hann", nperseg=256, nfft=4096))


def package_time(x):
    f = hrvanalysis.get_time_domain_features(x)
    # SD1 and SD2 have a function of their own, which is not counted.
    return f["mean_nni"], f["sdnn"], f["rmssd"], f["pnni_50"] / 100


def package_lomb(x):
    f = hrvanalysis.get_frequency_domain_features(x, method="lomb")
    return f["lf"], f["hf"]


def lomb_standard(times, x, frequencies):
    """SciPy on the same grid."""
    psd = signal.lombscargle(times, x - x.mean(), 2 * np.pi * frequencies, floating_mean=True)
    return band_powers(frequencies, psd)


def append(stream, values):
    for value in values:
        stream.update(value)


def worst(ours, theirs):
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    scale = np.maximum(1e-12, np.maximum(np.abs(ours), np.abs(theirs)))
    return float(np.max(np.abs(ours - theirs) / scale)) if ours.shape == theirs.shape else float("inf")


def rate(run, amount):
    run()
    begin = time.process_time()
    run()
    once = max(time.process_time() - begin, 1e-7)
    pieces = max(1, int(SHORTEST / once))
    fastest = 0.0
    for _ in range(REPETITIONS if once < 1 else 1):
        begin = time.process_time()
        for _ in range(pieces):
            run()
        fastest = max(fastest, amount * pieces / (time.process_time() - begin))
    return fastest


def report(name, peer, difference, tolerance, run, amount):
    line = {"name": name, "peer": peer, "difference": difference if np.isfinite(difference) else None}
    if difference <= tolerance:
        line["value"] = rate(run, amount)
    print(json.dumps(line), flush=True)


def main(folder):
    def read(name, *shape):
        return np.fromfile(os.path.join(folder, name + ".f64"), np.float64).reshape(*shape)

    with open(os.path.join(folder, "shape.json")) as file:
        shape = json.load(file)
    count, window, history = shape["windows"], shape["window"], shape["history"]
    windows = read("intervals", count, -1)
    lists = [list(w) for w in windows]
    signals = read("signal", count, -1)
    times = read("times", count, -1)
    tolerance = [0.2 * float(np.std(w, ddof=1)) for w in windows]
    few = count // 8

    ours = read("time_domain", count, 6)
    report("time_domain", "numba", worst(ours, loop(windows)), 1e-6, lambda: loop(windows), count)
    report("time_domain_fastmath", "numba fastmath", worst(ours, loop_fastmath(windows)), 1e-6,
           lambda: loop_fastmath(windows), count)
    report("time_domain_package", "hrv-analysis", worst(ours[:, :4], [package_time(x) for x in lists]), 1e-6,
           lambda: [hrvanalysis.get_time_domain_features(x) for x in lists[:few]], few)
    ours = read("sample_entropy", count)
    report("sample_entropy", "antropy",
           worst(ours, [antropy.sample_entropy(w, 2, r) for w, r in zip(windows, tolerance)]), 1e-4,
           lambda: [antropy.sample_entropy(w, 2, r) for w, r in zip(windows, tolerance)], count)
    ours = read("welch", count, 2)
    report("welch", "SciPy", worst(ours, [welch(y) for y in signals]), 1e-6,
           lambda: [welch(y) for y in signals[:few]], few)
    ours = read("lomb_scargle", count, 2)
    report("lomb_scargle", "hrv-analysis", worst(ours, [package_lomb(x) for x in lists]), 1e-3,
           lambda: [package_lomb(x) for x in lists[:few]], few)
    for points in shape["points"]:
        series = read("series", -1)[:points]
        ours = read(f"matrix_profile_{points}", -1)
        theirs = stumpy.stump(series, window)[:, 0].astype(float)
        # Distances, not their squares: 1e-5 of them is rounding of correlations near 1.
        report(f"matrix_profile_{points}", "stumpy", float(np.max(np.abs(ours - theirs))), 1e-4,
               lambda: stumpy.stump(series, window), (points - window + 1) ** 2 / 2)
    series = read("series", -1)
    further = series[history : history + 500]
    stream = stumpy.stumpi(series[:history], window, egress=True)
    append(stream, further)
    ours = read("matrix_profile_append", -1)
    report("matrix_profile_append", "stumpy", float(np.max(np.abs(ours - stream.left_P_[-500:]))), 1e-4,
           lambda: append(stream, further), further.size)
