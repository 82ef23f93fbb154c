"""CVAT's export "Segmentation mask 1.1", made by hand."""

import numpy as np
import pytest
from PIL import Image

from annotated import HEIGHT, WIDTH, block, imported, mask_at, photo
from prn_lib.datasets.annotations.cvat import read_cvat, read_label_map
from prn_lib.datasets.annotations.write import write_folder

MAP = "# label:color_rgb:parts:actions\nbackground:0,0,0::\ndent:250,50,83::\ncut:36,179,83::\n"


def colour_mask(path, *painted, mode="RGB"):
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for colour, area in painted:
        pixels[area] = colour
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).convert(mode).save(path)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "export"
    for i, name in enumerate(("n0", "n1", "n2", "x")):
        photo(folder / f"JPEGImages/{name}.jpg", i)
        colour_mask(folder / f"SegmentationClass/{name}.png")
    (folder / "labelmap.txt").write_text(MAP)
    return folder


@pytest.mark.parametrize("mode", ["RGB", "P"])
def test_colours_become_labels_and_the_largest_names_the_defect(source, tmp_path, mode):
    dent, cut = block(3, 4, 7, 10), block(10, 0, 12, 4)
    painted = ((250, 50, 83), dent), ((36, 179, 83), cut)
    colour_mask(source / "SegmentationClass/x.png", *painted)
    if mode == "P":  # some versions write a palette
        with Image.open(source / "SegmentationClass/x.png") as image:
            image.quantize(3).save(source / "SegmentationClass/x.png")
    result = imported(read_cvat(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == dent | cut).all()
    assert result.notes[1:] == [
        "x.jpg: dent 24 pixels, cut 8 pixels; it goes to 'dent' and its mask holds all."
    ]


def test_a_background_of_another_colour_is_background(source, tmp_path):
    (source / "labelmap.txt").write_text("Background:0,128,0::\na:b:1,2,3::\n")
    everywhere = block(0, 0, HEIGHT, WIDTH)
    for path in (source / "SegmentationClass").glob("n*.png"):
        colour_mask(path, ((0, 128, 0), everywhere))
    assert read_label_map(source / "labelmap.txt") == {
        (0, 128, 0): "background", (1, 2, 3): "a:b", (0, 0, 0): "background",
    }  # fmt: skip
    colour_mask(source / "SegmentationClass/x.png", ((0, 128, 0), block(0, 0, 9, 9)))
    result = write_folder(read_cvat(source), tmp_path / "out")
    assert result.table["photographs"].tolist() == [4]
    assert "There is no photograph with a defect yet; a training needs some." in result.notes


def test_a_colour_that_no_label_has_is_named(source, tmp_path):
    colour_mask(source / "SegmentationClass/x.png", ((250, 50, 84), block(3, 4, 7, 10)))
    with pytest.raises(ValueError, match=r"x\.png has 24 pixels .* such as \(250, 50, 84\)"):
        write_folder(read_cvat(source), tmp_path / "out")


def test_a_mask_of_another_size_is_named(source, tmp_path):
    Image.new("RGB", (5, 5)).save(source / "SegmentationClass/x.png")
    with pytest.raises(ValueError, match=r"x\.png is drawn on 5x5 pixels but .*x\.jpg has 24x16"):
        write_folder(read_cvat(source), tmp_path / "out")


@pytest.mark.parametrize(("text", "message"), [
    ("dent\n", r"line 1 of .*labelmap\.txt is not 'label:r,g,b::'"),
    ("# x\ndent:1,2::\n", "line 2 of .* is not 'label:r,g,b::'"),
    ("dent:1,2,x::\n", "is not 'label:r,g,b::'"),
    ("dent:1,2,3::\ncut:1,2,3::\n", r"gives 'dent' and 'cut' the colour \(1, 2, 3\)"),
    ("dent:0,0,0::\n", "paints 'dent' black, as what has no label"),
])  # fmt: skip
def test_an_ambiguous_label_map_is_refused(source, text, message):
    (source / "labelmap.txt").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_cvat(source)


def test_a_missing_label_map_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="give the folder of CVAT's unpacked export"):
        read_cvat(tmp_path)
