#!/usr/bin/env python3
"""How the limits of `RhythmTrack` were chosen, and how well they do on records that did not choose them.

The same arithmetic as Sources/Analysis/Beats/RhythmTrack.swift, over a grid of its limits: for each fold the best limits of
the other records judge the records of the fold. Needs numpy and numba (requirements.txt) and the folder rr_rhythm:

    python rhythm_thresholds.py ../../shared/data/rr_rhythm [FOLDS]
"""
import csv
import glob
import gzip
import itertools
import os
import sys

import numba as nb
import numpy as np

WORDS, MIDDLE, STRIDE, COSEN_BEATS, DELAY, REACH = 127, 63, 8, 60, 12, 5
#        (tolerance, premature), opening, closing, looks in a row, COSEn that opens, COSEn that closes
GRID = list(itertools.product(
    ((.1, .9), (.1, .93), (.12, .95)), (.6, .62, .639, .66), (.43, .45, .47, .5, .52), (2, 4), (-1.5, -9), (-2, -1.9, -1.8, -1.7, -9)))
SHIPPED = ((.1, .93), .639, .45, 4, -1.5, -1.9)


def rows(path):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as file:
        return list(csv.reader(file))[1:]


def labels(beats, changes):
    place = np.searchsorted([at for at, _ in changes], beats, side="right") - 1
    return np.array([p >= 0 and changes[p][1] for p in place])


def records(folder):
    """(database, name) -> intervals in seconds, and whether each ends in fibrillation; implausible ones left out."""
    found = {}
    for path in sorted(glob.glob(f"{folder}/afdb/*_beats.csv.gz")):
        name = os.path.basename(path)[:5]
        beats = np.array([int(r[0]) for r in rows(path)])
        changes = [(int(r[0]), r[1] == "AFIB") for r in rows(f"{folder}/afdb/{name}_rhythm.csv")]
        found["afdb", name] = np.diff(beats) / 250, labels(beats[1:], changes)
    for path in sorted(glob.glob(f"{folder}/mitdb/*.csv.gz")):
        all_rows = [r for r in rows(path) if len(r) > 2]
        beats = np.array([int(r[0]) for r in all_rows if r[1] in set("NLRAaJSVF/fQejEn?B")])
        changes = [(int(r[0]), r[2].startswith("(AFIB")) for r in all_rows if r[1] == "+" and r[2].startswith("(")]
        found["mitdb", os.path.basename(path)[:3]] = np.diff(beats) / 360, labels(beats[1:], changes)
    for key, (rr, is_af) in found.items():
        kept = (rr >= .24) & (rr <= 3)
        found[key] = rr[kept], is_af[kept]
    return found


@nb.njit
def without_ectopy(rr, tolerance, premature):
    n, out, i = len(rr), rr.copy(), 0
    while i + 1 < n:
        median = np.median(rr[max(0, i - REACH):min(n, i + REACH + 1)])
        if rr[i] < premature * median and rr[i + 1] > rr[i] * 1.15 and abs(rr[i] + rr[i + 1] - 2 * median) <= 2 * tolerance * median:
            out[i] = out[i + 1] = (rr[i] + rr[i + 1]) / 2
            i += 1
        i += 1
    return out


@nb.njit
def looks(rr):
    """Entropy of words and COSEn of every eighth beat; the beat's place."""
    n = len(rr)
    symbol = np.array([63 if 60 / x >= 315 else int(60 / x / 5) for x in rr])
    centres = np.arange(72, n - MIDDLE, STRIDE)
    out = np.full((len(centres), 2), np.nan)
    for q, c in enumerate(centres):
        words = np.array([4096 * symbol[i - 2] + 64 * symbol[i - 1] + symbol[i] for i in range(c + MIDDLE - WORDS + 1, c + MIDDLE + 1)])
        words.sort()
        distinct, entropy, run = 0, 0.0, 1
        for i in range(1, WORDS + 1):
            if i < WORDS and words[i] == words[i - 1]:
                run += 1
            else:
                distinct += 1
                entropy -= run / WORDS * np.log2(run / WORDS)
                run = 1
        out[q, 0] = distinct * entropy / (WORDS * np.log2(WORDS))
        x, r = rr[c - COSEN_BEATS // 2:c + COSEN_BEATS // 2], .030
        while r <= 1.0001:
            base = longer = 0
            for i in range(COSEN_BEATS - 1):
                for j in range(i + 1, COSEN_BEATS - 1):
                    if abs(x[i] - x[j]) <= r + 1e-9:
                        base += 1
                        if abs(x[i + 1] - x[j + 1]) <= r + 1e-9:
                            longer += 1
            if longer >= 5:
                out[q, 1] = -np.log(longer / base) + np.log(2 * r) - np.log(x.mean())
                break
            r += .005
    return centres, out


@nb.njit
def decide(measured, opening, closing, agreeing, cosen_opening, cosen_closing):
    n = len(measured)
    look, out = np.zeros(n, nb.int8), np.zeros(n, nb.boolean)
    state, contrary = False, 0
    for i in range(n):
        words, cosen = measured[i]
        look[i] = 0 if words < closing or cosen < cosen_closing else 2 if words >= opening and not cosen < cosen_opening else 1
        contrary = contrary + 1 if look[i] == (0 if state else 2) else 0
        out[i] = state
        if contrary >= agreeing:
            contrary, state = 0, not state
            for back in range(min(DELAY + 1, i + 1)):
                if back >= agreeing and not (state and look[i - back] != 0):
                    break
                out[i - back] = state
    return out


def rates(counts):
    hit, missed, wrong, right = counts
    return 100 * hit / max(1, hit + missed), 100 * right / max(1, right + wrong)


def text(pair):
    return f"{pair[0]:.2f} % sensitive, {pair[1]:.2f} % specific"


def main():
    data = records(sys.argv[1])
    folds = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    names = sorted(data)
    measured = {(cut, k): looks(without_ectopy(data[k][0], *cut)) for cut in {g[0] for g in GRID} for k in names}
    counts = {}
    for g in GRID:
        for k in names:
            centres, values = measured[g[0], k]
            found, true = decide(values, *g[1:3], g[3], *g[4:]), data[k][1][centres]
            counts[g, k] = np.array([(found & true).sum(), (~found & true).sum(), (found & ~true).sum(), (~found & ~true).sum()])

    def total(g, keys, database):
        return rates(sum((counts[g, k] for k in keys if k[0] == database), np.zeros(4)))

    def score(g, keys):
        afdb, mitdb = total(g, keys, "afdb"), total(g, keys, "mitdb")
        return 2 * min(afdb) + .5 * min(mitdb[1], 96) + .2 * min(mitdb[0], 98)

    print("shipped", SHIPPED, *(f"{d} {text(total(SHIPPED, names, d))}" for d in ("afdb", "mitdb")), sep="\n  ")
    print("best on all records:")
    for g in sorted(GRID, key=lambda g: -score(g, names))[:10]:
        print(" ", g, text(total(g, names, "afdb")), "|", text(total(g, names, "mitdb")))
    held = {"afdb": np.zeros(4), "mitdb": np.zeros(4)}
    for f in range(folds):
        out = names[f::folds]
        best = max(GRID, key=lambda g: score(g, [k for k in names if k not in out]))
        for k in out:
            held[k[0]] += counts[best, k]
    print(f"records left out, {folds} folds:", *(f"{d} {text(rates(held[d]))}" for d in held), sep="\n  ")


if __name__ == "__main__":
    main()
