"""What a finished run leaves behind: its record, its score maps, its network."""

import json
import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from prn_lib.common.checks import one_line
from prn_lib.common.paths import project_folder
from prn_lib.datasets.reading.samples import EXACT, Reading
from prn_lib.model import Encoder, NearestPatch, Network
from prn_lib.model.prototypes import SCALES
from prn_lib.runs.building import assemble_model, build_encoder
from prn_lib.runs.experiment import OF_ANOMALIB, Experiment

RECORD, MAPS, WEIGHTS = "result.json", "scores.npz", "model.safetensors"
OWN_FIRST = ("runs", "results")  # a reader's own records and pictures stand before the project's


@dataclass(frozen=True)
class Result:
    """What a run leaves behind; ``result.json`` holds these fields.

    ``metrics`` are fractions, NaN where the test set defines none; ``scores`` has one entry a test
    image (name, defect, score); ``split`` lists the file names of each part; ``losses`` has one
    entry a step. ``contents`` are digests of what the run was made from, by part; ``reading`` is
    how its files were read.
    """

    experiment: Experiment
    metrics: dict[str, float]
    scores: list[dict[str, Any]]
    losses: list[float]
    split: dict[str, list[str]]
    notes: list[str]
    provenance: dict[str, Any]  # versions, hardware, durations, commit, date
    folder: Path
    contents: dict[str, str] = field(default_factory=dict)  # empty in records of earlier versions
    reading: dict[str, Any] = field(default_factory=dict)

    def score_maps(self) -> np.ndarray:
        """Score maps of the test images ``(N, S, S)`` float32 in [0, 1], in ``scores``' order."""
        with np.load(self.folder / MAPS, allow_pickle=False) as arrays:
            return arrays["score_maps"]


def default_folder(experiment: Experiment) -> Path:
    """``runs/<dataset>/<category>/<run name>`` below the project's folder."""
    place = Path("runs", experiment.dataset, folder_name(experiment.category))
    return project_folder() / place / experiment.run_name


def folder_name(category: str) -> str:
    """A category's name as one that every tool takes for a folder's.

    Braces, percent signs, and bytes that are no text are written as in addresses: ``v%7B2%7D``.
    """
    return _NOT_EVERYWHERE.sub(lambda sign: f"%{os.fsencode(sign[0])[0]:02X}", category)


def category_name(folder: str) -> str:
    """The category whose :func:`folder_name` it is."""
    return os.fsdecode(unquote_to_bytes(os.fsencode(folder)))


_NOT_EVERYWHERE = re.compile("[{}%\udc80-\udcff]")


def load_result(folder: Path | str) -> Result:
    """Read a finished run. FileNotFoundError or ValueError, naming the file, if there is none."""
    folder = Path(folder)
    path = folder / RECORD
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: {folder} holds no finished run")
    try:
        record = json.loads(path.read_text())
        record["experiment"] = Experiment(**record["experiment"])
        metrics = {k: math.nan if v is None else v for k, v in record["metrics"].items()}
        return Result(**{**record, "metrics": metrics}, folder=folder)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is not a run record of this version ({error}); delete {folder} to run again"
        ) from None


def reading_of(result: Result) -> Reading:
    """How the run's photographs and masks were read."""
    if not result.reading:  # a record of an earlier version, which read no other files
        return EXACT
    return Reading(result.reading["masks"], tuple(result.reading["grey_range"]))


def load_model(folder: Path | str, device: torch.device | str = "cpu") -> Network:
    """The network of a finished run, in evaluation mode.

    Raises FileNotFoundError or ValueError, naming the file, for weights that are missing, those of
    another version or of another library's method.
    """
    experiment = load_result(folder).experiment
    if experiment.method in OF_ANOMALIB:
        raise ValueError(
            f"{folder} holds a run of anomalib's {experiment.method!r}, whose network is not known "
            "here; its record and score maps are"
        )
    path = Path(folder) / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; delete {folder} to run again")
    encoder = build_encoder(experiment, "random")  # replaced by the saved weights
    try:
        state = load_file(path)
        model = _empty(experiment, encoder, state)
        model.load_state_dict(state)
    except (KeyError, RuntimeError, SafetensorError) as error:
        raise ValueError(
            f"{path} does not hold the weights of this version's network ({one_line(error)}); "
            f"delete {folder} to run again"
        ) from None
    return model.to(device).eval()


def _empty(experiment: Experiment, encoder: Encoder, state: dict[str, torch.Tensor]) -> Network:
    """The experiment's network, to be filled with ``state``."""
    if experiment.method == "nearest_patch":
        return NearestPatch(encoder, state["bank"], state["scale"])
    prototypes = None
    if experiment.use_prototypes:
        prototypes = [state[f"prototypes.{j}.maps"] for j in range(SCALES)]
    return assemble_model(experiment, encoder, prototypes)


def find_results(root: Path | str) -> list[Result]:
    """All finished runs below ``root``, sorted by folder; drafts are passed over."""
    records = sorted(Path(root).rglob(RECORD))
    return [load_result(path.parent) for path in records if not path.parent.name.startswith(".")]
