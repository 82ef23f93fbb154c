"""Sliders with a kernel and on a published page, and what they refuse."""

import ipywidgets
import numpy as np
import pytest

from pictures import alt_of
from prn_lib import widgets

CONTROLS = {"shade": {"dark": 0, "bright": 255}, "side": {"8": 8, "16": 16, "24": 24}}


def render(shade, side, seed):
    return np.full((side, side), (shade + seed) % 256, np.uint8)


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
