"""COCO files against pycocotools' own encoding and masks made by hand."""

import json
import sys

import numpy as np
import pytest
from pycocotools import mask as tools

from annotated import HEIGHT, WIDTH, block, files, imported, mask_at, photo
from prn_lib.datasets.annotations.coco import read_coco
from prn_lib.datasets.annotations.write import write_folder

BOX = [4, 3, 10, 3, 10, 7, 4, 7]  # from the left edge of column 4 to the right edge of column 9
NAN = float("nan")


def coco(folder, segmentations, **changes):
    """A COCO file in ``folder`` with three normal photographs and x.png, which has these."""
    for i, name in enumerate(("n0", "n1", "n2", "x")):
        photo(folder / f"{name}.png", i)
    data = {
        "images": [
            {"id": 7 + i, "file_name": f"{name}.png", "width": WIDTH, "height": HEIGHT}
            for i, name in enumerate(("n0", "n1", "n2", "x"))
        ],
        "categories": [{"id": 3, "name": "dent"}, {"id": 5, "name": "cut"}],
        "annotations": [
            {"id": i, "image_id": 10, "category_id": 3, "segmentation": s, "iscrowd": 0}
            for i, s in enumerate(segmentations, start=1)
        ],
    }
    (folder / "all.json").write_text(json.dumps({**data, **changes}))
    return folder / "all.json"


def compressed(mask):
    runs = tools.encode(np.asfortranarray(mask, np.uint8))
    return {"size": list(runs["size"]), "counts": runs["counts"].decode()}


def listed(mask):
    """Run lengths down the columns, counted one pixel after another."""
    counts, last = [0], False
    for value in mask.ravel("F"):
        if value != last:
            counts.append(0)
            last = value
        counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


RING = block(2, 2, 12, 20) & ~block(4, 6, 9, 11)
NOISE = np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.4


@pytest.mark.parametrize(("segmentation", "expected"), [
    ([BOX], block(3, 4, 7, 10)),
    ([BOX, [20, 10, 22, 10, 22, 12, 20, 12]], block(3, 4, 7, 10) | block(10, 20, 12, 22)),
    (compressed(RING), RING),
    (listed(RING), RING),
    (compressed(NOISE), NOISE),
    (listed(NOISE), NOISE),
    (compressed(block(0, 0, 1, 1)), block(0, 0, 1, 1)),
])  # fmt: skip
def test_each_kind_of_segmentation_becomes_its_pixels(tmp_path, segmentation, expected):
    source = coco(tmp_path / "photos", [segmentation])
    result = imported(read_coco(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == expected).all()
    assert files(tmp_path / "out/good") == ["n0.png", "n1.png", "n2.png"]
    assert len(result.notes) == 1


@pytest.mark.parametrize("seed", range(5))
def test_large_masks_are_read_as_pycocotools_reads_them(tmp_path, seed):
    """Long runs and negative differences: numbers of several signs."""
    random = np.random.default_rng(seed)
    mask = np.zeros((300, 400), bool)
    for top, left in random.integers(0, 250, (8, 2)):
        mask[top : top + random.integers(1, 200), left : left + random.integers(1, 200)] ^= True
    picture = {"id": 10, "file_name": "x.png", "width": 400, "height": 300}
    source = coco(tmp_path, [compressed(mask)], images=[picture])
    photo(tmp_path / "x.png", seed, (400, 300))
    write_folder(read_coco(source, unlabelled="skip"), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == mask).all()


def test_a_polygon_outside_is_cut_and_told(tmp_path):
    source = coco(tmp_path / "photos", [[[-5, -5, 3, -5, 3, 2, -5, 2]], [[30, 3, 40, 3, 40, 9]]])
    result = imported(read_coco(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == block(0, 0, 2, 3)).all()
    assert result.notes[1:] == [
        f"x.png: annotation 1 of {source} (dent) lies outside of the picture; "
        "the part inside is taken.",
        f"x.png: annotation 2 of {source} (dent) lies outside of the picture; it is passed over.",
    ]


def test_photographs_lie_in_a_folder_of_their_own(tmp_path):
    source = coco(tmp_path / "photos", [[BOX]])
    elsewhere = source.rename(tmp_path / "all.json")
    with pytest.raises(FileNotFoundError, match=r"n0\.png, which is missing; give .* --images"):
        read_coco(elsewhere)
    imported(read_coco(elsewhere, tmp_path / "photos"), tmp_path / "out")
    photo(tmp_path / "photos/other.png", 50)
    with pytest.raises(ValueError, match=r"without an annotation, 1 in all: other\.png"):
        read_coco(elsewhere, tmp_path / "photos")
    imported(read_coco(elsewhere, tmp_path / "photos", "good"), tmp_path / "more")
    assert "good/other.png" in files(tmp_path / "more")


def test_an_annotation_of_the_unturned_photograph_is_refused(tmp_path):
    source = coco(tmp_path / "photos", [[BOX]])
    photo(tmp_path / "photos/x.png", 1, orientation=6)
    with pytest.raises(ValueError, match="as 24x16, before its EXIF data turn it to 16x24"):
        write_folder(read_coco(source), tmp_path / "out")
    photo(tmp_path / "photos/x.png", 1, orientation=3)
    result = imported(read_coco(source), tmp_path / "out")
    assert "its size cannot tell if the tool did so too: see its mask" in result.notes[1]


@pytest.mark.parametrize(("segmentation", "message"), [
    ([], r"annotation 1 of .*all\.json has a box but no 'segmentation'"),
    (None, "has a box but no 'segmentation'"),
    ([[1, 2, 3, 4]], "annotation 1 of .* is a polygon of 2 points"),
    ([[1, 2, 3, 4, 5]], "no list of x, y, x, y"),
    ([1, 2, 3, 4, 5, 6], "no list of x, y, x, y"),
    ([[1, 2, NAN, 4, 5, 6]], "NaN or huge"),
    ({"size": [WIDTH, HEIGHT], "counts": [384]}, r"size \[24, 16\] instead of \[16, 24\]"),
    ({"size": [HEIGHT, WIDTH], "counts": [300, 83]}, "do not add up to the 24x16 pixels"),
    ({"size": [HEIGHT, WIDTH], "counts": [385, -1]}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": [83.5, 300.5]}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": None}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": ""}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": "zzzz"}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": "\u20ac?"}, "do not add up"),
    ({"size": [HEIGHT, WIDTH], "counts": compressed(block(1, 1, 2, 2, (4, 4)))["counts"]}, "add"),
    ([[30, 30, 40, 30, 40, 40]], "cover no pixel of"),
])  # fmt: skip
def test_bad_segmentations_are_named_and_nothing_is_written(tmp_path, segmentation, message):
    source = coco(tmp_path / "photos", [segmentation])
    with pytest.raises(ValueError, match=message):
        write_folder(read_coco(source), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


@pytest.mark.parametrize(("changes", "message"), [
    ({"images": None}, r"all\.json has no field 'images' that is a list"),
    ({"categories": [{"id": 3}]}, "category 3 of .* has no field 'name' that is a text"),
    ({"categories": [{"name": "a"}]}, "record 1 in 'categories' of .* has no field 'id'"),
    ({"categories": [{"id": 3, "name": "a"}] * 2}, "has two categories with the id 3"),
    ({"images": [{"id": 10, "file_name": 4}]}, "image 10 of .* has no field 'file_name'"),
    ({"images": [{"id": 10, "file_name": "x.png", "width": True}]}, "has no field 'width'"),
    ({"annotations": [{"id": 1, "image_id": 99, "category_id": 3}]}, "has image_id 99 and"),
    ({"annotations": [{"id": 1, "image_id": 10, "category_id": 4}]}, "category_id 4, of which"),
    ({"annotations": ["x"]}, "annotation 1 of .* has no field 'image_id'"),
])  # fmt: skip
def test_malformed_records_are_named(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        read_coco(coco(tmp_path / "photos", [[BOX]], **changes))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"annotation file .* is missing; give the path"):
        read_coco(tmp_path)


def test_polygons_without_pycocotools_say_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    with pytest.raises(ImportError, match="need pycocotools; run: pip install pycocotools"):
        write_folder(read_coco(coco(tmp_path / "a", [[BOX]])), tmp_path / "out")
    write_folder(read_coco(coco(tmp_path / "b", [listed(RING)])), tmp_path / "out")
