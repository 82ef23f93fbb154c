"""What outlined defects add to a training that could do without: runs with and without, in pairs.

Without training anomalies more of them are tested, so each pair is judged on the images that both
runs tested.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from prn_lib.datasets.sample import GOOD
from prn_lib.evaluation.metrics import auroc
from prn_lib.runs.results import Result


def outlines_gain(results: Sequence[Result]) -> pd.DataFrame:
    """Image AUROC in percent, a row for each category and seed that was run both ways.

    Columns: category, seed, ``outlined`` (training anomalies), ``tested`` (images of both runs),
    ``without``, ``with`` and ``gain``. A run without has neither training anomalies nor extended
    ones; two runs are a pair if nothing else differs. Raises ValueError if there is no pair.
    """
    without = {_setting(result): result for result in results if not _is_taught(result)}
    rows = []
    for result in results:
        bare = without.get(_setting(result))
        if bare is None or not _is_taught(result):
            continue
        names = {s["name"] for s in result.scores} & {s["name"] for s in bare.scores}
        before, after = (image_auroc_of(run, names) for run in (bare, result))
        rows.append(
            {
                "category": result.experiment.category,
                "seed": result.experiment.seed,
                "outlined": len(result.split["train_anomalies"]),
                "tested": len(names),
                "without": before,
                "with": after,
                "gain": after - before,
            }
        )
    if not rows:
        raise ValueError("no two runs differ in their training anomalies alone: run both ways")
    return pd.DataFrame(rows).sort_values(["category", "seed"], ignore_index=True)


def _is_taught(result: Result) -> bool:
    return bool(result.split["train_anomalies"]) and result.experiment.extended


def _setting(result: Result) -> tuple[object, ...]:
    """What a pair has in common."""
    e = result.experiment
    rest = {k: v for k, v in e.changed.items() if k not in ("n_anomalies", "extended")}
    return e.dataset, e.category, e.preset, e.seed, repr(sorted(rest.items()))


def image_auroc_of(result: Result, names: set[str]) -> float:
    """Image AUROC of those test images, in percent."""
    kept = [entry for entry in result.scores if entry["name"] in names]
    labels = np.array([entry["defect"] != GOOD for entry in kept], int)
    return 100 * auroc(labels, np.array([entry["score"] for entry in kept]))
