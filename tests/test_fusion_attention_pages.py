"""Figures, tables and sliders of the chapters on fusion and attention."""

import base64
import html
import io
import math
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from prn_lib import figures, widgets
from prn_lib.figures.attention import relative_entropy
from prn_lib.figures.fusion import channels_of, describe_transform, impulse_responses
from prn_lib.model.attention import MultiSizeAttention, to_tokens
from prn_lib.model.fusion import FusionBlock
from prn_lib.widgets.attention import patch_at


@pytest.fixture
def fusion():
    torch.manual_seed(0)
    return FusionBlock((2, 4, 8))


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return MultiSizeAttention(8, 16).eval(), torch.rand(1, 8, 16, 16)


def frames(widget):
    """Alt text and pixels of every picture below ``widget``."""
    if isinstance(widget, ipywidgets.HTML):
        alt, data = re.search(r'alt="([^"]*)".*base64,([^"]+)"', widget.value).groups()
        return [
            (
                html.unescape(alt),
                np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=int),
            )
        ]
    return [frame for child in getattr(widget, "children", ()) for frame in frames(child)]


@pytest.mark.parametrize(
    ("at", "rows_2", "rows_3"),
    [(4, [2], [1]), (5, [2, 3], [1]), (6, [3], [1, 2]), (7, [3, 4], [2])],
)
def test_an_impulse_arrives_in_the_windows_that_hold_it(fusion, at, rows_2, rows_3):
    # Window o of a map s steps down covers the rows 2^s o - 2^(s-1) to 2^s o + 2^(s-1).
    same, half, quarter = impulse_responses(fusion, 0, 16, (at, 8))
    assert same.shape == (16, 16)
    assert same[at, 8] == 1
    assert (same > 0).sum() == 1  # what is there is not changed elsewhere
    assert half.sum(1).nonzero().flatten().tolist() == rows_2
    assert quarter.sum(1).nonzero().flatten().tolist() == rows_3


def test_a_coarse_impulse_is_spread_by_the_bilinear_tent(fusion):
    with torch.no_grad():
        change = fusion.transforms[0][2][0].weight.sum(1).abs().mean()  # of all channels at 1
    tent = torch.tensor([1, 3, 5, 7, 7, 5, 3, 1]) / 8
    found = impulse_responses(fusion, 2, 32, (4, 4))[0]
    expected = torch.zeros(32, 32)
    expected[14:22, 14:22] = change * tent[:, None] * tent
    assert torch.allclose(found, expected, atol=1e-5)


def test_figures_of_fusion_tell_what_the_modules_are(fusion):
    assert channels_of(fusion) == [2, 4, 8]
    assert describe_transform(fusion.transforms[2][0]) == [
        "depthwise 5x5, stride 4, pad 2",
        "1x1, 2 to 8",
    ]
    told = figures.show_fusion(fusion).alt
    assert "f_22: unchanged, 0 parameters" in told
    count = sum(p.numel() for p in fusion.transforms[0][2].parameters())
    assert f"f_31: 1x1, 8 to 2, then bilinear x4, {count} parameters" in told
    told = figures.show_impulses(fusion, 16, (5, 8)).alt
    assert "from scale 1 to scale 2: 2 of 64" in told
    assert "from scale 3 to scale 3: 1 of 16" in told


def test_the_impulse_slider_moves_the_spot(fusion, monkeypatch):
    monkeypatch.setenv("PRN_WIDGETS", "static")
    shown = frames(widgets.explore_impulse(fusion, 32))
    assert len(shown) == 36
    fine = [pixels[:, :160, 0] for alt, pixels in shown if "enters at scale 1" in alt]
    columns = [int((picture.max(0) > 128).nonzero()[0].mean() // 5) for picture in fine]
    assert columns == list(range(8, 20))


def test_attention_weights_are_those_of_the_divisor_asked_for(attention):
    block, x = attention
    for divisor, power in (("c_s", 1), ("sqrt", 0.5)):
        found = figures.attention_weights(block, x, divisor)
        assert list(found) == ["h/2", "h/4", "h/8"]
        for head, relative, patch in zip(block.heads[1:], found.values(), (8, 4, 2), strict=True):
            tokens = to_tokens(x, patch)[0]
            q, k = head.to_q(tokens).flatten(1), head.to_k(tokens).flatten(1)
            expected = (q @ k.T / (8 * patch**2) ** power).softmax(1) * len(q)
            assert torch.allclose(relative, expected, atol=1e-4)
    assert all(head.scale == "c_s" for head in block.heads)  # as they were


def test_relative_entropy():
    assert relative_entropy(torch.ones(4, 4)) == pytest.approx(1)
    assert relative_entropy(4 * torch.eye(4)) == pytest.approx(0)
    halves = torch.tensor([[2.0, 2, 0, 0]] * 4)  # the weight 1/2 twice
    assert relative_entropy(halves) == pytest.approx(math.log(2) / math.log(4))


def test_the_attention_table_has_a_row_for_each_scale_and_head(attention):
    block, x = attention
    table = figures.attention_table([block, block], [x, x])
    assert table.index.tolist() == [(j, f"h/{n}") for j in (1, 2) for n in (2, 4, 8)]
    assert table["N"].tolist() == [4, 16, 64] * 2
    largest = figures.attention_weights(block, x, "sqrt")["h/4"].max().item()
    assert table.loc[(1, "h/4"), "sqrt: largest"] == pytest.approx(largest, abs=1e-3)
    assert (table["c_s: entropy"] >= table["sqrt: entropy"]).all()


def test_figures_of_attention_tell_what_is_seen(attention):
    block, x = attention
    assert "1, 4, 16, 64 square patches" in figures.show_patches(torch.rand(3, 32, 32)).alt
    weights = figures.attention_weights(block, x, "c_s")
    told = figures.show_weights({"printed": weights}).alt
    low, high = weights["h/8"].min().item(), weights["h/8"].max().item()
    assert f"h/8, printed: {low:.3g} to {high:.3g}" in told


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
