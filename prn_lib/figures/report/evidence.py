"""What a report reads beside the record: score maps, photographs, perhaps a threshold."""

import zipfile
from dataclasses import dataclass

import numpy as np
import torch

from prn_lib.common.checks import one_line
from prn_lib.datasets.reading.contents import contents_of
from prn_lib.runs.building import read_category
from prn_lib.runs.results import MAPS, Result


@dataclass(frozen=True)
class Photos:
    """A run's test images, read from the dataset again, in the order of its scores."""

    images: torch.Tensor  # (N, 3, S, S) uint8
    masks: torch.Tensor  # (N, 1, S, S) uint8 {0, 1}
    has_mask: np.ndarray  # (N,) bool: a mask lies beside the photograph


def read_photos(result: Result) -> Photos:
    """Read the test images of a run.

    Raises ValueError or OSError, naming what is missing, if they are not where they were.
    """
    category = read_category(result.experiment)
    there = {sample.name: sample for sample in category.test}
    missing = [entry["name"] for entry in result.scores if entry["name"] not in there]
    if missing:
        raise ValueError(f"the dataset holds other images now: {missing[0]} is not among them")
    if result.contents and result.contents["test"] != contents_of(category.test):
        raise ValueError("the dataset holds other images, or masks, than the run was tested on")
    samples = [there[entry["name"]] for entry in result.scores]
    images, masks = category.load(samples, result.experiment.image_size)
    return Photos(images, masks, np.array([sample.mask is not None for sample in samples], bool))


def read_maps(result: Result) -> np.ndarray:
    """Score maps ``(N, S, S)`` of a run, one for each of its scores.

    Raises FileNotFoundError or ValueError, naming the file, if they are missing or damaged.
    """
    path = result.folder / MAPS
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing, and a report shows score maps; copy it there, or run again"
        )
    try:
        maps = result.score_maps()
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)}); run again") from None
    if len(maps) != len(result.scores):
        raise ValueError(
            f"{path} holds {len(maps)} score maps of {len(result.scores)} test images; run again"
        )
    return maps
