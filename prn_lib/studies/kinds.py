"""A finished run's metrics for each kind of defect by itself, against all good images."""

import numpy as np
import pandas as pd

from prn_lib.datasets.sample import GOOD
from prn_lib.evaluation.metrics import auroc, average_precision
from prn_lib.runs.building import read_category
from prn_lib.runs.results import Result


def by_kind(result: Result) -> pd.DataFrame:
    """A row for each kind of defect, in percent; pooled metrics count every pixel alike instead.

    ``images``, ``area`` (the mean share of the image that a defect covers), ``image_auroc`` and
    ``pixel_ap`` of that kind and the good images; and ``good``, the mean score of a good image's
    pixel. Reads the run's masks and score maps. Raises what reading them raises.
    """
    category = read_category(result.experiment)
    _, read = category.load(category.test, result.experiment.image_size)
    masks, maps = read[:, 0].numpy() > 0, result.score_maps()
    scores = np.array([entry["score"] for entry in result.scores])
    kinds = np.array([sample.defect for sample in category.test])
    rows = {}
    for kind in sorted(set(kinds) - {GOOD}):
        here = kinds == kind
        chosen = here | (kinds == GOOD)
        rows[kind] = {
            "images": int(here.sum()),
            "area": 100 * masks[here].mean(),
            "image_auroc": 100 * auroc(here[chosen], scores[chosen]),
            "pixel_ap": 100 * average_precision(masks[chosen].ravel(), maps[chosen].ravel()),
            "good": 100 * maps[kinds == GOOD].mean(),
        }
    return pd.DataFrame.from_dict(rows, orient="index")
