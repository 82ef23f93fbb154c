"""Image AUROC, pixel AUROC, PRO and pixel AP (Sec. 4.1).

Labels and masks are {0, 1}; scores are real numbers, higher for more anomalous. A metric that a
set does not define (no anomaly; for AUROC and PRO, nothing else) is NaN.
"""

import numpy as np
from scipy import ndimage
from sklearn.metrics import average_precision_score, roc_auc_score

PRO_LIMIT = 0.3  # false positive rate up to which PRO is integrated
EIGHT_CONNECTED = np.ones((3, 3), int)
METRICS = ("image_auroc", "pixel_auroc", "pro", "pixel_ap")


def auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve of flattened ``labels`` and ``scores`` of one shape."""
    labels = labels.ravel()
    if labels.min() == labels.max():
        return float("nan")
    return float(roc_auc_score(labels, scores.ravel()))


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision of flattened ``labels`` and ``scores`` of one shape."""
    if not labels.any():
        return float("nan")
    return float(average_precision_score(labels.ravel(), scores.ravel()))


def pro(masks: np.ndarray, score_maps: np.ndarray, limit: float = PRO_LIMIT) -> float:
    """Per-region overlap: masks and score maps ``(N, H, W)`` -> the normalized area in [0, 1].

    Every 8-connected region of every mask counts the same, whatever its size. At each threshold,
    overlap is the mean share of a region that is found, and the false positive rate is the share of
    all mask-0 pixels, in anomalous images too, that are called anomalous. The area under overlap
    against false positive rate from 0 to ``limit`` is divided by ``limit``. Exact: every distinct
    score is a threshold, and the curve is interpolated linearly between them and at ``limit``.
    """
    region_share = np.zeros(masks.shape)  # a pixel's share of the mean overlap
    regions = 0
    for share, mask in zip(region_share, masks, strict=True):
        labelled, count = ndimage.label(mask, EIGHT_CONNECTED)
        area = np.bincount(labelled.ravel())
        share[labelled > 0] = 1 / area[labelled[labelled > 0]]
        regions += count
    negatives = (masks == 0).ravel()
    if regions == 0 or not negatives.any():
        return float("nan")
    order = np.argsort(-score_maps.ravel(), kind="stable")
    scores = score_maps.ravel()[order]
    last_of_value = np.append(np.diff(scores) != 0, True)  # ties enter together
    overlap = np.cumsum(region_share.ravel()[order])[last_of_value] / regions
    false_positive_rate = np.cumsum(negatives[order])[last_of_value] / negatives.sum()
    return _area_up_to(limit, np.append(0, false_positive_rate), np.append(0, overlap)) / limit


def _area_up_to(limit: float, x: np.ndarray, y: np.ndarray) -> float:
    """Area under the polyline (x, y), x not decreasing from 0, between 0 and ``limit``."""
    inside = x <= limit
    if not inside.all():
        i = int(inside.sum())  # the first point beyond the limit
        share = (limit - x[i - 1]) / (x[i] - x[i - 1])
        y = np.append(y[inside], y[i - 1] + share * (y[i] - y[i - 1]))
        x = np.append(x[inside], limit)
    return float(np.trapezoid(y, x))


def evaluate(
    image_scores: np.ndarray, labels: np.ndarray, score_maps: np.ndarray, masks: np.ndarray
) -> dict[str, float]:
    """All four metrics, as fractions: ``(N,)`` scores and labels, ``(N, H, W)`` maps and masks.

    Raises ValueError if a score is not finite.
    """
    if not (np.isfinite(image_scores).all() and np.isfinite(score_maps).all()):
        raise ValueError("scores hold NaN or infinite values: the model has diverged")
    return {
        "image_auroc": auroc(labels, image_scores),
        "pixel_auroc": auroc(masks, score_maps),
        "pro": pro(masks, score_maps),
        "pixel_ap": average_precision(masks, score_maps),
    }
