"""A run's network as the file that a page loads, and what its fewer bytes cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from prn_lib.common.progress import tqdm
from prn_lib.datasets import Category
from prn_lib.runs.export import INPUT, to_onnx, write_onnx
from prn_lib.runs.inspecting import name_of, read_threshold
from prn_lib.runs.results import Result
from prn_lib.runs.scoring import measure
from prn_lib.web.network import PageNetwork
from prn_lib.web.weights import pack


@dataclass(frozen=True)
class Exported:
    """``told`` goes into ``product.json``; ``outputs`` are those of every test image, stacked."""

    told: dict[str, Any]
    outputs: dict[str, np.ndarray]


def export_network(
    path: Path,
    network: PageNetwork,
    result: Result,
    category: Category,
    test: tuple[torch.Tensor, torch.Tensor],
    bits: int,
) -> Exported:
    """Write a run's network with weights of ``bits``, and measure it against the run's record.

    ``test`` are the images ``(N, 3, S, S)`` uint8 and masks ``(N, 1, S, S)`` of the category's
    test set; ONNX Runtime scores them. Raises ImportError if a package is missing.
    """
    images, masks = test
    file = pack(to_onnx(network, images.shape[-1], network.outputs, batch=False), bits)
    write_onnx(file, path, {"name": name_of(result)})
    outputs = _outputs_of(path, images)
    maps, scores = outputs["score_map"][:, 0], outputs["image_score"]
    recorded = np.array([entry["score"] for entry in result.scores])
    now = measure(category, scores, maps, masks)
    chosen = read_threshold(result.folder)
    told = {
        "file": path.name,
        "bytes": path.stat().st_size,
        "bits": bits,
        "run": name_of(result),
        "threshold": chosen.value if chosen else None,
        "false_alarms": chosen.false_alarms if chosen else None,
        "metrics": {key: [_number(result.metrics[key]), _number(now[key])] for key in now},
        "largest_difference": float(np.abs(scores - recorded).max()),
    }
    return Exported(told, outputs)


def _outputs_of(path: Path, images: torch.Tensor) -> dict[str, np.ndarray]:
    """Every output of the file for each of ``images``, by name."""
    try:
        import onnxruntime
    except ImportError:
        raise ImportError("measuring what is lost needs: pip install onnxruntime") from None
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    bar = tqdm(images.numpy(), desc="scoring", unit="image", leave=False, delay=1)
    rows = [session.run(names, {INPUT: image[None].astype(np.float32) / 255}) for image in bar]
    return {
        name: np.concatenate(each)
        for name, each in zip(names, zip(*rows, strict=True), strict=True)
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
