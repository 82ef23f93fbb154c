"""A painted defect as a picture: what the page shows where it cannot compute."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from prn_lib.figures.base import Picture, draw_image, image_grid, picture
from prn_lib.figures.features import HEAT
from prn_lib.model import PRN
from prn_lib.model.prototypes import SCALES
from prn_lib.runs import load_model, load_result, predict, read_category
from prn_lib.web.network import residuals

TONE = (38, 30, 24)  # of the page's dark brush
SCRATCH = ((0.3, 0.3), (0.5, 0.36), (0.62, 0.52))  # x and y, as shares of the side
WIDTH = 3 / 128  # of a scratch


def painted(
    image: torch.Tensor, points: Sequence[tuple[float, float]], width: float = WIDTH
) -> torch.Tensor:
    """A dark scratch through ``points`` (x, y) over an image ``(3, S, S)`` uint8; a copy.

    Points and ``width`` are shares of the side S.
    """
    side = image.shape[-1]
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    line = np.rint(np.array(points) * side).astype(np.int32)
    cv2.polylines(pixels, [line], False, TONE, max(1, round(width * side)), cv2.LINE_AA)
    return torch.from_numpy(pixels).permute(2, 0, 1)


def show_painted(
    run_folder: Path | str, points: Sequence[tuple[float, float]] = SCRATCH, width: float = WIDTH
) -> Picture:
    """The first good test image of a run, clean and scratched: residual and score map of both.

    Of a test set without good ones it is the first.
    ``points`` and ``width`` as :func:`painted` has them. Raises ValueError for a run without
    prototypes, and what :func:`~prn_lib.runs.results.load_model` raises.
    """
    e = load_result(run_folder).experiment
    model = load_model(run_folder)
    if not isinstance(model, PRN) or not model.has_prototypes:
        raise ValueError(f"{run_folder} has no prototypes, so there are no residuals to show")
    category = read_category(e)
    good = [sample for sample in category.test if not sample.is_anomaly]
    image = category.load([*good, *category.test][:1], e.image_size)[0][0]
    images = torch.stack([image, painted(image, points, width)])
    maps, scores = predict(model, images, top_k=e.top_k, score=e.image_score)
    with torch.inference_mode():
        features = model.encoder(images.float() / 255, layers=SCALES)
        sizes = residuals(model, features, e.image_size)[:, 0]
    return _drawn(images, sizes, maps, [f"{score:.2f}" for score in scores.tolist()])


def _drawn(
    images: torch.Tensor, sizes: torch.Tensor, maps: torch.Tensor, scores: Sequence[str]
) -> Picture:
    """A row for each of two images ``(2, 3, S, S)``, with its maps ``(2, S, S)`` and score."""
    figure, axes = image_grid(2, 3)
    names = ("a test picture", "the same, painted")
    for k, line in enumerate(axes):
        draw_image(line[0], images[k], names[k])
        line[1].imshow(sizes[k].numpy(), cmap=HEAT, vmin=0, vmax=sizes.max().item())
        line[1].set_title("residual, scale 1", fontsize=8)
        line[2].imshow(maps[k].numpy(), cmap=HEAT, vmin=0, vmax=1)
        line[2].set_title(f"score map; score {scores[k]}", fontsize=8)
    return picture(
        figure,
        "A test picture of the product, and below it the same with a painted scratch. Beside "
        "each its residual at the finest scale and its score map. The image score is "
        f"{scores[0]} without and {scores[1]} with the scratch.",
    )
