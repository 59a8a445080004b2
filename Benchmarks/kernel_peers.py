#!/usr/bin/env python3
"""The peers of `vitald bench kernels`: numpy, bottleneck, numba, pandas, polars and SciPy on the same inputs, one core.

Run by `vitald bench kernels --peers "PYTHON kernel_peers.py"` with the folder it wrote: `day.f32`, `week.f32` and `fine.f32` (series
one behind another), `shape.json`, and its own results `FEATURE_WINDOW.f32`. Prints one JSON line for each feature,
window and peer: samples per second of CPU time, best of some repetitions, and the greatest difference from vitald's
results. What differs by more than its tolerance is printed with its difference and without a rate.
"""

import json
import os
import sys
import time
import warnings

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS"]:
    os.environ[name] = "1"
warnings.filterwarnings("ignore")

import bottleneck as bn  # noqa: E402
import numba as nb  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import polars as pl  # noqa: E402
from river import stats, utils  # noqa: E402
from scipy import ndimage  # noqa: E402

REPETITIONS = 3
# A peer gets at least this long per repetition: series are repeated.
SHORTEST = 0.05
SLOW = 0.5
# How far results may lie apart: rounding to float32 of values around 100, and of slopes and scores around 1.
TOLERANCE = {"mean": 1e-3, "std": 1e-3, "min": 0, "max": 0, "median": 1e-4, "q90": 1e-3, "slope": 1e-3, "zscore": 1e-3,
             "ewma": 1e-2, "cusum": 0.05}


# numba: one loop for each feature, as a programmer would write it.

@nb.njit
def nb_mean(x, w):
    out = np.empty(x.size, np.float32)
    s, n = 0.0, 0
    for i in range(x.size):
        if x[i] == x[i]:
            s += x[i]
            n += 1
        if i >= w and x[i - w] == x[i - w]:
            s -= x[i - w]
            n -= 1
        out[i] = s / n if n > 0 else np.nan
    return out


@nb.njit
def nb_std(x, w):
    out = np.empty(x.size, np.float32)
    s, q, n = 0.0, 0.0, 0
    for i in range(x.size):
        if x[i] == x[i]:
            v = np.float64(x[i])
            s += v
            q += v * v
            n += 1
        if i >= w and x[i - w] == x[i - w]:
            v = np.float64(x[i - w])
            s -= v
            q -= v * v
            n -= 1
        out[i] = np.sqrt(max(q - s * s / n, 0.0) / (n - 1)) if n > 1 else np.nan
    return out


@nb.njit
def nb_zscore(x, w):
    out = np.empty(x.size, np.float32)
    s, q, n = 0.0, 0.0, 0
    for i in range(x.size):
        if x[i] == x[i]:
            v = np.float64(x[i])
            s += v
            q += v * v
            n += 1
        if i >= w and x[i - w] == x[i - w]:
            v = np.float64(x[i - w])
            s -= v
            q -= v * v
            n -= 1
        if n > 1 and x[i] == x[i]:
            d = np.sqrt(max(q - s * s / n, 0.0) / (n - 1))
            out[i] = (x[i] - s / n) / d if d > 0 else np.nan
        else:
            out[i] = np.nan
    return out


@nb.njit
def nb_slope(x, w):
    out = np.empty(x.size, np.float32)
    n, s, sp, p, pp = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        # All places move by one, the newest is 0.
        sp -= s
        pp += n - 2 * p
        p -= n
        if i >= w and x[i - w] == x[i - w]:
            v = np.float64(x[i - w])
            s -= v
            sp += w * v
            n -= 1
            p += w
            pp -= w * w
        if x[i] == x[i]:
            s += x[i]
            n += 1
        d = n * pp - p * p
        out[i] = (n * sp - p * s) / d if d > 0 else np.nan
    return out


@nb.njit
def nb_extreme(x, w, sign):
    out = np.empty(x.size, np.float32)
    places = np.empty(w + 1, np.int64)
    head, size = 0, 0
    for i in range(x.size):
        if size > 0 and places[head] <= i - w:
            head = (head + 1) % (w + 1)
            size -= 1
        if x[i] == x[i]:
            while size > 0 and sign * x[places[(head + size - 1) % (w + 1)]] >= sign * x[i]:
                size -= 1
            places[(head + size) % (w + 1)] = i
            size += 1
        out[i] = x[places[head]] if size > 0 else np.nan
    return out


@nb.njit
def nb_quantile(x, w, share):
    """For whole numbers from 0 to 255: a histogram and a mark that follows the rank."""
    out = np.empty(x.size, np.float32)
    bins = np.zeros(257, np.int64)
    n, mark, below = 0, 0, 0
    for i in range(x.size):
        if x[i] == x[i]:
            c = int(x[i])
            bins[c] += 1
            n += 1
            if c < mark:
                below += 1
        if i >= w and x[i - w] == x[i - w]:
            c = int(x[i - w])
            bins[c] -= 1
            n -= 1
            if c < mark:
                below -= 1
        if n == 0:
            out[i] = np.nan
            continue
        place = share * (n - 1)
        rank = int(place)
        while below > rank:
            mark -= 1
            below -= bins[mark]
        while below + bins[mark] <= rank:
            below += bins[mark]
            mark += 1
        value = np.float64(mark)
        if place > rank and rank + 1 >= below + bins[mark]:
            nxt = mark + 1
            while bins[nxt] == 0:
                nxt += 1
            value += (place - rank) * (nxt - mark)
        out[i] = value
    return out


@nb.njit
def nb_ewma(x, share):
    out = np.empty(x.size, np.float32)
    y = np.nan
    for i in range(x.size):
        if x[i] == x[i]:
            y = x[i] if y != y else y + share * (x[i] - y)
        out[i] = y
    return out


@nb.njit
def nb_cusum(x, centre, scale, slack):
    out = np.empty(x.size, np.float32)
    s = 0.0
    for i in range(x.size):
        if x[i] == x[i]:
            s = max(0.0, s + (x[i] - centre) * scale - slack)
        out[i] = s
    return out


# numpy: cumulative sums, and minima of doubled lengths.

def np_sums(x, w, powers):
    present = ~np.isnan(x)
    v = np.where(present, x, 0).astype(np.float64)

    def window(a):
        c = np.cumsum(a)
        r = c.copy()
        r[w:] -= c[:-w]
        return r

    return [window(present.astype(np.float64))] + [window(v ** p if p > 1 else v) for p in range(1, powers + 1)]


def np_mean(x, w):
    n, s = np_sums(x, w, 1)
    return (s / n).astype(np.float32)


def np_std(x, w):
    n, s, q = np_sums(x, w, 2)
    return np.sqrt(np.maximum(q - s * s / n, 0) / np.where(n > 1, n - 1, np.nan)).astype(np.float32)


def np_zscore(x, w):
    n, s, q = np_sums(x, w, 2)
    d = np.sqrt(np.maximum(q - s * s / n, 0) / np.where(n > 1, n - 1, np.nan))
    return ((x - s / n) / np.where(d > 0, d, np.nan)).astype(np.float32)


def np_slope(x, w):
    present = ~np.isnan(x)
    v = np.where(present, x, 0).astype(np.float64)
    i = np.arange(x.size, dtype=np.float64)

    def window(a):
        c = np.cumsum(a)
        r = c.copy()
        r[w:] -= c[:-w]
        return r

    n, s = window(present.astype(np.float64)), window(v)
    p, pp, sp = window(present * i), window(present * i * i), window(v * i)
    d = n * pp - p * p
    return ((n * sp - p * s) / np.where((n > 1) & (d > 0), d, np.nan)).astype(np.float32)


def np_extreme(x, w, sign):
    y = np.where(np.isnan(x), np.inf, sign * x).astype(np.float32)
    length = 1
    while 2 * length <= w:
        z = y.copy()
        np.minimum(y[length:], y[:-length], out=z[length:])
        y, length = z, 2 * length
    if w > length:
        z = y.copy()
        np.minimum(y[w - length:], y[:-(w - length)], out=z[w - length:])
        y = z
    return np.where(np.isinf(y), np.nan, sign * y)


def sp_mean(x, w):
    present = ~np.isnan(x)
    origin = w - 1 - w // 2
    def window(a):
        return ndimage.uniform_filter1d(a, w, mode="constant", origin=origin)
    n = np.rint(window(present.astype(np.float64)) * w)
    return (window(np.where(present, x, 0).astype(np.float64)) * w / np.where(n > 0, n, np.nan)).astype(np.float32)


def sp_extreme(x, w, sign):
    y = np.where(np.isnan(x), np.inf, sign * x).astype(np.float32)
    y = ndimage.minimum_filter1d(y, w, mode="constant", cval=np.inf, origin=w - 1 - w // 2)
    return np.where(np.isinf(y), np.nan, sign * y)


def river_mean(f, w):
    """One statistic, value by value, as a stream brings them."""
    rolling = utils.Rolling(stats.Mean, window_size=w)
    for v in f.tolist():
        if v == v:
            rolling.update(v)
    return rolling.get()


def peers(feature, w, shape):
    """Each peer's function of (float32 series, float64 series, pandas series, polars series)."""
    share, centre, scale, slack = shape["share"], shape["centre"], shape["scale"], shape["slack"]
    rolling = {"mean": "mean", "std": "std", "min": "min", "max": "max", "median": "median"}.get(feature)
    table = {}
    if rolling:
        bottleneck = getattr(bn, "move_" + rolling)
        extra = {"ddof": 1} if feature == "std" else {}
        table["bottleneck"] = lambda f, d, p, q: bottleneck(f, w, min_count=2 if extra else 1, **extra)
        table["bottleneck-f64"] = lambda f, d, p, q: bottleneck(d, w, min_count=2 if extra else 1, **extra)
        table["pandas"] = lambda f, d, p, q: getattr(p.rolling(w, min_periods=1), rolling)().to_numpy()
        few = 2 if feature == "std" else 1
        table["polars"] = lambda f, d, p, q: getattr(q, "rolling_" + rolling)(w, min_samples=few).to_numpy()
    if feature == "mean":
        table |= {"numpy": lambda f, d, p, q: np_mean(f, w), "numba": lambda f, d, p, q: nb_mean(f, w),
                  "scipy": lambda f, d, p, q: sp_mean(f, w)}
    elif feature == "std":
        table |= {"numpy": lambda f, d, p, q: np_std(f, w), "numba": lambda f, d, p, q: nb_std(f, w)}
    elif feature in ("min", "max"):
        sign = np.float32(1 if feature == "min" else -1)
        table |= {"numpy": lambda f, d, p, q: np_extreme(f, w, sign),
                  "numba": lambda f, d, p, q: nb_extreme(f, w, sign),
                  "scipy": lambda f, d, p, q: sp_extreme(f, w, sign)}
    elif feature == "median":
        table["numba"] = lambda f, d, p, q: nb_quantile(f, w, 0.5)
    elif feature == "q90":
        table |= {"numba": lambda f, d, p, q: nb_quantile(f, w, 0.9),
                  "pandas": lambda f, d, p, q: p.rolling(w, min_periods=1).quantile(0.9).to_numpy(),
                  "polars": lambda f, d, p, q: q.rolling_quantile(
                      0.9, interpolation="linear", window_size=w, min_samples=1).to_numpy()}
    elif feature == "slope":
        table |= {"numpy": lambda f, d, p, q: np_slope(f, w), "numba": lambda f, d, p, q: nb_slope(f, w)}
    elif feature == "zscore":
        def by_bottleneck(f, d, p, q):
            return (d - bn.move_mean(d, w, min_count=2)) / bn.move_std(d, w, min_count=2, ddof=1)

        def by_pandas(f, d, p, q):
            r = p.rolling(w, min_periods=2)
            return ((p - r.mean()) / r.std()).to_numpy()

        def by_polars(f, d, p, q):
            return ((q - q.rolling_mean(w, min_samples=2)) / q.rolling_std(w, min_samples=2)).to_numpy()

        table |= {"numpy": lambda f, d, p, q: np_zscore(f, w), "numba": lambda f, d, p, q: nb_zscore(f, w),
                  "bottleneck-f64": by_bottleneck, "pandas": by_pandas, "polars": by_polars}
    elif feature == "ewma":
        table |= {"numba": lambda f, d, p, q: nb_ewma(f, share),
                  "pandas": lambda f, d, p, q: p.ewm(alpha=share, adjust=False, ignore_na=True).mean().to_numpy(),
                  "polars": lambda f, d, p, q: q.ewm_mean(alpha=share, adjust=False, ignore_nulls=True).to_numpy()}
    elif feature == "cusum":
        table["numba"] = lambda f, d, p, q: nb_cusum(f, centre, scale, slack)
    return table


def forms(series):
    f = np.ascontiguousarray(series)
    d = f.astype(np.float64)
    return f, d, pd.Series(d), pl.Series(d).fill_nan(None)


def difference(ours, theirs):
    theirs = np.asarray(theirs, np.float64)
    a, b = np.isnan(ours), np.isnan(theirs)
    both = ~a & ~b
    # Windows where only one of them knows: a deviation that is 0 up to rounding, and what stays after a gap.
    unlike = float(np.mean(a != b))
    worst = float(np.max(np.abs(ours[both] - theirs[both]))) if both.any() else 0.0
    return worst if unlike < 1e-3 else float("inf")


def rate(function, many):
    """Samples per second of CPU time, best of some repetitions, each over several series one after another.

    Whoever calls has called the function before: what is compiled is compiled.
    """
    begin = time.process_time()
    function(*many[0])
    once = max(time.process_time() - begin, 1e-6)
    # Half a second of a slow peer tells enough.
    if once >= SLOW:
        return many[0][0].size / once
    pieces = max(1, min(int(SHORTEST / once) + 1, 64))
    fastest = 0.0
    for _ in range(REPETITIONS):
        count = 0
        begin = time.process_time()
        for piece in range(pieces):
            chosen = many[piece % len(many)]
            function(*chosen)
            count += chosen[0].size
        fastest = max(fastest, count / (time.process_time() - begin))
    return fastest


def main():
    folder = sys.argv[1]
    if os.path.exists(os.path.join(folder, "intervals.f64")):
        import beat_peers  # After the threads were limited above.
        beat_peers.main(folder)
        return
    with open(os.path.join(folder, "shape.json")) as file:
        shape = json.load(file)
    inputs = {}
    for name, rows in shape["rows"].items():
        raw = np.fromfile(os.path.join(folder, name + ".f32"), np.float32).reshape(-1, rows)
        inputs[name] = [forms(series) for series in raw[: 2 if name == "week" else 8]]
    # Panes hold what no stream of river does; what is compared is how fast values are taken.
    print(json.dumps({"name": "stream_0", "peer": "river, one mean",
                      "value": rate(lambda f, d, p, q: river_mean(f, 300), inputs["day"][:1])}), flush=True)
    for entry in shape["features"]:
        feature, window, many = entry["feature"], entry["window"], inputs[entry["input"]]
        rows = many[0][0].size
        # Shared with vitald: the results for the first series.
        ours = np.fromfile(os.path.join(folder, f"{entry['name']}.f32"), np.float32)[:rows]
        for peer, function in peers(feature, window, shape).items():
            line = {"name": entry["name"], "peer": peer}
            try:
                line["difference"] = difference(ours, function(*many[0]))
                if line["difference"] <= TOLERANCE[feature]:
                    line["value"] = rate(function, many)
            except Exception as error:  # A peer that cannot is no reason to lose the others.
                line["error"] = f"{type(error).__name__}: {error}"
            if not np.isfinite(line.get("difference", 0)):
                line["difference"] = None
            print(json.dumps(line), flush=True)


main()
