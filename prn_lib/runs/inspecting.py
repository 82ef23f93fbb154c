"""A finished run as a detector of new photographs, and its threshold."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from prn_lib.common.files import write_text
from prn_lib.datasets.reading.contents import file_digests
from prn_lib.evaluation.image_scores import image_scores
from prn_lib.inspection.detector import Detector
from prn_lib.inspection.folder import inspect
from prn_lib.inspection.thresholds import Threshold, check_rate, choose_threshold
from prn_lib.runs.building import read_category
from prn_lib.runs.results import WEIGHTS, Result, load_model, load_result, reading_of

THRESHOLD = "threshold.json"


def load_detector(run_folder: Path | str, device: torch.device | str = "cpu") -> Detector:
    """The network of a finished run, with its threshold if it has one.

    Raises what :func:`prn_lib.runs.results.load_model` raises.
    """
    result, model = load_result(run_folder), load_model(run_folder, device)
    e, chosen = result.experiment, read_threshold(run_folder)

    @torch.inference_mode()
    def score(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        score_maps = model(torch.from_numpy(images).to(device)).sigmoid()
        scores = image_scores(score_maps, e.image_score, e.top_k)
        return score_maps[:, 0].cpu().numpy(), scores.cpu().numpy()

    return Detector(
        score,
        name_of(result),
        e.image_size,
        reading_of(result).grey_range,
        chosen.value if chosen else None,
    )


def name_of(result: Result) -> str:
    """What tells a run's network from others: its run, and a digest of its weights."""
    weights = (result.folder / WEIGHTS).read_bytes()
    e = result.experiment
    digest = hashlib.sha256(weights).hexdigest()[:12]
    return f"{e.dataset}/{e.category}/{e.run_name}, weights {digest}"


def read_threshold(run_folder: Path | str) -> Threshold | None:
    """The threshold stored with a run, or None. Raises ValueError for a file that holds none."""
    path = Path(run_folder) / THRESHOLD
    if not path.is_file():
        return None
    try:
        chosen = Threshold(**json.loads(path.read_text()))
        if math.isfinite(chosen.value):
            return chosen
    except (ValueError, TypeError):
        pass
    raise ValueError(f"{path} holds no threshold; choose it anew with 'prn threshold'")


def set_threshold(
    run_folder: Path | str,
    normals: Sequence[Path],
    false_alarms: float,
    device: torch.device | str = "cpu",
) -> Threshold:
    """Choose the threshold on photographs of normals kept apart, and store it with the run.

    Raises ValueError for photographs that the run was trained or tested on, that cannot be read, or
    that are too few; see :func:`prn_lib.inspection.thresholds.choose_threshold`.
    """
    check_rate(false_alarms)
    result = load_result(run_folder)
    _refuse_seen(result, normals)
    detector = dataclasses.replace(load_detector(run_folder, device), threshold=None)
    rows = inspect(detector, normals)
    unreadable = [row.trouble for row in rows if row.trouble]
    if unreadable:
        raise ValueError(unreadable[0])
    chosen = choose_threshold([float(row.score) for row in rows], false_alarms)
    text = json.dumps(dataclasses.asdict(chosen), indent=1)
    write_text(Path(run_folder) / THRESHOLD, text + "\n")
    return chosen


def _refuse_seen(result: Result, photos: Sequence[Path]) -> None:
    """By the contents, whatever the names."""
    category = read_category(result.experiment)
    parts = {
        "trained on": category.train_normals + category.train_anomalies,
        "tested on": category.test,
    }
    digests = file_digests(photos)
    for what, samples in parts.items():
        seen = {digest: path for path, digest in file_digests(s.image for s in samples).items()}
        for path, digest in digests.items():
            if digest in seen:
                raise ValueError(
                    f"{path} is {seen[digest]}, which the run was {what}; a threshold needs "
                    "normals kept apart, that neither training nor test saw"
                )


def caught(result: Result, threshold: float) -> dict[str, tuple[int, int]]:
    """Of each kind in the test set, normals first: how many scores are above, and of how many."""
    kinds = sorted({entry["defect"] for entry in result.scores}, key=lambda k: (k != "good", k))
    scores = {k: [s["score"] for s in result.scores if s["defect"] == k] for k in kinds}
    return {kind: (sum(s > threshold for s in found), len(found)) for kind, found in scores.items()}
