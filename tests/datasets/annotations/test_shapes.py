"""Outlines against pixels counted by hand and areas known from geometry."""

import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from prn_lib.datasets.annotations.shapes import (
    check_corners,
    fill,
    place,
    reaches_outside,
    read_points,
)


def drawn(*rows):
    return np.array([[sign == "#" for sign in row] for row in rows])


@pytest.mark.parametrize("kind", ["polygon", "oriented_rectangle"])
def test_a_triangle_holds_its_corners_its_outline_and_what_is_inside(kind):
    points = np.array([[1.9, 0.2], [1.1, 4.0], [5.5, 4.7]])
    assert (fill(kind, points, (7, 6)) == drawn(
        ".#.....",
        ".##....",
        ".###...",
        ".####..",
        ".#####.",
        ".......",
    )).all()  # fmt: skip


@pytest.mark.parametrize("corners", [[[2.4, 1.0], [5.9, 3.2]], [[5.9, 3.2], [2.4, 1.0]]])
def test_a_rectangle_may_be_drawn_from_any_corner(corners):
    mask = fill("rectangle", np.array(corners), (8, 5))
    assert (mask == drawn("........", "..####..", "..####..", "..####..", "........")).all()


def test_a_circle_has_its_area_and_its_symmetry():
    mask = fill("circle", np.array([[60.0, 50.0], [90.0, 50.0]]), (120, 100))
    assert mask.sum() == pytest.approx(math.pi * 30**2, rel=0.05)
    assert [mask.any(0).argmax(), mask.any(0).sum()] == [30, 61]
    assert (mask[20:81, 30:91] == mask[20:81, 30:91].T).all()
    assert not mask[:20].any()
    assert not mask[81:].any()


def test_the_area_of_a_large_polygon_is_that_of_the_formula_and_half_its_outline():
    angles = np.linspace(0, 2 * np.pi, 7, endpoint=False)
    points = 150 + np.stack([120 * np.cos(angles), 90 * np.sin(angles)], 1)
    x, y = points.T
    area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    outline = np.abs(points - np.roll(points, -1, 0)).max(1).sum()
    assert abs(fill("polygon", points, (300, 300)).sum() - area) < outline


@pytest.mark.parametrize("seed", range(20))
def test_masks_are_those_that_labelme_makes(seed):
    """It gives the coordinates as they are to Pillow and has it draw outline and inside."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 40, (7, 2))
    corners = points[:2]
    centre, radius = random.uniform(13, 16, 2), random.uniform(1, 12)
    circle = np.stack([centre, centre + np.array([0, radius])])
    around = np.concatenate([centre - radius, centre + radius]).tolist()
    box = [*corners.min(0).tolist(), *corners.max(0).tolist()]
    for kind, given, draw in (
        ("polygon", points, lambda d: d.polygon([*map(tuple, points)], fill=1, outline=1)),
        ("rectangle", corners, lambda d: d.rectangle(box, fill=1, outline=1)),
        ("circle", circle, lambda d: d.ellipse(around, fill=1, outline=1)),
    ):
        canvas = Image.new("L", (40, 30))
        draw(ImageDraw.Draw(canvas))
        assert (fill(kind, given, (40, 30)) == (np.asarray(canvas) > 0)).all(), kind


def test_what_is_outside_of_the_picture_is_cut():
    mask = fill("polygon", np.array([[-5.0, -5.0], [2.0, -5.0], [2.0, 1.0], [-5.0, 1.0]]), (6, 4))
    assert (mask == drawn("###...", "###...", "......", "......")).all()
    assert not fill("rectangle", np.array([[10.0, 1.0], [12.0, 2.0]]), (6, 4)).any()


@pytest.mark.parametrize(("point", "outside"), [
    ([0, 0], False), ([6, 4], False), ([6.1, 4], True), ([6, 4.1], True), ([-0.1, 0], True),
])  # fmt: skip
def test_the_picture_ends_at_its_width_and_height(point, outside):
    assert reaches_outside(np.array([[1, 1], point], float), (6, 4)) is outside


@pytest.mark.parametrize(("corner", "rows"), [
    ([1, 2], [".....", ".....", ".##..", "..#.."]),
    ([0.6, 1.5], [".....", ".....", ".##..", "..#.."]),
    ([-1, 3], [".....", ".....", ".....", "#...."]),
    ([4, 0], ["....#", ".....", ".....", "....."]),
    ([9, 9], ["....."] * 4),
    ([-9, -9], ["....."] * 4),
])  # fmt: skip
def test_a_painted_patch_lies_at_its_corner(corner, rows):
    patch = drawn("##", ".#")
    assert (place(patch, np.array(corner, float), (5, 4)) == drawn(*rows)).all()


@pytest.mark.parametrize(("values", "message"), [
    ([[1, 2], [3]], "no pairs of numbers"),
    ([[1, 2, 3], [4, 5, 6]], "no pairs of numbers"),
    ([], "no pairs of numbers"),
    ([["a", "b"]], "no pairs of numbers"),
    ([[1, float("nan")]], r"NaN or huge"),
    ([[None, 1]], r"NaN or huge"),
    ([[1, float("-inf")]], r"NaN or huge"),
    ([[1, 3e9]], r"NaN or huge"),
])  # fmt: skip
def test_points_that_are_none_are_refused(values, message):
    with pytest.raises(ValueError, match=rf"shape 1 of a\.json has .*{message}.*; draw it again"):
        read_points(values, "shape 1 of a.json")


@pytest.mark.parametrize(("kind", "count", "message"), [
    ("linestrip", 4, "is a linestrip, which has no area; outline the defect with a polygon"),
    ("line", 2, "is a line, which has no area"),
    ("point", 1, "is a point, which has no area"),
    ("polygon", 2, "is a polygon of 2 points; it needs three"),
    ("circle", 3, "is a circle of 3 points instead of 2"),
    ("oriented_rectangle", 3, "is a oriented_rectangle of 3 points instead of 4"),
])  # fmt: skip
def test_shapes_without_an_area_are_refused_by_name(kind, count, message):
    with pytest.raises(ValueError, match=f"^shape 1 {message}"):
        check_corners(kind, np.zeros((count, 2)), "shape 1")
