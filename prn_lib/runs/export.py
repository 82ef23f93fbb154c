"""A trained network as one ONNX file, prototypes included, for those who deploy."""

import dataclasses
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from prn_lib.common.files import whole_file
from prn_lib.evaluation.image_scores import image_scores
from prn_lib.model import Network
from prn_lib.runs.inspecting import name_of, read_threshold
from prn_lib.runs.results import load_model, load_result, reading_of

INPUT, OUTPUTS = "images", ("score_map", "image_score")


class Detector(nn.Module):
    """What is deployed: the network, probabilities in the place of logits, and the image score."""

    def __init__(self, model: Network, score: str, top_k: int) -> None:
        super().__init__()
        self.model = model
        self.score, self.top_k = score, top_k

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``(B, 3, S, S)`` -> score maps ``(B, 1, S, S)`` and scores ``(B,)``; all in [0, 1]."""
        score_maps = self.model(images).sigmoid()
        return score_maps, image_scores(score_maps, self.score, self.top_k)


def export_onnx(run_folder: Path | str, path: Path | str) -> Path:
    """Write the network of a finished run to ``path``, an ONNX file.

    Its input ``images`` are float32 ``(B, 3, S, S)``, RGB in [0, 1], resized to the run's
    ``image_size`` S; any B. Its outputs are ``score_map`` ``(B, 1, S, S)`` and ``image_score``
    ``(B,)``, both in [0, 1]. The experiment lies in the file's metadata, as JSON under "prn",
    and under its key "inspection" what :func:`prn_lib.inspection.detector.load_onnx` needs.

    Raises ValueError for a run whose image scores need connected regions, and what
    :func:`to_onnx` and :func:`~prn_lib.runs.results.load_model` raise.
    """
    result = load_result(run_folder)
    experiment = result.experiment
    check_image_score(experiment.image_score, run_folder)
    detector = Detector(load_model(run_folder), experiment.image_score, experiment.top_k).eval()
    file = to_onnx(detector, experiment.image_size, OUTPUTS)
    chosen = read_threshold(run_folder)
    inspection = {
        "name": name_of(result),
        "grey_range": reading_of(result).grey_range,
        "threshold": chosen.value if chosen else None,
    }
    told = {**dataclasses.asdict(experiment), "inspection": inspection}
    write_onnx(file, Path(path), told)
    return Path(path)


def check_image_score(score: str, run_folder: Path | str) -> None:
    """Raise ValueError for the one score that ONNX cannot compute."""
    if score == "region":
        raise ValueError(
            f"{run_folder} scores images by their best region, which ONNX has no operation for; "
            "export a run with image_score 'top' or 'smoothed'"
        )


def to_onnx(module: nn.Module, side: int, outputs: Sequence[str], batch: bool = True) -> Any:
    """A module of images ``(B, 3, side, side)`` as an ``onnx.ModelProto``; B is 1 unless ``batch``.

    Raises ImportError if the packages ``onnx`` and ``onnxscript`` are missing.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401  (torch's exporter asks for it)
    except ImportError as error:
        raise ImportError(
            f"exporting needs the package {error.name!r}: pip install onnx onnxscript"
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about its own internals
        program = torch.onnx.export(
            module,
            (torch.zeros(2 if batch else 1, 3, side, side),),
            input_names=[INPUT],
            output_names=list(outputs),
            dynamic_shapes={"images": {0: torch.export.Dim("batch")}} if batch else None,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


def write_onnx(file: Any, path: Path, told: dict[str, Any]) -> None:
    """Write an ``onnx.ModelProto`` with ``told`` in its metadata, whole or not at all."""
    import onnx

    onnx.helper.set_model_props(file, {"prn": json.dumps(told)})
    with whole_file(path) as draft:
        onnx.save(file, draft)
