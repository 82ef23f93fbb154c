import re

import ipywidgets
import numpy as np
import pytest
import torch

from prn_lib import widgets
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.widgets.pictures import outlined, side_by_side

CONTROLS = {"shade": {"dark": 0, "bright": 255}, "side": {"8": 8, "16": 16, "24": 24}}


def render(shade, side, seed):
    return np.full((side, side), (shade + seed) % 256, np.uint8)


def alt_of(html):
    return re.search(r'alt="([^"]*)"', html)[1]


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("PRN_WIDGETS", "static")


def test_with_a_kernel_pictures_are_computed_when_a_slider_moves(monkeypatch):
    monkeypatch.delenv("PRN_WIDGETS", raising=False)
    calls = []

    def counted(*values, seed):
        calls.append((*values, seed))
        return render(*values, seed=seed)

    shade, side, seed, picture = widgets.explore(counted, CONTROLS, alt="A square").children
    assert calls == [(255, 16, 0)]  # the middle of every slider, and nothing before it is asked for
    assert alt_of(picture.value) == "A square (shade bright, side 16)"
    shade.index, side.index = 0, 2
    assert calls[-1] == (0, 24, 0)
    assert alt_of(picture.value) == "A square (shade dark, side 24)"
    seed.value = 7
    assert calls[-1] == (0, 24, 7)


def test_on_a_page_every_state_is_there_and_chosen_by_its_own_slider(static, monkeypatch):
    links = []
    monkeypatch.setattr(ipywidgets, "jslink", lambda *ends: links.append(ends))
    shade, side, stack = widgets.explore(render, CONTROLS, alt="A square").children
    for inner, label in zip(stack.children, ("dark", "bright"), strict=True):
        assert isinstance(inner, ipywidgets.Stack)
        for picture, size in zip(inner.children, ("8", "16", "24"), strict=True):
            assert alt_of(picture.value) == f"A square (shade {label}, side {size})"
        assert ((side, "index"), (inner, "selected_index")) in links
        assert inner.selected_index == side.index
    assert ((shade, "index"), (stack, "selected_index")) in links
    assert stack.selected_index == shade.index
    assert len(links) == 3


def test_too_many_states_and_missing_alt_text_are_refused(static):
    many = {"a": {str(i): i for i in range(151)}}
    with pytest.raises(ValueError, match="151 states are too many"):
        widgets.explore(lambda a, seed: render(a, 8, seed), many, alt="x")
    with pytest.raises(ValueError, match="needs alt text"):
        widgets.explore(render, CONTROLS, alt=" ")


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


def test_outlines_follow_the_border_inside_a_mask():
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[:, 2:6, 2:7] = True
    drawn = (outlined(torch.zeros(3, 8, 8), mask) > 0).any(0)
    expected = mask[0].clone()
    expected[3:5, 3:6] = False
    assert torch.equal(drawn, expected)


def test_pictures_side_by_side():
    picture = side_by_side(
        torch.tensor([[-1.0, 0.0, 1.0]]), torch.tensor([[True, False]]), torch.ones(3, 1, 2) / 2
    )
    assert picture.dtype == np.uint8
    row = picture[0, :, 0].tolist()
    assert row == [0, 128, 255, *[255] * 6, 255, 0, *[255] * 6, 128, 128]
