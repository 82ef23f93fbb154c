"""The numbers and words of a report, as they are printed."""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from prn_lib.datasets.sample import GOOD
from prn_lib.evaluation.metrics import METRICS, rank_pixels
from prn_lib.figures.base import normal_first
from prn_lib.figures.report.evidence import Photos
from prn_lib.paper.comparison import compare_with_paper
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result
from prn_lib.runs.summaries import NO_MASKS, TITLES, UNDEFINED, auroc_by_type

UNREAD, NONE = "not read", "\N{EN DASH}"
MEANINGS = {
    "image_auroc": "How often an image with a defect scores higher than a normal one. Guessing "
    "gives 50.",
    "pixel_auroc": "How often a defective pixel scores higher than a good one. Guessing gives 50, "
    "and large defects count most.",
    "pro": "How much of a defect is found while up to 30 of 100 good pixels are false alarms. "
    "Every defect counts the same, whatever its size.",
    "pixel_ap": "How many of the pixels called defective are so, over all thresholds. Guessing "
    "gives the share of pixels that are defective.",
}
PARTS = {
    "train_normals": "normal, to train on",
    "train_anomalies": "anomalous, to train on",
    "left_out": "left out",
}


@dataclass(frozen=True)
class Metric:
    """One of the four metrics, in percent or in words; ``paper`` is empty if it has none."""

    title: str
    ours: str
    paper: str
    meaning: str


def metrics_of(result: Result) -> list[Metric]:
    """The four metrics of a run beside the paper's."""
    table = compare_with_paper(result)
    told = []
    for name in METRICS:
        row = table.loc[TITLES[name]]
        paper = "" if "paper" not in row else f"paper: {row['paper']:.1f}"
        ours = row["this run"]
        if paper and not isinstance(ours, str):
            paper += f", difference {signed(row['difference'])}"
        ours = ours if isinstance(ours, str) else f"{ours:.1f}"
        told.append(Metric(TITLES[name], ours, paper, MEANINGS[name]))
    return told


def signed(value: float) -> str:
    """A difference of percentages with its sign."""
    return f"{value:+.1f}".replace("-", "\N{MINUS SIGN}")


def split_of(result: Result) -> list[tuple[str, int]]:
    """How many images went where: to train, to test by type, and nowhere."""
    tested = Counter(entry["defect"] for entry in result.scores)
    types = [
        ("normal, to test on" if defect == GOOD else f"{defect}, to test on", tested[defect])
        for defect in normal_first({GOOD, *tested})
    ]
    counts = {part: (title, len(result.split[part])) for part, title in PARTS.items()}
    return [counts["train_normals"], counts["train_anomalies"], *types, counts["left_out"]]


@dataclass(frozen=True)
class TypeRow:
    """The test images of one type, as a report prints them."""

    defect: str
    count: int
    auroc: str  # of the images, against all normal ones, in percent
    mean: str  # image score
    span: str  # of the image scores
    area: str  # share of the image that the defects cover, the mean in percent
    ap: str  # of the pixels, these images and all normal ones, in percent


def types_of(result: Result, maps: np.ndarray, photos: Photos | None) -> list[TypeRow]:
    """A row for each type, normal images first.

    ``maps`` ``(N, S, S)`` and ``photos`` stand in the order of the run's scores; without
    photographs nothing is told of pixels.
    """
    defects = np.array([entry["defect"] for entry in result.scores])
    scores = np.array([entry["score"] for entry in result.scores])
    rows, aurocs = [], auroc_by_type(result)
    for defect in normal_first(set(defects.tolist())):
        is_own, is_normal = defects == defect, defects == GOOD
        own = scores[is_own]
        auroc_of_type, area, ap = NONE, NONE, NONE
        if defect != GOOD:
            auroc_of_type = _percent(aurocs[defect], UNDEFINED)
            area, ap = _pixels(is_own, is_normal, maps, photos)
        rows.append(
            TypeRow(
                defect,
                len(own),
                auroc_of_type,
                f"{own.mean():.3f}",
                f"{own.min():.3f} to {own.max():.3f}",
                area,
                ap,
            )
        )
    return rows


def _pixels(
    is_own: np.ndarray, is_normal: np.ndarray, maps: np.ndarray, photos: Photos | None
) -> tuple[str, str]:
    """Mean area and AP of the images of one type that have masks; indices are ``(N,)`` bool."""
    if photos is None:
        return UNREAD, UNREAD
    masked = is_own & photos.has_mask
    if not masked.any():
        return NO_MASKS, NO_MASKS
    masks, among = photos.masks[:, 0].numpy(), masked | is_normal
    ap = rank_pixels(masks[among], maps[among]).average_precision()
    return f"{100 * masks[masked].mean():.2f}", _percent(ap, UNDEFINED)


def _percent(share: float, missing: str) -> str:
    return missing if math.isnan(share) else f"{100 * share:.1f}"


def told_threshold(scores: Sequence[dict[str, Any]], threshold: float | None) -> str:
    """What a threshold would do with the test images, in a sentence or two."""
    if threshold is None:
        return "No threshold stored: none is drawn."
    normals = [entry["score"] for entry in scores if entry["defect"] == GOOD]
    anomalies = [entry["score"] for entry in scores if entry["defect"] != GOOD]
    alarms = sum(score > threshold for score in normals)
    missed = sum(score <= threshold for score in anomalies)
    return (
        f"At the stored threshold of {threshold:.3f}, {missed} of {len(anomalies)} anomalies would "
        f"be missed and {alarms} of {len(normals)} normal images would be false alarms."
    )


def changed_settings(experiment: Experiment) -> list[tuple[str, str, str]]:
    """Name, value and the preset's value of each setting that differs from the preset's."""
    usual = Experiment.from_preset(experiment.preset)
    return [(name, str(v), str(getattr(usual, name))) for name, v in experiment.changed.items()]


def all_settings(experiment: Experiment) -> list[tuple[str, str]]:
    """Name and value of every setting."""
    return [(name, str(value)) for name, value in dataclasses.asdict(experiment).items()]


def told_date(iso: str) -> str:
    """A date as records have it, in words: ``26 November 2026, 13:56 UTC``."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%-d %B %Y, %H:%M UTC}"


def told_seconds(seconds: float) -> str:
    """A duration in seconds, or in minutes from two on."""
    return f"{seconds:.1f} seconds" if seconds < 120 else f"{seconds / 60:.1f} minutes"


def provenance_of(result: Result) -> list[tuple[str, str]]:
    """Where and with what the run was made, as pairs of a title and what is told."""
    made = result.provenance
    stages = ", ".join(f"{name} {told_seconds(s)}" for name, s in made["seconds"].items())
    commit = (made["commit"] or "unknown").removesuffix("+")
    if (made["commit"] or "").endswith("+"):
        commit += ", with changes that were not committed"
    return [
        ("finished", told_date(made["date"])),
        ("hardware", made["hardware"]),
        ("threads", str(made["threads"])),
        ("duration", f"{told_seconds(sum(made['seconds'].values()))} ({stages})"),
        *_sessions(made.get("sessions", [])),
        ("commit", commit),
        ("versions", ", ".join(f"{name} {number}" for name, number in made["versions"].items())),
    ]


def _sessions(sessions: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Who trained from which step on, if it was more than one."""
    told = [f"from step {s['from_step']} on {s['hardware']}, {s['date'][:10]}" for s in sessions]
    return [("trained in parts", "; ".join(told))] if told else []
