"""The figures of a run. Every figure is shown through :func:`picture`, which asks for alt text."""

import base64
import html
import io
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prn_lib.datasets import Category, Sample
from prn_lib.datasets.category import GOOD
from prn_lib.run import Result
from prn_lib.synthesis import Anomaly, Synthesizer

CELL = 1.55  # inches a side of a small image
DPI = 110
CONTOUR = "#ff00c8"  # seen on grey, brown and blue alike


class Picture:
    """A finished image with a text that stands for it where it cannot be seen."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png = png
        self.alt = alt

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode()
        return (
            f'<img alt="{html.escape(self.alt)}" style="max-width: 100%; background: white" '
            f'src="data:image/png;base64,{data}">'
        )

    def __repr__(self) -> str:
        return f"<figure: {self.alt}>"


def picture(figure: Figure, alt: str) -> Picture:
    """Render and close ``figure``. ValueError if ``alt`` does not say what is seen."""
    if not alt.strip():
        raise ValueError("a figure needs alt text that says what is seen")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return Picture(buffer.getvalue(), alt)


def show_category(category: Category, size: int, normals: int = 4) -> Picture:
    """Some normals, then one test anomaly of each type with its defect outlined."""
    anomalies = [sample for sample in one_of_each_type(category) if sample.is_anomaly]
    samples = [*category.train_normals[:normals], *anomalies]
    images, masks = category.load(samples, size)
    columns = max(4, min(6, len(samples)))
    figure, axes = _grid(-(-len(samples) // columns), columns)
    for axis, sample, image, mask in zip(axes.flat, samples, images, masks, strict=False):
        _image(axis, image, sample.defect)
        _outline(axis, mask)
    kinds = ", ".join(sample.defect for sample in anomalies)
    return picture(
        figure,
        f"{min(normals, len(category.train_normals))} normal images of {category.name}, then one "
        f"anomalous image of each type ({kinds}) with the defect outlined.",
    )


def show_anomalies(synthesizer: Synthesizer, seed: int, per_kind: int = 6) -> Picture:
    """A row of synthesized anomalies for each kind, outlined; titles tell the opacity beta."""
    generator = torch.Generator().manual_seed(seed)
    figure, axes = _grid(len(synthesizer.kinds), per_kind)
    for row, kind in zip(axes, synthesizer.kinds, strict=True):
        for axis in row:
            anomaly: Anomaly = synthesizer.draw(kind, generator)
            _image(axis, anomaly.image, rf"{kind}, $\beta$ = {anomaly.opacity:.2f}")
            _outline(axis, anomaly.mask)
    return picture(
        figure,
        f"Synthesized anomalies on normal images, a row each for {', '.join(synthesizer.kinds)}, "
        "with the changed region outlined.",
    )


def show_loss(losses: Sequence[float]) -> Picture:
    """The loss of every step and its running mean over a tenth of the run.

    Raises ValueError if there was no step.
    """
    if not losses:
        raise ValueError("there is no loss to show: max_steps=0 trains nothing")
    window = max(1, len(losses) // 10)
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    figure, axis = plt.subplots(figsize=(7, 2.6))
    axis.plot(losses, color="0.75", linewidth=0.8, label="each step")
    axis.plot(np.arange(window - 1, len(losses)), mean, color="C0", label=f"mean of {window} steps")
    axis.set(xlabel="step", ylabel="loss (Eq. 5)", yscale="log")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False)
    return picture(
        figure,
        f"Training loss over {len(losses)} steps; its running mean goes from {mean[0]:.3f} "
        f"to {mean[-1]:.3f}.",
    )


def show_score_maps(result: Result, category: Category, samples: Sequence[Sample]) -> Picture:
    """Our Fig. 6: for each test sample the image, the ground truth and the score map."""
    size = result.experiment.image_size
    index = {entry["name"]: i for i, entry in enumerate(result.scores)}
    maps = result.score_maps()
    images, masks = category.load(samples, size)
    figure, axes = _grid(3, len(samples))
    for column, sample, image, mask in zip(axes.T, samples, images, masks, strict=True):
        i = index[sample.name]
        _image(column[0], image, sample.defect)
        column[1].imshow(mask[0].numpy(), cmap="gray", vmin=0, vmax=1)
        column[2].imshow(maps[i], cmap="inferno", vmin=0, vmax=1)
        column[2].set_title(f"score {result.scores[i]['score']:.2f}", fontsize=8)
    for axis, name in zip(axes[:, 0], ("image", "ground truth", "score map"), strict=True):
        axis.set_ylabel(name, fontsize=8)
    listed = ", ".join(
        f"{sample.name} (score {result.scores[index[sample.name]]['score']:.2f})"
        for sample in samples
    )
    return picture(figure, f"Image, ground truth and predicted score map of {listed}.")


def show_image_scores(result: Result) -> Picture:
    """The image scores of the test set, one row for each type."""
    defects = _normal_first({entry["defect"] for entry in result.scores})
    figure, axis = plt.subplots(figsize=(7, 0.6 + 0.32 * len(defects)))
    for row, defect in enumerate(defects):
        scores = [entry["score"] for entry in result.scores if entry["defect"] == defect]
        colour = "C0" if defect == GOOD else "C3"
        axis.plot(scores, np.full(len(scores), row), "|", color=colour, markersize=12)
    axis.set(yticks=range(len(defects)), yticklabels=defects, xlim=(0, 1), xlabel="image score")
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    return picture(
        figure,
        "Image scores of the test set as ticks from 0 to 1, one row for the normal images and one "
        f"for each defect type: {', '.join(defects)}.",
    )


def one_of_each_type(category: Category) -> list[Sample]:
    """A test sample of every type, the normal one first, to be shown without choosing."""
    first = {sample.defect: sample for sample in reversed(category.test)}
    return [first[defect] for defect in _normal_first(first)]


def _normal_first(defects: Iterable[str]) -> list[str]:
    return sorted(defects, key=lambda defect: (defect != GOOD, defect))


def _grid(rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(CELL * columns, (CELL + 0.2) * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure, axes


def _image(axis: Axes, image: torch.Tensor, title: str) -> None:
    """Draw ``(3, H, W)``, uint8 or float in [0, 1]."""
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set_title(title, fontsize=8)


def _outline(axis: Axes, mask: torch.Tensor) -> None:
    """Draw the border of a mask ``(1, H, W)`` {0, 1}."""
    if mask.any():
        axis.contour(mask[0].numpy(), levels=[0.5], colors=CONTOUR, linewidths=0.8)
