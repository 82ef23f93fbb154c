"""How many outlined defects, and how many normal images, does it take? Learning curves of records.

With fewer training anomalies more of them are tested, so image AUROC is that of the images which
all runs of a seed tested. Metrics of pixels are those of each run's own test set.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import Result
from prn_lib.studies.outlines import image_auroc_of

OPTIONS = {"train_anomalies": "n_anomalies", "train_normals": "n_normals"}
NO_CHANGE = {"method", "encoder", "weights", "textures"}  # of what is learnt from


def learning_curve(results: Sequence[Result], part: str) -> pd.DataFrame:
    """Metrics in percent by the number of images in ``part`` of the split, a key of OPTIONS.

    A row for each dataset, category, size, method, ``count`` and metric: the ``mean`` over the
    seeds that were run with every count, ``low`` and ``high``, and how many ``seeds``. Runs count
    if they differ from their preset in that number alone, by category those of one setting; without
    training anomalies ``extended`` is False. Raises ValueError if nothing was run with two counts.
    """
    option = OPTIONS[part]
    groups: dict[tuple[object, ...], dict[int, dict[int, Result]]] = defaultdict(dict)
    for result in results:
        e = result.experiment
        if e.changed.keys() - NO_CHANGE <= _of(option, e.n_anomalies):
            key = (e.dataset, e.category, e.image_size, e.encoder, e.preset, e.method)
            seeds = groups[key].setdefault(len(result.split[part]), {})
            seeds.setdefault(e.seed, result)
    rows = [row for key, runs in groups.items() for row in _rows(key, runs)]
    if not rows:
        raise ValueError(f"no runs differ in {option} alone: run two numbers of it")
    names = ["dataset", "category", "size", "method", "count", "metric"]
    return pd.DataFrame(rows, columns=[*names, "mean", "low", "high", "seeds"])


def _of(option: str, n_anomalies: int) -> set[str]:
    """What a run may change."""
    return {option} | ({"n_anomalies", "extended"} if n_anomalies == 0 else set())


def _rows(key: tuple[object, ...], runs: dict[int, dict[int, Result]]) -> list[list[object]]:
    dataset, category, size, _, _, method = key
    seeds = sorted(set.intersection(*(set(each) for each in runs.values())))
    if len(runs) < 2 or not seeds:
        return []
    tested = {
        seed: set.intersection(*({s["name"] for s in each[seed].scores} for each in runs.values()))
        for seed in seeds
    }
    rows: list[list[object]] = []
    for count in sorted(runs):
        for metric in METRICS:
            values = [
                image_auroc_of(runs[count][seed], tested[seed])
                if metric == "image_auroc"
                else 100 * runs[count][seed].metrics[metric]
                for seed in seeds
            ]
            made = [np.mean(values), np.min(values), np.max(values), len(seeds)]
            rows.append([dataset, category, size, method, count, metric, *made])
    return rows
