"""Figures of k-means and prototypes: the numbers they tell."""

import re

import pandas as pd
import pytest
import torch

from prn_lib import figures


def test_k_means_is_shown_with_its_falling_inertia():
    points = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    alt = figures.show_lloyd(points, torch.tensor([0, 1, 2]), steps=3).alt
    told = [float(value) for value in re.findall(r"step \d: ([\d.]+)", alt)]
    assert len(told) == 3
    assert told == sorted(told, reverse=True)
    first = torch.cdist(points, points[:3]).argmin(1)  # step 1, computed directly
    centres = torch.stack([points[first == k].mean(0) for k in range(3)])
    assert told[0] == pytest.approx((points - centres[first]).square().sum().item(), abs=0.06)


def test_figures_of_k_means_tell_their_numbers():
    assert "from 1 to 9; a line marks the run's own start at 4" in (
        figures.show_inertias([9.0, 1.0, 5.0], 4.0).alt
    )
    table = pd.DataFrame({"test": [0.5, 0.25]}, index=[1, 60])
    alt = figures.show_by_count({"one": table, "two": 2 * table}, "mean residual").alt
    assert "K = 1 to K = 60" in alt
    assert "one, test: 0.500 to 0.250; two, test: 1.000 to 0.500" in alt
