"""Is PRN worth its training? Its records beside those of rivals, on the same split.

Two runs are a pair if dataset, category, seed, image size and encoder are the same, and the names
of all test images.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from prn_lib.datasets.sample import GOOD
from prn_lib.evaluation.metrics import METRICS, auroc
from prn_lib.runs.results import Result

RESAMPLES = 1000
INTERVAL = (2.5, 97.5)  # percentiles
NAMES = {
    "prn": "PRN",
    "apart": "PRN, prototypes apart",
    "unet": "U-Net",
    "nearest_patch": "nearest patch",
    "padim": "PaDiM",
    "patchcore": "PatchCore",
    "stfpm": "STFPM",
    "draem": "DRAEM",
}
# PRN's runs that stand for a method of their own: what they change in the preset.
VARIANTS = {
    "apart": {"prototypes_apart": True},
    "unet": {"use_prototypes": False, "use_attention": False, "use_fusion": False},
}

Pair = tuple[Result, Result]  # PRN's run and the rival's


def method_of(result: Result) -> str | None:
    """The run's key in :data:`NAMES`; None for a run of PRN with other options changed.

    Other files of weights and textures, and what a data set without masks cannot have, count as no
    change.
    """
    if result.experiment.method != "prn":
        return result.experiment.method
    may_differ = {"encoder", "weights", "textures", "precision", "n_anomalies", "extended"}
    changed = {k: v for k, v in result.experiment.changed.items() if k not in may_differ}
    known = (name for name, options in VARIANTS.items() if options == changed)
    return next(known, None) if changed else "prn"


def pairs_of(results: Sequence[Result], method: str) -> list[Pair]:
    """The paper's network with all of its preset's steps, and the same with ``method``.

    Sorted by dataset, category, image size and seed. Of several runs that of the fewest changed
    options is taken, and of these the first. Raises ValueError if there is no pair.
    """
    runs: dict[str | None, dict[tuple[object, ...], Result]] = {"prn": {}, method: {}}
    for result in sorted(results, key=lambda result: len(result.experiment.changed)):
        runs.get(method_of(result), {}).setdefault(_key(result), result)
    pairs = [(run, runs[method][key]) for key, run in runs["prn"].items() if key in runs[method]]
    if not pairs:
        raise ValueError(f"no run of PRN and of {method!r} have the same split, size and encoder")
    return sorted(pairs, key=lambda pair: (*_product(pair), pair[0].experiment.seed))


def compare_rivals(results: Sequence[Result], methods: Iterable[str]) -> pd.DataFrame:
    """:func:`compare_pairs` with each of ``methods``, one below the other; ``method`` says which.

    The seeds are those that both have, so PRN's mean may differ from method to method.
    """
    tables = [compare_pairs(pairs_of(results, method)).assign(method=method) for method in methods]
    return pd.concat(tables, ignore_index=True)


def _key(result: Result) -> tuple[object, ...]:
    e = result.experiment
    return e.dataset, e.category, e.seed, e.image_size, e.encoder, tuple(result.split["test"])


def _product(pair: Pair) -> tuple[str, str, int, int]:
    """What pairs of several seeds have in common: dataset, category, anomalies, size."""
    e = pair[0].experiment
    return e.dataset, e.category, e.n_anomalies, e.image_size


def compare_pairs(pairs: Sequence[Pair]) -> pd.DataFrame:
    """A row for each product and metric: means over seeds in percent, and their difference.

    Columns: dataset, category, outlined (training anomalies), size, seeds, metric, ``PRN``,
    ``rival``, ``difference``; ``low`` and ``high``, its lowest and highest of the seeds; and what a
    run took, ``PRN min`` and ``rival min``: mean minutes times processor threads.
    """
    rows = []
    for key, group in _by_product(pairs).items():
        minutes = [np.mean([_thread_minutes(pair[k]) for pair in group]) for k in (0, 1)]
        for metric in METRICS:
            values = 100 * np.array([[run.metrics[metric] for run in pair] for pair in group])
            ours, theirs = values.mean(0)
            gaps = values[:, 0] - values[:, 1]
            rows.append(
                [
                    *key,
                    len(group),
                    metric,
                    ours,
                    theirs,
                    gaps.mean(),
                    gaps.min(),
                    gaps.max(),
                    *minutes,
                ]
            )
    names = ["dataset", "category", "outlined", "size", "seeds", "metric", "PRN", "rival"]
    return pd.DataFrame(rows, columns=[*names, "difference", "low", "high", "PRN min", "rival min"])


def _thread_minutes(run: Result) -> float:
    made = run.provenance
    return sum(made["seconds"].values()) * made["threads"] / 60


def image_auroc_intervals(pairs: Sequence[Pair], seed: int = 0) -> pd.DataFrame:
    """Difference of image AUROC in percent, mean over seeds, with its 95% bootstrap interval.

    Test images are drawn again, with replacement, normals and anomalies apart, the same ones for
    both runs of a pair. A row for each product: dataset, category, size, difference, low, high.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for (dataset, category, _, size), group in _by_product(pairs).items():
        drawn = np.mean([_resampled(pair, generator) for pair in group], axis=0)
        gaps = [p.metrics["image_auroc"] - r.metrics["image_auroc"] for p, r in group]
        low, high = 100 * np.percentile(drawn, INTERVAL)
        rows.append((dataset, category, size, 100 * np.mean(gaps), low, high))
    return pd.DataFrame(rows, columns=["dataset", "category", "size", "difference", "low", "high"])


def _resampled(pair: Pair, generator: np.random.Generator) -> np.ndarray:
    """Differences of image AUROC ``(RESAMPLES,)``."""
    labels = np.array([entry["defect"] != GOOD for entry in pair[0].scores], int)
    scores = [np.array([entry["score"] for entry in run.scores]) for run in pair]
    groups = [np.flatnonzero(labels == k) for k in (0, 1)]
    differences = []
    for _ in range(RESAMPLES):
        chosen = np.concatenate([generator.choice(group, len(group)) for group in groups])
        ours, theirs = (auroc(labels[chosen], each[chosen]) for each in scores)
        differences.append(ours - theirs)
    return np.array(differences)


def _by_product(pairs: Sequence[Pair]) -> dict[tuple[str, str, int, int], list[Pair]]:
    groups: dict[tuple[str, str, int, int], list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(_product(pair), []).append(pair)
    return groups


def outranked(pair: Pair) -> pd.DataFrame:
    """By how many good images each anomaly is outranked: percent of those that score as high.

    A row for each anomaly of the test set: its ``place`` there, ``name``, ``defect``, and the share
    by the scores of ``PRN`` and of the ``rival``. 0 is a defect that no good image outranks.
    """
    table = pd.DataFrame(pair[0].scores).rename_axis("place").reset_index()
    is_bad = (table["defect"] != GOOD).to_numpy()
    scores = np.array([[entry["score"] for entry in run.scores] for run in pair])
    good, bad = scores[:, ~is_bad], scores[:, is_bad]
    ours, theirs = 100 * (good[:, None, :] >= bad[:, :, None]).mean(2)
    anomalies = table.loc[is_bad, ["place", "name", "defect"]].reset_index(drop=True)
    return anomalies.assign(PRN=ours, rival=theirs)
