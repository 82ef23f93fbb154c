"""The four metrics' speed and memory: ``prn_lib.evaluation`` against scikit-learn and plain PROs.

Yardsticks, each for all it computes: scikit-learn's AUROC and average precision of all pixels; a
PRO that sweeps every threshold, with one sort of all pixels and running sums, as MVTec's evaluation
does; and, for comparison only, a PRO on a grid of 200 thresholds, which is not exact. Rounds take
turns, so that a busy machine slows all. Score maps are smooth noise, higher inside the masks; a
quarter of the images are normal, as in MVTec's test sets.
"""

import argparse
import json
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.evaluation.metrics import evaluate, rank_pixels

SIDE = 256
COMPARED = (83, 1000)
STEPS = 200  # thresholds of the grid
GROWTH = (83, 250, 500, 1000)


def main() -> None:
    """Prints figures and ratios; ``--record`` keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    start = time.perf_counter()
    record = {
        "compared": {
            str(count): _compare(count, options.rounds if count < 200 else 1) for count in COMPARED
        },
        "growth": {str(count): _growth(count) for count in GROWTH},
    }
    clock = {"start": start, "all": time.perf_counter()}
    record["provenance"] = provenance(torch.device("cpu"), clock)
    print(json.dumps(record, indent=1))
    if options.record:
        write_text(options.record, json.dumps(record, indent=1) + "\n")


def _images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Score maps float32 and masks uint8 ``(count, SIDE, SIDE)``; four regions an anomaly."""
    rng = np.random.default_rng(0)
    masks = np.zeros((count, SIDE, SIDE), np.uint8)
    for mask in masks[count // 4 :]:
        for _ in range(4):
            height, width = rng.integers(3, 50, 2)
            top, left = rng.integers(0, SIDE - 50, 2)
            mask[top : top + height, left : left + width] = 1
    logits = rng.standard_normal(masks.shape, np.float32)
    for plane in logits:
        plane[:] = 3 * ndimage.gaussian_filter(plane, 2)
    return (1 / (1 + np.exp(3 - logits - 1.5 * masks))).astype(np.float32), masks


def _compare(count: int, rounds: int) -> dict[str, object]:
    maps, masks = _images(count)
    works = {
        "ours": lambda: _ours(maps, masks),
        "scikit_learn": lambda: {
            "pixel_auroc": roc_auc_score(masks.ravel(), maps.ravel()),
            "pixel_ap": average_precision_score(masks.ravel(), maps.ravel()),
        },
        "swept_pro": lambda: {"pro": swept_pro(masks, maps)},
        "grid_pro": lambda: {"grid_pro": grid_pro(masks, maps)},
    }
    seconds, values = _seconds(works, rounds)
    exact = seconds["scikit_learn"] + seconds["swept_pro"]
    bends = len(rank_pixels(masks, maps).thresholds)
    return {
        "thresholds_where_curves_bend": bends,
        "seconds_of_a_pass_for_each": bends * seconds["grid_pro"] / STEPS,  # reckoned, not run
        "pixels_anomalous": float(masks.mean()),
        "seconds": seconds,
        "ratio_to_scikit_learn": seconds["scikit_learn"] / seconds["ours"],
        "ratio_to_all_exact": exact / seconds["ours"],
        "ratio_to_grid": seconds["grid_pro"] / seconds["ours"],
        "values": values,
        "differs_by": {
            name: abs(values["ours"][name] - values[other][name])
            for name, other in (
                ("pixel_auroc", "scikit_learn"),
                ("pixel_ap", "scikit_learn"),
                ("pro", "swept_pro"),
            )
        },
    }


def _growth(count: int) -> dict[str, float]:
    """Our seconds, per pixel and factor of n log n, and memory beside maps and masks."""
    maps, masks = _images(count)
    seconds = _seconds({"ours": lambda: _ours(maps, masks)}, 3)[0]["ours"]
    tracemalloc.start()
    _ours(maps, masks)
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        "seconds": seconds,
        "nanoseconds_per_n_log_n": 1e9 * seconds / (maps.size * math.log2(maps.size)),
        "given_mb": (maps.nbytes + masks.nbytes) / 1e6,
        "extra_mb": extra / 1e6,
    }


def _ours(maps: np.ndarray, masks: np.ndarray) -> dict[str, float]:
    return evaluate(maps.max((1, 2)), masks.any((1, 2)), maps, masks)


def swept_pro(masks: np.ndarray, maps: np.ndarray, limit: float = 0.3) -> float:
    """PRO with every score as a threshold: sort all pixels, then running sums."""
    share = np.zeros(maps.shape)
    regions = 0
    for each, mask in zip(share, masks, strict=True):
        labelled, count = ndimage.label(mask, np.ones((3, 3)))
        area = np.bincount(labelled.ravel())
        each[labelled > 0] = 1 / area[labelled[labelled > 0]]
        regions += count
    negative = (masks == 0).ravel()
    order = np.argsort(-maps.ravel(), kind="stable")
    scores = maps.ravel()[order]
    ends = np.append(np.diff(scores) != 0, True)
    overlap = np.append(0, np.cumsum(share.ravel()[order])[ends] / regions)
    rate = np.append(0, np.cumsum(negative[order])[ends] / negative.sum())
    inside = rate <= limit
    x, y = (
        np.append(rate[inside], limit),
        np.append(overlap[inside], np.interp(limit, rate, overlap)),
    )
    return float(np.trapezoid(y, x) / limit)


def grid_pro(masks: np.ndarray, maps: np.ndarray, limit: float = 0.3, steps: int = STEPS) -> float:
    """PRO on equally spaced thresholds, each of them applied to all maps."""
    labelled = [ndimage.label(mask, np.ones((3, 3)))[0] for mask in masks]
    curve = []
    for threshold in np.linspace(maps.max(), maps.min(), steps):
        called = maps >= threshold
        overlaps = []
        for regions, hit in zip(labelled, called, strict=True):
            areas = np.bincount(regions.ravel())
            overlaps.extend(np.bincount(regions[hit], minlength=len(areas))[1:] / areas[1:])
        curve.append((called[masks == 0].mean(), np.mean(overlaps)))
    rate, overlap = np.array(curve).T
    inside = rate <= limit
    return float(np.trapezoid(overlap[inside], rate[inside]) / rate[inside].max())


def _seconds(
    works: dict[str, Callable[[], dict[str, float]]], rounds: int
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The median of each work's seconds, and what it found."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    found = {}
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            found[name] = work()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(all_) for name, all_ in seconds.items()}, found


if __name__ == "__main__":
    main()
