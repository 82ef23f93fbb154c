"""Masks of paint programs, in every mode that they save."""

import numpy as np
import pytest
from PIL import Image

from annotated import HEIGHT, WIDTH, block, files, imported, mask_at, photo
from prn_lib.datasets.annotations.masks import read_masks
from prn_lib.datasets.annotations.write import write_folder

AREA = block(3, 4, 7, 10)


def painted(*layers, channels=3):
    pixels = np.zeros((HEIGHT, WIDTH, channels), np.uint8)
    for colour, area in layers:
        pixels[area] = colour
    return pixels


@pytest.fixture
def source(tmp_path):
    for i, name in enumerate(("n0", "n1", "n2", "x")):
        photo(tmp_path / f"photos/{name}.jpg", i)
    (tmp_path / "masks").mkdir()
    for i in range(3):
        Image.new("L", (WIDTH, HEIGHT)).save(tmp_path / f"masks/n{i}.png")
    return tmp_path


def palette_image():
    image = Image.fromarray(AREA.astype(np.uint8))
    image.putpalette([0, 0, 0, 255, 0, 0])
    return image


@pytest.mark.parametrize("image", [
    Image.fromarray(AREA),
    Image.fromarray(AREA.astype(np.uint8)),  # 1 instead of 255
    Image.fromarray(AREA.astype(np.uint16)),
    palette_image(),
    Image.fromarray(painted(((0, 0, 1), AREA))),
    Image.fromarray(painted(((255, 255, 255, 0), ~AREA), ((9, 9, 9, 255), AREA), channels=4)),
])  # fmt: skip
def test_whatever_is_not_black_is_the_defect(source, image):
    image.save(source / "masks/x_mask.png")
    result = imported(read_masks(source / "photos", source / "masks"), source / "out")
    assert (mask_at(source / "out/defect/x_mask.png") == AREA).all()
    assert files(source / "out/good") == ["n0.jpg", "n1.jpg", "n2.jpg"]
    assert result.notes == [
        "Pixels that are neither black nor transparent are the defect 'defect'."
    ]


def test_several_colours_are_one_defect_if_told_so(source):
    layers = ((200, 0, 0), AREA), ((0, 0, 200), block(0, 0, 2, 2))
    Image.fromarray(painted(*layers)).save(source / "masks/x.png")
    with pytest.raises(ValueError, match=r"colours are .*\(200, 0, 0\).* by --any-colour"):
        write_folder(read_masks(source / "photos", source / "masks"), source / "out")
    reading = read_masks(source / "photos", source / "masks", "dent", any_colour=True)
    imported(reading, source / "out")
    assert (mask_at(source / "out/dent/x_mask.png") == AREA | block(0, 0, 2, 2)).all()


def test_soft_edges_are_cut_at_half_grey_and_told(source):
    soft = 255 * AREA.astype(np.uint8)
    soft[2, 5:9] = 140, 128, 127, 30
    Image.fromarray(soft).save(source / "masks/x.png")
    result = imported(read_masks(source / "photos", source / "masks"), source / "out")
    assert (mask_at(source / "out/defect/x_mask.png") == (soft > 127)).all()
    assert "x.jpg: its mask is cut at half grey, 4 pixels lie between." in result.notes


@pytest.mark.parametrize(("image", "message"), [
    (Image.new("L", (WIDTH, HEIGHT), 255), r"x\.png has no black pixel"),
    (Image.fromarray(painted(((9, 0, 0), AREA), ((255, 255, 255), ~AREA))), "colours are"),
    (Image.new("L", (HEIGHT, WIDTH)), r"x\.png is drawn on 16x24 pixels but .*x\.jpg has 24x16"),
])  # fmt: skip
def test_masks_that_cannot_be_right_are_refused(source, image, message):
    image.save(source / "masks/x.png")
    with pytest.raises(ValueError, match=message):
        write_folder(read_masks(source / "photos", source / "masks"), source / "out")
