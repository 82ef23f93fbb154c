"""The slider of attention: a query's weights, and the places it can have."""

import pytest
import torch

from networks import small_attention
from pictures import frames
from prn_lib import figures, widgets
from prn_lib.widgets.attention import patch_at


@pytest.fixture
def attention():
    return small_attention()


def test_the_attention_slider_shows_the_querys_weights(attention, monkeypatch):
    monkeypatch.setenv("PRN_WIDGETS", "static")
    block, x = attention
    shown = dict(frames(widgets.explore_attention(block, x, torch.zeros(3, 64, 64))))
    assert len(shown) == 96
    for divisor, label in (("c_s", "c_s"), ("sqrt", "root of c_s")):
        relative = figures.attention_weights(block, x, divisor)["h/2"]
        end = f"(head h/2, query's row 4, query's column 1, divisor {label})"
        pixels = next(pixels for alt, pixels in shown.items() if alt.endswith(end))
        pink = pixels[:, :64, 0] > 128
        assert pink[33:, :32].any()  # the patch of row 4, column 1: below, left
        assert not pink[:31].any()
        grey = pixels[:, 70:134, 0]
        for n in range(4):
            a, b = 32 * (n // 2) + 16, 32 * (n % 2) + 16
            expected = 255 * min(relative[2, n].item() / 2, 1)
            assert grey[a, b] == pytest.approx(expected, abs=4)  # of a compressed picture


def test_places_of_the_query_are_parts_of_the_image():
    assert [patch_at(place, 4) for place in range(4)] == [0, 1, 2, 3]
    assert [patch_at(place, 2) for place in range(4)] == [0, 0, 1, 1]
    assert [patch_at(place, 8) for place in range(4)] == [1, 3, 5, 7]
