"""Scores against ground truth: image AUROC, pixel AUROC, PRO and pixel AP (Sec. 4.1).

In come score maps, image scores, masks and labels; out come the four metrics, as fractions. An
image score is made from its score map here as well (Sec. 3.5). Chapters: "How good is a map?",
"Tiny defects".
"""

from prn_lib.evaluation.image_scores import image_scores, top_mean
from prn_lib.evaluation.metrics import (
    METRICS,
    auroc,
    average_precision,
    evaluate,
    pro,
    rank_pixels,
)

__all__ = [
    "METRICS",
    "auroc",
    "average_precision",
    "evaluate",
    "image_scores",
    "pro",
    "rank_pixels",
    "top_mean",
]
