"""Figures of anomaly synthesis: noise, stages, galleries, foregrounds."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes

from prn_lib.figures.base import Picture, draw_image, draw_outline, image_grid, picture
from prn_lib.synthesis import Anomalies, Synthesizer
from prn_lib.synthesis.extended import TRIES

PER_ROW = 6


def show_anomalies(synthesizer: Synthesizer, seed: int, per_kind: int = 6) -> Picture:
    """Our Fig. 8: for each kind a row of anomalies above their masks; titles tell beta."""
    generator = torch.Generator().manual_seed(seed)
    figure, axes = image_grid(2 * len(synthesizer.kinds), per_kind)
    told = []
    for k, kind in enumerate(synthesizer.kinds):
        made = synthesizer.make([kind] * per_kind, generator)
        titles = [rf"{kind}, $\beta$ = {beta:.2f}" for beta in made.opacity.tolist()]
        _draw_above_masks(axes[2 * k : 2 * k + 2].T, made, titles)
        told.append(f"{kind} on {_list_of_shares(made)} of the image")
    return picture(
        figure,
        f"Synthesized anomalies on normal images, {per_kind} a kind: {'; '.join(told)}. With a "
        "high beta they are hardly seen. Below each its mask, white where the image was changed.",
    )


def show_extension(made: Anomalies, seen: tuple[torch.Tensor, torch.Tensor]) -> Picture:
    """Our Fig. 5: every stage of the first, extended anomaly of ``made``.

    ``seen`` is the image ``(3, H, W)`` and mask ``(1, H, W)`` of the seen anomaly, as it was.
    """
    stages, mask = made.render(0, 1), made.masks[0]
    region = made.regions[0]
    panels = (
        ("a seen anomaly", *seen),
        ("A: its colours changed", stages.sources[0], seen[1]),
        ("R: its region, moved", _cut(stages.pasted[0], region), None),
        ("TA: the target area", made.areas.masks[0], None),
        ("C: the part inside it", _cut(stages.pasted[0], mask), None),
        ("M: the mask", mask, None),
        ("N: a normal image", stages.normals[0], None),
        ("E: the result", stages.images[0], None),
    )
    return _panels(panels, f"How an extended anomaly is made, in eight steps. {made.describe(0)}.")


def show_simulation(made: Anomalies, sources: torch.Tensor) -> Picture:
    """Our Fig. 7: every stage of the first, simulated anomaly of ``made``.

    ``sources`` ``(3, H, W)`` is the texture or normal image that was taken, as it was.
    """
    stages, mask = made.render(0, 1), made.masks[0]
    changed = "A: augmented" if made.kinds[0] == "HEA" else "A: augmented, shuffled"
    panels = (
        ("its source", sources, None),
        (changed, stages.sources[0], None),
        ("P: Perlin noise", made.noise.noise[0], None),
        ("TA: the target area", made.areas.masks[0], None),
        ("M: noise above the threshold", mask, None),
        ("what shows through", _cut(stages.pasted[0], mask), None),
        ("N: a normal image", stages.normals[0], None),
        ("S: the result", stages.images[0], None),
    )
    return _panels(panels, f"How a simulated anomaly is made, in eight steps. {made.describe(0)}.")


def show_images(images: torch.Tensor, titles: Sequence[str], alt: str) -> Picture:
    """Images ``(B, 3, H, W)`` in [0, 1] or uint8, six a row, with a title each."""
    return _panels([(t, i, None) for i, t in zip(images, titles, strict=True)], alt, PER_ROW)


def show_maps(maps: Sequence[torch.Tensor], titles: Sequence[str], alt: str) -> Picture:
    """Maps ``(H, W)``, of noise in [-1, 1] or masks as bool, six a row, with a title each."""
    return _panels([(t, m[None], None) for m, t in zip(maps, titles, strict=True)], alt, PER_ROW)


def show_foregrounds(images: torch.Tensor, masks: torch.Tensor, names: Sequence[str]) -> Picture:
    """Foregrounds ``(N, 1, H, W)`` bool, outlined on their images ``(N, 3, H, W)``, six a row."""
    covers = [f"{share:.0%}" for share in masks.float().mean((1, 2, 3)).tolist()]
    titles = [f"{n.split('/')[-1]}: {c}" for n, c in zip(names, covers, strict=True)]
    panels = list(zip(titles, images, masks, strict=True))
    told = ", ".join(f"{n} {c}" for n, c in zip(names, covers, strict=True))
    return _panels(panels, f"Foregrounds outlined, and how much they cover: {told}.", PER_ROW)


def _panels(
    panels: Sequence[tuple[str, torch.Tensor, torch.Tensor | None]], alt: str, columns: int = 4
) -> Picture:
    """Images or maps with a title and perhaps an outline."""
    columns = min(columns, len(panels))
    figure, axes = image_grid(-(-len(panels) // columns), columns)
    for axis, (title, image, outline) in zip(axes.flat, panels, strict=False):
        _draw(axis, image, title)
        if outline is not None:
            draw_outline(axis, outline)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    return picture(figure, alt)


def _draw_above_masks(pairs: np.ndarray, made: Anomalies, titles: Sequence[str]) -> None:
    """Each image into the first axis of its pair ``(N, 2)``, its mask into the second."""
    for (above, below), image, mask, title in zip(
        pairs, made.render().images, made.masks, titles, strict=False
    ):
        _draw(above, image, title)
        _draw(below, mask, "")


def _draw(axis: Axes, image: torch.Tensor, title: str) -> None:
    image = image.cpu()
    if len(image) == 3:
        draw_image(axis, image, title)
        return
    low = 0 if image.dtype == torch.bool else -1
    axis.imshow(image[0].numpy(), cmap="gray", vmin=low, vmax=1)
    axis.set_title(title, fontsize=8)


def _cut(image: torch.Tensor, region: torch.Tensor) -> torch.Tensor:
    """``image`` inside a region, a light grey outside."""
    return torch.where(region, image, torch.full_like(image, 0.85))


def show_tries(made: Anomalies) -> Picture:
    """How many draws of Aug2 the extended anomalies of ``made`` took to meet their target area."""
    tries = made.placements.tries.cpu()
    met = tries[tries > 0]
    figure, axis = plt.subplots(figsize=(7, 2.2))
    axis.hist(met.tolist(), bins=range(1, TRIES + 2), color="C0", align="left")
    axis.set(xlabel="draws of Aug2 until the region met its target area", ylabel="anomalies")
    axis.spines[["top", "right"]].set_visible(False)
    return picture(
        figure,
        f"Histogram of the draws that {len(tries)} extended anomalies took, from 1 to {TRIES}: it "
        f"falls from the first on. {int((tries == 0).sum())} met their area in no draw and were "
        "shifted onto it.",
    )


def show_seen(images: torch.Tensor, regions: torch.Tensor) -> Picture:
    """Seen anomalies ``(A, 3, H, W)`` uint8, their regions ``(A, 1, H, W)`` bool outlined."""
    panels = [(f"seen {i}", *pair) for i, pair in enumerate(zip(images, regions, strict=True))]
    return _panels(panels, f"{len(images)} anomalous images, the defect outlined.", PER_ROW)


def show_made(made: Anomalies) -> Picture:
    """The images of some anomalies above their masks; titles tell what they were made of."""
    titles = [
        rf"{k} of {i}, $\beta$ = {beta:.2f}"
        for k, i, beta in zip(made.kinds, made.source_indices, made.opacity.tolist(), strict=True)
    ]
    columns = min(PER_ROW, len(made))
    bands = -(-len(made) // columns)
    figure, axes = image_grid(2 * bands, columns)
    pairs = axes.reshape(bands, 2, columns).swapaxes(1, 2).reshape(-1, 2)
    _draw_above_masks(pairs, made, titles)
    for axis in pairs[len(made) :].flat:
        axis.set_visible(False)
    return picture(
        figure,
        f"{len(made)} synthesized anomalies on {_list_of_shares(made)} of the image. Below each "
        "its mask, white where the image was changed.",
    )


def _list_of_shares(made: Anomalies) -> str:
    shares = made.masks.float().mean((1, 2, 3)).tolist()
    return ", ".join(f"{share:.1%}" if share >= 0.001 else "less than 0.1%" for share in shares)
