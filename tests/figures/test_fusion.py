"""Figures of fusion: where an impulse arrives, and what the modules are."""

import pytest
import torch

from networks import small_fusion
from prn_lib import figures
from prn_lib.figures.fusion import channels_of, describe_transform, impulse_responses


@pytest.fixture
def fusion():
    return small_fusion()


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
