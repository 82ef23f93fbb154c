"""One function behind all sliders: computed live where there is a kernel, made before where not.

A published page has no kernel. There every state of the sliders is rendered when the page is built,
and the browser switches between them; the build asks for that by ``PRN_WIDGETS=static``.
"""

import html
import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np
from PIL import Image

from prn_lib.figures.base import webp_address

MAX_STATES = 150  # of a published page: about 10 kB each
Controls = Mapping[str, Mapping[str, Any]]


def explore(
    render: Callable[..., np.ndarray],
    controls: Controls,
    *,
    alt: str,
    width: int = 520,
    start: Mapping[str, str] | None = None,
) -> ipywidgets.VBox:
    """Sliders above a picture that follows them.

    ``controls`` gives each slider's name and its positions: labels and the values that they stand
    for. ``render(*values)``, in the order of the controls, returns a picture, uint8 ``(H, W)`` or
    ``(H, W, 3)``; with a kernel it is also given ``seed=``, which the reader may change. ``alt``
    says what is seen; the positions are added to it. ``width`` is the picture's on the page.
    Sliders start in the middle, or at the label that ``start`` names.

    Raises ValueError for an empty ``alt``, and for more than 150 states on a published page.
    """
    if not alt.strip():
        raise ValueError("a picture needs alt text that says what is seen")
    sliders = [
        _slider(name, list(positions), (start or {}).get(name))
        for name, positions in controls.items()
    ]
    labelled = [list(positions.items()) for positions in controls.values()]

    def frame(indices: Sequence[int], seed: int = 0) -> str:
        chosen = [pairs[i] for pairs, i in zip(labelled, indices, strict=True)]
        picture = render(*(value for _, value in chosen), seed=seed)
        told = ", ".join(f"{n} {label}" for n, (label, _) in zip(controls, chosen, strict=True))
        return _image(picture, f"{alt} ({told})", width)

    if os.environ.get("PRN_WIDGETS") == "static":
        states = math.prod(len(positions) for positions in controls.values())
        if states > MAX_STATES:
            raise ValueError(f"{states} states are too many for a page; at most {MAX_STATES}")
        return ipywidgets.VBox([*sliders, _switched(sliders, [], frame)])
    return _live(sliders, frame)


def _slider(name: str, labels: list[str], start: str | None) -> ipywidgets.SelectionSlider:
    return ipywidgets.SelectionSlider(
        options=[(label, i) for i, label in enumerate(labels)],
        index=len(labels) // 2 if start is None else labels.index(start),
        description=name,
        style={"description_width": "9em"},
        layout={"width": "100%", "max_width": "420px"},
    )


def _switched(
    sliders: list[ipywidgets.SelectionSlider], chosen: list[int], frame: Callable[..., str]
) -> ipywidgets.Widget:
    """Every state, in stacks within stacks: a stack's child is chosen by its own slider."""
    if len(chosen) == len(sliders):
        return ipywidgets.HTML(frame(chosen))
    slider = sliders[len(chosen)]
    children = [_switched(sliders, [*chosen, i], frame) for i in range(len(slider.options))]
    stack = ipywidgets.Stack(children, selected_index=slider.index)
    ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    return stack


def _live(sliders: list[ipywidgets.SelectionSlider], frame: Callable[..., str]) -> ipywidgets.VBox:
    """One picture, made anew when a slider is moved."""
    seed = ipywidgets.BoundedIntText(
        0, min=0, max=9999, description="seed", style={"description_width": "9em"}
    )
    picture = ipywidgets.HTML(frame([slider.index for slider in sliders]))

    def update(_: object) -> None:
        picture.value = frame([slider.index for slider in sliders], seed=seed.value)

    for slider in sliders:
        slider.observe(update, "index")
    seed.observe(update, "value")
    return ipywidgets.VBox([*sliders, seed, picture])


def _image(pixels: np.ndarray, alt: str, width: int) -> str:
    """An ``<img>`` that holds its picture."""
    few = len(np.unique(pixels)) <= 4  # masks: lossless is smaller, and sharp
    address = webp_address(Image.fromarray(pixels), quality=75, lossless=few)
    return (
        f'<img alt="{html.escape(alt)}" style="width: {width}px; max-width: 100%" src="{address}">'
    )
