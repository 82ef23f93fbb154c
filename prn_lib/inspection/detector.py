"""What scores photographs: how they are to be handed over, and when a score is a defect."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.common.images import FULL_RANGE

Score = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Detector:
    """``score`` maps images ``(B, 3, S, S)`` float32 in [0, 1] to score maps and image scores.

    Those are ``(B, S, S)`` and ``(B,)`` float32 in [0, 1]. ``name`` tells one network from another.
    Without a ``threshold`` there are scores and no decisions.
    """

    score: Score
    name: str
    image_size: int
    grey_range: tuple[int, int] = FULL_RANGE
    threshold: float | None = None

    def prepare(self, photo: Image.Image) -> np.ndarray:
        """An RGB photograph of any size, squashed as in training: ``(3, S, S)`` uint8."""
        size = (self.image_size, self.image_size)
        return np.asarray(photo.resize(size, Image.Resampling.BILINEAR)).transpose(2, 0, 1)


def load_onnx(path: Path) -> Detector:
    """The detector in a file that ``prn export`` wrote.

    Raises FileNotFoundError, ImportError without the package ``onnxruntime``, or ValueError for a
    file that is none.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; 'prn export' writes such a file")
    try:
        import onnxruntime
    except ImportError:
        raise ImportError("an ONNX file needs the package: pip install onnxruntime") from None
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        told = json.loads(session.get_modelmeta().custom_metadata_map["prn"])
        size, given = told["image_size"], told["inspection"]
    except Exception as error:  # of protobuf, of the runtime, of JSON
        raise ValueError(
            f"{path} is no ONNX file of this version's 'prn export' ({type(error).__name__}); "
            "export the run again"
        ) from None

    def score(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        maps, scores = session.run(["score_map", "image_score"], {"images": images})
        return maps[:, 0], scores

    grey_range = tuple(given["grey_range"])
    return Detector(score, given["name"], size, grey_range, given["threshold"])
