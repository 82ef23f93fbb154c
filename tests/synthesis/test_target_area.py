"""Target areas: their geometries, and that they stay on foregrounds."""

import math

import numpy as np
import pytest
import torch

from prn_lib.synthesis.target_area import (
    GEOMETRIES,
    fill_convex,
    on_foregrounds,
    random_target_areas,
    whole_images,
)
from synthesizers import SIDE, generator


def test_convex_outlines_are_filled_as_their_half_planes_say():
    angles = torch.rand(5, 6, generator=generator(7)).sort(dim=1).values * 2 * math.pi
    vertices = 20 + 15 * torch.stack([angles.cos(), angles.sin()], dim=2)
    filled = fill_convex(vertices, (40, 50))
    for outline, mask in zip(vertices.tolist(), filled[:, 0], strict=True):
        for y, x in np.ndindex(40, 50):
            edges = zip(outline, outline[1:] + outline[:1], strict=True)
            sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in edges]
            if min(abs(side) for side in sides) > 1e-3:
                assert mask[y, x].item() == all(side > 0 for side in sides)


def test_the_three_geometries():
    areas = random_target_areas(300, (SIDE, 2 * SIDE), generator(1), "cpu")
    assert set(areas.geometries) == set(GEOMETRIES)
    whole = set()
    for mask, (x, y), geometry in zip(
        areas.masks[:, 0], areas.centres.tolist(), areas.geometries, strict=True
    ):
        assert mask[y, x]
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        height = int(rows.max() - rows.min()) + 1
        width = int(columns.max() - columns.min()) + 1
        touches = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        if touches:
            continue  # cut by the image's border
        whole.add(geometry)
        if geometry == "rectangle":
            assert mask.sum() == height * width
        if geometry == "circle":
            assert abs(height - width) <= 2
            assert mask.sum() == pytest.approx(math.pi * height * width / 4, rel=0.08)
        if geometry == "polygon":
            assert 0.2 * height * width < mask.sum() < 0.9 * height * width
    assert whole == set(GEOMETRIES)


def test_areas_on_foregrounds_stay_there_and_reach_all_of_it():
    foreground = torch.zeros(60, 1, SIDE, SIDE, dtype=torch.bool)
    foreground[:, :, 20:30, 40:60] = True
    areas = on_foregrounds(foreground, generator())
    assert areas.masks.flatten(1).any(1).all()
    assert (areas.masks <= foreground).all()
    assert torch.equal(areas.masks.any(0), foreground[0])


def test_without_target_areas_an_image_is_its_own_area():
    areas = whole_images(3, (8, 9), generator(), "cpu")
    assert areas.masks.shape == (3, 1, 8, 9)
    assert areas.masks.all()
    assert areas.geometries == ("whole",) * 3
