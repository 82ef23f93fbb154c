"""PRO as others compute it: the same score maps under conventions that are not ours.

A number of PRO means something only with its conventions. Ours are told in
:func:`prn_lib.evaluation.metrics.pro`.
"""

import numpy as np
import pandas as pd
from scipy import ndimage

from prn_lib.evaluation.metrics import PRO_LIMIT, rank_pixels

STEPS = 200  # thresholds, where they are spaced equally
WITHIN_IMAGES = np.stack([np.zeros((3, 3)), np.ones((3, 3)), np.zeros((3, 3))])


def pro_conventions(masks: np.ndarray, score_maps: np.ndarray) -> pd.DataFrame:
    """PRO of masks and score maps ``(N, H, W)`` in percent: a row for each convention, ours first.

    Every other row changes one thing: the limit; the division by it; which pixels are neighbours in
    a region; which pixels are negatives; one PRO for each anomalous image and their mean; or 200
    thresholds spaced equally between the lowest and the highest score. The second column is the
    difference from ours. NaN where a convention does not define PRO. Raises ValueError as
    :func:`prn_lib.evaluation.metrics.rank_pixels` does.
    """
    ranking = rank_pixels(masks, score_maps)
    single = [
        rank_pixels(mask[None], score_map[None]).pro()
        for mask, score_map in zip(masks, score_maps, strict=True)
        if mask.any()
    ]
    found = {
        "ours": ranking.pro(),
        **{f"limit {limit}": ranking.pro(limit) for limit in (0.05, 0.1, 1.0)},
        "not divided by the limit": PRO_LIMIT * ranking.pro(),
        "4 neighbours": rank_pixels(masks, score_maps, connectivity=4).pro(),
        "negatives of normal images": rank_pixels(
            masks, score_maps, negatives="normal images"
        ).pro(),
        "image by image": float(np.mean(single)) if single else float("nan"),
        f"{STEPS} spaced thresholds": _at_spaced_thresholds(masks, score_maps),
    }
    percent = 100 * pd.Series(found)
    return pd.DataFrame({"PRO": percent, "difference": percent - percent["ours"]})


def _at_spaced_thresholds(masks: np.ndarray, score_maps: np.ndarray) -> float:
    """PRO from equally spaced thresholds, over the false positive rates that stay below the limit.

    These rates are divided by the largest of them, so that the area ends where the last threshold
    fell, not at the limit. NaN if none of them is above 0, as for a perfect map.
    """
    positive = masks.astype(bool)
    if not positive.any() or positive.all():
        return float("nan")
    region = ndimage.label(positive, WITHIN_IMAGES)[0][positive] - 1
    area = np.bincount(region)
    defect, good = score_maps[positive], score_maps[~positive]
    rates, overlaps = [], []
    low, high = float(score_maps.min()), float(score_maps.max())
    for threshold in np.linspace(low, high, STEPS, endpoint=False):
        rate = (good > threshold).mean()
        if rate < PRO_LIMIT:
            found = np.bincount(region, defect > threshold, minlength=len(area))
            rates.append(rate)
            overlaps.append((found / area).mean())
    if not rates or rates[0] == 0:
        return float("nan")
    return float(np.trapezoid(overlaps[::-1], np.array(rates[::-1]) / rates[0]))
