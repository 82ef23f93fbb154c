"""Where score map and label disagree: images whose ground truth a person should look at again.

The paper blames part of its localization errors on labels: defects that are not labelled, and
regions that are labelled too broadly (App. A.4). Each has a number here. Neither can tell a wrong
label from a wrong map. With it comes a check on labels that are spoilt on purpose.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd
import torch
from scipy import ndimage

from prn_lib.datasets import Category
from prn_lib.evaluation.image_scores import count_at, top_mean
from prn_lib.evaluation.metrics import NEIGHBOURS
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result

MARGIN = 1 / 32  # of the side: outlines are not drawn more exactly than that
QUIET = 0.95  # share of the normal images that stay below the level
REACHED = 0.95  # share of the normal images' pixels that a found pixel exceeds


@dataclass(frozen=True)
class Levels:
    """What normal test images reach, as scores."""

    image: float  # 95 of 100 normal images have a lower image score
    pixel: float  # 95 of 100 pixels of normal images have a lower score


def levels(score_maps: np.ndarray, normal: np.ndarray) -> Levels:
    """Levels of score maps ``(N, S, S)``, of which ``normal`` ``(N,)`` bool says which to take.

    Raises ValueError if none is normal.
    """
    if not normal.any():
        raise ValueError("no test image is labelled normal: there is nothing to compare with")
    quiet = score_maps[normal]
    scores = evidence(quiet, np.zeros(quiet.shape, bool))
    return Levels(float(np.quantile(scores, QUIET)), float(np.quantile(quiet, REACHED)))


def broaden(mask: np.ndarray, radius: float) -> np.ndarray:
    """All pixels within ``radius`` of a mask ``(S, S)``, as bool."""
    mask = mask.astype(bool)
    return ndimage.distance_transform_edt(~mask) <= radius if mask.any() else mask


def beside_label(score_map: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The score map ``(S, S)`` with 0 wherever the label explains the score.

    It explains its own pixels, a margin around them, and their slopes: pixels that are reached from
    there on a way that is nowhere lower than they are (greyscale reconstruction by dilation).
    """
    explained = broaden(mask, MARGIN * len(mask))
    reached = np.where(explained, score_map, 0)
    while True:
        wider = np.minimum(cv2.dilate(reached, np.ones((3, 3), np.uint8)), score_map)
        if np.array_equal(wider, reached):
            return np.where(explained | (reached == score_map), 0, score_map)
        reached = wider


def evidence(score_maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Image scores ``(N,)`` (mean of the highest pixels) of what labels ``(N, S, S)`` leave.

    Raises ValueError if a score is not finite.
    """
    if not np.isfinite(score_maps).all():
        raise ValueError("score maps hold NaN or infinite values: the model has diverged")
    left = [beside_label(*pair) for pair in zip(score_maps, masks, strict=True)]
    return top_mean(
        torch.from_numpy(np.stack(left))[:, None],
        count_at(score_maps.shape[-1], Experiment.top_pixels),
    ).numpy()


def unfound_share(score_maps: np.ndarray, masks: np.ndarray, level: float) -> np.ndarray:
    """Share of each label ``(N, S, S)`` whose score is at most ``level``; NaN without a label."""
    masks = masks.astype(bool)
    area = masks.sum((1, 2))
    missed = (masks & (score_maps <= level)).sum((1, 2))
    return np.where(area > 0, missed / np.maximum(area, 1), np.nan)


def disagreements(score_maps: np.ndarray, masks: np.ndarray, normal: np.ndarray) -> pd.DataFrame:
    """Both numbers of each image: score maps and masks ``(N, S, S)``, ``normal`` ``(N,)`` bool.

    ``unlabelled`` is the image score of what the label leaves unexplained, less that of the level
    of normal images; ``unfound`` the share of the label that the map does not reach.
    """
    reached = levels(score_maps, normal)
    return pd.DataFrame(
        {
            "unlabelled": evidence(score_maps, masks) - reached.image,
            "unfound": unfound_share(score_maps, masks, reached.pixel),
        }
    )


def rank_disagreements(result: Result, category: Category) -> pd.DataFrame:
    """A row for each test image of a finished run, by name, those with most unlabelled first.

    Raises ValueError if ``category`` has other test images than the run.
    """
    maps, masks, normal = maps_and_masks(result, category)
    table = disagreements(maps, masks, normal)
    table.insert(0, "defect", [sample.defect for sample in category.test])
    table.index = pd.Index([sample.name for sample in category.test], name="image")
    return table.sort_values("unlabelled", ascending=False, kind="stable")


def maps_and_masks(result: Result, category: Category) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score maps and masks ``(N, S, S)`` of a run's test images, and which are normal ``(N,)``.

    Raises ValueError for other test images than the run's, or anomalies without masks.
    """
    if [entry["name"] for entry in result.scores] != [sample.name for sample in category.test]:
        raise ValueError(
            f"{result.folder} was tested on other images than {category.name} has; "
            "take read_category(result.experiment)"
        )
    if not category.is_outlined:
        raise ValueError(
            f"anomalies of {category.name} have no mask that a map could disagree with"
        )
    _, masks = category.load(category.test, result.experiment.image_size)
    normal = np.array([not sample.is_anomaly for sample in category.test])
    return result.score_maps(), masks[:, 0].numpy().astype(bool), normal


def forget_largest_region(mask: np.ndarray) -> np.ndarray:
    """A mask ``(S, S)`` without its largest 8-connected region, as bool."""
    labelled, _ = ndimage.label(mask, NEIGHBOURS[8])
    sizes = np.bincount(labelled.ravel())
    sizes[0] = 0
    return (labelled > 0) & (labelled != sizes.argmax())


def add_second_defects(
    images: torch.Tensor, masks: np.ndarray
) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Paste into each image the defect of another, half the list away, if they lie well apart.

    Images ``(N, 3, S, S)`` and masks ``(N, S, S)`` bool, each with a defect. Returns the images
    that got a second defect ``(M, 3, S, S)``, its masks ``(M, S, S)``, and their indices ``(M,)``.
    """
    other = np.roll(np.arange(len(masks)), len(masks) // 2)
    apart = [
        not (broaden(first, 2 * MARGIN * len(first)) & second).any()
        for first, second in zip(masks, masks[other], strict=True)
    ]
    which = np.flatnonzero(apart)
    other = other[which]
    pasted = torch.where(torch.from_numpy(masks[other])[:, None], images[other], images[which])
    return pasted, masks[other], which


def found_back(
    clean: np.ndarray, spoilt: np.ndarray, which: Sequence[int] | np.ndarray, first: int = 5
) -> dict[str, float]:
    """How well a number ranks a spoilt label above the others, one spoilt at a time.

    ``clean`` ``(N,)`` holds the number of every image, ``spoilt`` ``(M,)`` what it becomes for the
    images ``which`` ``(M,)``. Returns ``auroc``, the mean share of the other images that a spoilt
    one outranks (ties half; chance 0.5), how often it is among the ``first`` (ties count against
    it), and the chance of that.
    """
    shares, among = [], []
    for value, i in zip(spoilt, which, strict=True):
        others = np.delete(clean, i)
        shares.append(((others < value) + (others == value) / 2).mean())
        among.append((others >= value).sum() < first)
    return {
        "cases": len(shares),
        "auroc": float(np.mean(shares)),
        f"in first {first}": float(np.mean(among)),
        "by chance": min(1.0, first / len(clean)),
    }
