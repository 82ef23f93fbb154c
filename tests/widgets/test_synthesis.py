"""The sliders of the chapters on making anomalies: their states and descriptions."""

import ipywidgets
import pytest
import torch

from pictures import alt_of
from prn_lib import widgets
from prn_lib.synthesis import Synthesizer, generated_textures


def frames(widget):
    """Every picture below ``widget``."""
    if isinstance(widget, ipywidgets.HTML):
        return [widget.value]
    return [frame for child in getattr(widget, "children", ()) for frame in frames(child)]


@pytest.mark.parametrize("mode", ["static", ""])
def test_the_books_sliders(monkeypatch, mode):
    monkeypatch.setenv("PRN_WIDGETS", mode)
    generator = torch.Generator().manual_seed(0)
    images = (torch.rand(3, 3, 64, 64, generator=generator) * 255).byte()
    regions = torch.zeros(3, 1, 64, 64, dtype=torch.uint8)
    regions[:, :, 20:40, 20:40] = 1
    synthesizer = Synthesizer(images, images, regions, generated_textures(3, 64, generator))
    image, region = images[0] / 255, regions[0].bool()
    for made, states in (
        (widgets.explore_noise(), 36),
        (widgets.explore_octaves(), 6),
        (widgets.explore_noise_mask(), 63),
        (widgets.explore_opacity(synthesizer, "HEA"), 11),
        (widgets.explore_colours(image), 49),
        (widgets.explore_extension(image, image, region), 147),
        (widgets.explore_target_areas(image, region), 36),
        (widgets.explore_foreground(images[0]), 11),
    ):
        pictures = frames(made)
        assert len(pictures) == (states if mode else 1)
        assert len(set(map(alt_of, pictures))) == len(pictures)
        assert all(len(alt_of(picture)) > 20 for picture in pictures)
