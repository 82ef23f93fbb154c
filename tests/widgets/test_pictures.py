"""Pictures of sliders: heat, outlines and side by side."""

import numpy as np
import torch

from prn_lib.widgets.pictures import heat, outlined, side_by_side


def test_heat_goes_from_black_to_the_brightest_colour():
    shown = heat(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), 2.0)
    assert shown.shape == (3, 1, 4)
    brightness = shown.mean(0)[0]
    assert brightness[0] < 0.02
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]


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
