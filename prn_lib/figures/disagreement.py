"""Figures of score maps and labels that disagree."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from prn_lib.datasets import Category
from prn_lib.figures.base import Picture, draw_image, draw_outline, image_grid, picture
from prn_lib.runs.results import Result
from prn_lib.studies.disagreement import Levels, beside_label, levels, maps_and_masks

UNLABELLED, UNFOUND = (0, 114, 178), (230, 159, 0)  # blue, orange: Okabe and Ito
ROWS = ("image, label", "label", "score map", "disagreement")


def show_disagreements(result: Result, category: Category, table: pd.DataFrame) -> Picture:
    """Test images of a finished run side by side, in the order of ``table``.

    ``table`` holds rows of :func:`prn_lib.studies.rank_disagreements`. Raises ValueError if
    it is empty, KeyError for a name that is no test image's.
    """
    maps, masks, normal = maps_and_masks(result, category)
    index = {sample.name: i for i, sample in enumerate(category.test)}
    chosen = [index[name] for name in table.index]
    samples = [category.test[i] for i in chosen]
    images, _ = category.load(samples, result.experiment.image_size)
    titles = [sample.name.removeprefix("test/") for sample in samples]
    return show_map_and_label(images, masks[chosen], maps[chosen], levels(maps, normal), titles)


def show_map_and_label(
    images: torch.Tensor,
    masks: np.ndarray,
    score_maps: np.ndarray,
    reached: Levels,
    titles: Sequence[str],
) -> Picture:
    """A column for each image ``(N, 3, S, S)``: outlined, its label, its map, where they disagree.

    Blue is where the map is above the level of normal images and the label does not explain it;
    orange where the label has what the map does not reach. Raises ValueError without an image.
    """
    if not len(titles):
        raise ValueError("there is no image to show: the table is empty")
    figure, axes = image_grid(len(ROWS), len(titles))
    told = []
    for column, title, image, mask, score_map in zip(
        axes.T, titles, images, masks.astype(bool), score_maps, strict=True
    ):
        unlabelled = beside_label(score_map, mask) > reached.image
        unfound = mask & (score_map <= reached.pixel)
        draw_image(column[0], image, "\n".join(title.rsplit("/", 1)))  # long names
        draw_outline(column[0], torch.from_numpy(mask)[None])
        column[1].imshow(mask, cmap="gray", vmin=0, vmax=1)
        column[2].imshow(score_map, cmap="inferno", vmin=0, vmax=score_maps.max())
        column[3].imshow(coloured(image, unlabelled, unfound))
        told.append(
            f"{title}: {unlabelled.sum()} pixels blue, {unfound.sum()} of {mask.sum()} labelled "
            "ones orange"
        )
    for axis, name in zip(axes[:, 0], ROWS, strict=True):
        axis.set_ylabel(name, fontsize=8)
    _legend(figure)
    return picture(
        figure,
        "In each column a product with its label outlined, the label in white, the score map "
        f"(brightest at {score_maps.max():.2f}), and where they disagree: blue where the map shows "
        "what is not labelled, orange where the label has what the map does not reach. "
        f"{'; '.join(told)}.",
    )


def coloured(image: torch.Tensor, unlabelled: np.ndarray, unfound: np.ndarray) -> np.ndarray:
    """An image ``(3, S, S)`` uint8, pale and grey, with both sets ``(S, S)`` bool in colour.

    Returns uint8 ``(S, S, 3)``.
    """
    grey = 128 + image.float().mean(0).numpy() / 2
    shown = np.repeat(grey[..., None].astype(np.uint8), 3, axis=2)
    shown[unlabelled], shown[unfound] = UNLABELLED, UNFOUND
    return shown


def _legend(figure: Figure) -> None:
    names = {"in the map, not labelled": UNLABELLED, "labelled, not in the map": UNFOUND}
    patches = [
        Patch(color=(r / 255, g / 255, b / 255), label=name) for name, (r, g, b) in names.items()
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, frameon=False, fontsize=8)
