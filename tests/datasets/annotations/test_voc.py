"""VOC trees whose palette masks are made by hand."""

import numpy as np
import pytest
from PIL import Image

from annotated import HEIGHT, WIDTH, block, files, imported, mask_at, photo
from prn_lib.datasets.annotations.voc import read_voc
from prn_lib.datasets.annotations.write import write_folder

PALETTE = [0, 0, 0, 128, 0, 0, 0, 128, 0] + [0] * 759  # of 256 colours, else Pillow saves 2 bits


def index_mask(path, *painted, size=(WIDTH, HEIGHT), mode="P"):
    """A palette mask, with each (index, area) painted over the last."""
    indices = np.zeros(size[::-1], np.uint8)
    for index, area in painted:
        indices[area] = index
    image = Image.fromarray(indices)
    if mode == "P":
        image.putpalette(PALETTE)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def source(tmp_path):
    """Three normal photographs, and x.jpg with class 2 bordered by void."""
    folder = tmp_path / "voc"
    for i, name in enumerate(("n0", "n1", "n2", "x")):
        photo(folder / f"JPEGImages/{name}.jpg", i)
        index_mask(folder / f"SegmentationClass/{name}.png")
    painted = (255, block(2, 3, 8, 11)), (2, block(3, 4, 7, 10))
    index_mask(folder / "SegmentationClass/x.png", *painted)
    return folder


def test_indices_are_defects_and_void_is_none(source, tmp_path):
    result = imported(read_voc(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/class2/x_mask.png") == block(3, 4, 7, 10)).all()
    assert "x.jpg: 24 void pixels (255) are taken as normal." in result.notes
    assert files(tmp_path / "out/good") == ["n0.jpg", "n1.jpg", "n2.jpg"]


def test_grey_indices_are_indices_too(source, tmp_path):
    index_mask(source / "SegmentationClass/x.png", (1, block(3, 4, 7, 10)), mode="L")
    imported(read_voc(source, labels=["dent"]), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == block(3, 4, 7, 10)).all()


def test_labels_name_the_indices(source, tmp_path):
    imported(read_voc(source, labels=["dent", "cut"]), tmp_path / "out")
    assert "cut/x.jpg" in files(tmp_path / "out")
    with pytest.raises(ValueError, match=r"x\.png has the index 2 but --labels has 1 names; add"):
        write_folder(read_voc(source, labels=["dent"]), tmp_path / "other")


def test_only_void_is_refused(source, tmp_path):
    index_mask(source / "SegmentationClass/x.png", (255, block(3, 4, 7, 10)))
    with pytest.raises(ValueError, match=r"x\.png has void pixels \(255\) and no class"):
        write_folder(read_voc(source), tmp_path / "out")


@pytest.mark.parametrize(("damage", "message"), [
    (lambda p: Image.new("RGB", (WIDTH, HEIGHT)).save(p), r"no palette \(mode RGB\); import it"),
    (lambda p: p.write_bytes(b"no picture"), r"cannot read mask .*x\.png"),
    (lambda p: index_mask(p, size=(9, 9)), r"x\.png is drawn on 9x9 pixels but .*x\.jpg has 24x16"),
])  # fmt: skip
def test_masks_that_are_none_are_named(source, tmp_path, damage, message):
    damage(source / "SegmentationClass/x.png")
    with pytest.raises(ValueError, match=message):
        write_folder(read_voc(source), tmp_path / "out")
