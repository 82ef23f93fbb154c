"""Image AUROC, pixel AUROC, PRO and pixel AP (Sec. 4.1): exact, from one sort of the pixels.

Labels and masks are {0, 1}; scores are real numbers, higher for more anomalous. A metric that a
set does not define is NaN: every one if nothing is anomalous, AUROC and PRO if everything is.
Ties count half in AUROC and enter together in AP and PRO, so that constant scores give 0.5, the
share of anomalies, and half the limit of PRO.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

PRO_LIMIT = 0.3  # false positive rate up to which PRO is integrated
NEIGHBOURS = {8: np.ones((3, 3), int), 4: ndimage.generate_binary_structure(2, 1)}
NEGATIVES = ("all", "normal images")
METRICS = ("image_auroc", "pixel_auroc", "pro", "pixel_ap")


@dataclass(frozen=True)
class Ranking:
    """How positives rank among negatives: all that ROC, precision-recall and PRO curves need.

    Each array has one entry for every distinct score of a positive, the highest first; between two
    of them a threshold changes nothing but the count of false alarms, and no curve bends.
    """

    thresholds: np.ndarray
    found: np.ndarray  # positives with this score or a higher one
    overlap: np.ndarray  # the mean share of a region that they are, (0, 1]
    above: np.ndarray  # negatives with a higher score
    alarms: np.ndarray  # negatives with this score or a higher one
    positives: int
    negatives: int

    def auroc(self) -> float:
        """Area under the ROC curve: how often a positive outranks a negative, ties half."""
        if not (self.positives and self.negatives):
            return float("nan")
        gained = np.diff(self.found, prepend=0)
        outranked = gained * (2 * self.negatives - self.above - self.alarms)
        return float(outranked.sum() / (2 * self.positives * self.negatives))

    def average_precision(self) -> float:
        """Precision at each threshold, weighted by the recall that the threshold gains."""
        if not self.positives:
            return float("nan")
        gained = np.diff(self.found, prepend=0)
        return float((gained * self.precision()).sum() / self.positives)

    def pro(self, limit: float = PRO_LIMIT) -> float:
        """Area under overlap against false positive rate from 0 to ``limit``, over ``limit``.

        Each gain of overlap counts for as long as the rate goes on from it to ``limit``, and rises
        in a straight line over the negatives that it ties with. ValueError unless 0 < limit <= 1.
        """
        if not 0 < limit <= 1:
            raise ValueError(f"limit={limit} must be a false positive rate in (0, 1]")
        if not (self.positives and self.negatives):
            return float("nan")
        reach = limit * self.negatives
        inside = int(np.searchsorted(self.alarms, reach, "right"))
        gained = np.diff(self.overlap, prepend=0)
        area = gained[:inside] @ (reach - (self.above[:inside] + self.alarms[:inside]) / 2)
        if inside < len(gained) and self.above[inside] < reach:  # this rise is cut by the limit
            tied = self.alarms[inside] - self.above[inside]
            area += gained[inside] * (reach - self.above[inside]) ** 2 / (2 * tied)
        return float(area / reach)

    def precision(self) -> np.ndarray:
        """The share of positives among all that score so high, at each threshold."""
        return self.found / (self.found + self.alarms)

    def curve(self, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The polyline of false positive rate and ``shares`` over all thresholds.

        From (0, 0) to the right until a positive comes, then up to it. ``shares`` are those of the
        positives found, ``found / positives`` for ROC, or ``overlap``.
        """
        rates, heights = np.zeros((2, 2 * len(shares) + 2))
        rates[1:-1:2], rates[2:-1:2] = self.above, self.alarms
        heights[3:-1:2], heights[2:-1:2] = shares[:-1], shares
        heights[-1] = 1
        return np.append(rates[:-1] / self.negatives, 1), heights


def rank(labels: np.ndarray, scores: np.ndarray) -> Ranking:
    """Rank ``scores`` of one shape with ``labels``; each positive is a region of its own.

    Raises ValueError for other shapes, labels that are not 0 or 1, and NaN.
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    positive = _as_bool(labels, scores)
    count = int(positive.sum())
    return _ranking(scores[positive], scores[~positive], np.full(count, 1 / max(count, 1)))


def rank_pixels(
    masks: np.ndarray,
    score_maps: np.ndarray,
    *,
    connectivity: int = 8,
    negatives: str = "all",
) -> Ranking:
    """Rank the pixels of score maps and masks ``(N, H, W)``; connected mask pixels are a region.

    Regions count the same in ``overlap``, whatever their size; pixels touch 4 or 8 neighbours.
    Negatives are "all" pixels of mask 0, in anomalous images too, or those of "normal images" only.
    Raises ValueError for another convention, and as :func:`rank` does.
    """
    if connectivity not in NEIGHBOURS:
        raise ValueError(f"connectivity={connectivity!r} must be 4 or 8")
    if negatives not in NEGATIVES:
        raise ValueError(f"negatives={negatives!r} must be one of {', '.join(NEGATIVES)}")
    masks, score_maps = np.asarray(masks), np.asarray(score_maps)
    if masks.ndim != 3:
        raise ValueError(f"masks must be (N, H, W), not {masks.shape}")
    positive = _as_bool(masks, score_maps)
    anomalous = positive.any((1, 2))
    shares, filled, regions = np.empty(int(positive.sum())), 0, 0
    for mask in positive[anomalous]:
        labelled, count = ndimage.label(mask, NEIGHBOURS[connectivity])
        area = np.bincount(labelled.ravel())
        found = labelled[mask]
        shares[filled : filled + len(found)] = 1 / area[found]
        filled, regions = filled + len(found), regions + count
    shares /= max(regions, 1)
    rest = score_maps[~positive] if negatives == "all" else score_maps[~anomalous].ravel()
    return _ranking(score_maps[positive], rest, shares)


def auroc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Area under the ROC curve of ``labels`` and ``scores`` of one shape."""
    return rank(labels, scores).auroc()


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float:
    """Average precision of ``labels`` and ``scores`` of one shape."""
    return rank(labels, scores).average_precision()


def pro(masks: np.ndarray, score_maps: np.ndarray, limit: float = PRO_LIMIT) -> float:
    """Per-region overlap: masks and score maps ``(N, H, W)`` -> the normalized area in [0, 1].

    Every 8-connected region of every mask counts the same, whatever its size. At each threshold,
    overlap is the mean share of a region that is found, and the false positive rate is the share of
    all mask-0 pixels, in anomalous images too, that are called anomalous. The area under overlap
    against false positive rate from 0 to ``limit`` is divided by ``limit``. Exact: every distinct
    score is a threshold, and the curve is interpolated linearly between them and at ``limit``.
    """
    return rank_pixels(masks, score_maps).pro(limit)


def evaluate(
    image_scores: np.ndarray,
    labels: np.ndarray,
    score_maps: np.ndarray,
    masks: np.ndarray | None,
) -> dict[str, float]:
    """All four metrics, as fractions: ``(N,)`` scores and labels, ``(N, H, W)`` maps and masks.

    Without masks those of pixels are NaN. Raises ValueError if a score is not finite, and as
    :func:`rank` does.
    """
    if masks is not None and len(labels) != len(masks):
        raise ValueError(f"{len(labels)} labels and {len(masks)} masks are not of the same images")
    if not (np.isfinite(image_scores).all() and np.isfinite(score_maps).all()):
        raise ValueError("scores hold NaN or infinite values: the model has diverged")
    image_auroc = auroc(labels, image_scores)
    if masks is None:
        return {"image_auroc": image_auroc, **dict.fromkeys(METRICS[1:], float("nan"))}
    pixels = rank_pixels(masks, score_maps)
    return {
        "image_auroc": image_auroc,
        "pixel_auroc": pixels.auroc(),
        "pro": pixels.pro(),
        "pixel_ap": pixels.average_precision(),
    }


def _as_bool(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if labels.shape != scores.shape:
        raise ValueError(f"labels {labels.shape} and scores {scores.shape} must be of one shape")
    positive = labels.astype(bool)
    if not (positive == labels).all():
        raise ValueError("labels and masks must be 0 or 1 (where a mask has 255, divide by it)")
    return positive


def _ranking(positives: np.ndarray, negatives: np.ndarray, shares: np.ndarray) -> Ranking:
    """Sort the negatives once and look the positives up in them. The arrays are used up.

    Needs about 4 bytes a pixel and 70 a positive one beside what it is given.
    """
    negatives.sort()
    order = np.argsort(positives)[::-1]
    positives, shares = positives[order], shares[order]
    del order
    if np.isnan(positives[:1]).any() or np.isnan(negatives[-1:]).any():  # NaN is sorted last
        raise ValueError("scores hold NaN: they cannot be ranked")
    count = len(positives)
    last = np.flatnonzero(np.append(positives[1:] != positives[:-1], True)[:count])
    thresholds = positives[last]
    above = np.searchsorted(negatives, thresholds, "right")
    alarms = np.searchsorted(negatives, thresholds, "left")
    return Ranking(
        thresholds=thresholds,
        found=last + 1,
        overlap=np.cumsum(shares, out=shares)[last],
        above=np.subtract(len(negatives), above, out=above),
        alarms=np.subtract(len(negatives), alarms, out=alarms),
        positives=count,
        negatives=len(negatives),
    )
