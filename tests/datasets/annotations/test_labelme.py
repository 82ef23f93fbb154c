"""LabelMe's files, made by hand as its program writes them."""

import base64
import json

import numpy as np
import pytest
from PIL import Image

from annotated import (
    HEIGHT,
    WIDTH,
    block,
    files,
    imported,
    labelme,
    mask_at,
    normals,
    photo,
    png_text,
    shape,
)
from prn_lib.datasets.annotations.labelme import read_labelme
from prn_lib.datasets.annotations.write import write_folder

BOX = [[4, 3], [9, 3], [9, 6], [4, 6]]  # rows 3 to 6, columns 4 to 9
PATCH = np.array([[1, 1, 0], [0, 1, 1]], np.uint8) * 255


@pytest.fixture
def source(tmp_path):
    """Three normal photographs with empty JSON files, and x.png without one."""
    folder = tmp_path / "photos"
    normals(folder)
    for path in folder.glob("*.png"):
        labelme(path.with_suffix(".json"), [])
    photo(folder / "x.png", 1)
    return folder


@pytest.mark.parametrize(("one", "expected"), [
    (shape("dent", BOX), block(3, 4, 7, 10)),
    ({"label": "dent", "points": BOX}, block(3, 4, 7, 10)),  # as the oldest files have it
    (shape("dent", [[9, 6], [4, 3]], "rectangle"), block(3, 4, 7, 10)),
    (
        shape("dent", [[20, 1], [22, 2]], "mask", mask=png_text(PATCH)),
        np.pad(PATCH > 0, ((1, HEIGHT - 3), (20, WIDTH - 23))),
    ),
    (
        shape("dent", [[15, 8], [16.5, 8]], "circle"),  # from 13.5 to 16.5: pixels 13 to 16
        block(6, 14, 10, 16) | block(7, 13, 9, 17),
    ),
])  # fmt: skip
def test_every_kind_of_shape_becomes_its_pixels(source, tmp_path, one, expected):
    labelme(source / "x.json", [one])
    imported(read_labelme(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == expected).all()


def test_a_json_without_shapes_is_normal_and_nothing_else_is(source, tmp_path):
    labelme(source / "x.json", [shape("dent", BOX)])
    result = imported(read_labelme(source), tmp_path / "out")
    assert files(tmp_path / "out") == [
        "dent/x.png", "dent/x_mask.png", "good/normal0.png", "good/normal1.png", "good/normal2.png",
    ]  # fmt: skip
    assert result.table.to_dict("list") == {
        "folder": ["good", "dent"],
        "photographs": [3, 1],
        "smallest mask": [0, 24],
        "largest mask": [0, 24],
    }
    assert result.notes == [
        "Shapes are filled as LabelMe does it: pixels on the outline belong to the defect."
    ]


def test_a_photograph_without_a_json_is_what_the_person_says(source, tmp_path):
    photo(source / "y.png", 2)
    labelme(source / "y.json", [shape("dent", BOX)])
    with pytest.raises(ValueError, match=r"without an annotation, 1 in all: x\.png; say --unl"):
        read_labelme(source)
    result = imported(read_labelme(source, "good"), tmp_path / "good")
    assert (tmp_path / "good/good/x.png").is_file()
    assert (
        "Photographs without an annotation, 1 in all, are taken as normal: x.png." in result.notes
    )
    result = imported(read_labelme(source, "skip"), tmp_path / "skip")
    assert "good/x.png" not in files(tmp_path / "skip")
    assert "Photographs without an annotation, 1 in all, are left out: x.png." in result.notes


def test_photographs_lie_where_the_json_says_also_on_windows(source, tmp_path):
    (source / "x.png").unlink()
    photo(source / "pictures/x.jpg", 1)
    labelme(source / "labels/any.json", [shape("dent", BOX)], image="..\\pictures\\x.jpg")
    imported(read_labelme(source), tmp_path / "out")
    written = tmp_path / "out/dent/x.jpg"
    assert written.read_bytes() == (source / "pictures/x.jpg").read_bytes()


def test_a_photograph_that_is_only_in_its_json_is_taken_from_there(source, tmp_path):
    content = (source / "x.png").read_bytes()
    (source / "x.png").unlink()
    data = base64.b64encode(content).decode()
    labelme(source / "x.json", [shape("dent", BOX)], image="x.tif", imageData=data)
    result = imported(read_labelme(source), tmp_path / "out")
    assert (tmp_path / "out/dent/x.png").read_bytes() == content
    assert result.notes[1:] == [
        "Photographs taken out of their JSON, as they are no files, 1 in all: x.png."
    ]


def test_an_embedded_photograph_does_not_hide_a_file_of_its_name(source, tmp_path):
    data = base64.b64encode(photo(tmp_path / "other.png", 2).read_bytes()).decode()
    labelme(source / "x.json", [], image="x.tif", imageData=data)
    with pytest.raises(ValueError, match=r"x\.tif, which is missing, and x\.png is there; mend"):
        read_labelme(source, "good")


def test_masks_are_of_the_photograph_as_its_exif_data_turn_it(source, tmp_path):
    (source / "x.png").unlink()
    photo(source / "x.jpg", 1, (HEIGHT, WIDTH), orientation=6)  # shown as WIDTH x HEIGHT
    labelme(source / "x.json", [shape("dent", BOX)], image="x.jpg")
    imported(read_labelme(source), tmp_path / "out")
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == block(3, 4, 7, 10)).all()
    labelme(source / "x.json", [shape("dent", BOX)], (HEIGHT, WIDTH), image="x.jpg")
    with pytest.raises(ValueError, match=r"as 16x24, before its EXIF data turn it to 24x16; remov"):
        write_folder(read_labelme(source), tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_annotation_of_another_picture_is_refused(source, tmp_path):
    labelme(source / "x.json", [shape("dent", BOX)], (48, 32))
    with pytest.raises(ValueError, match=r"x\.json is drawn on 48x32 pixels but .*x\.png has 24"):
        write_folder(read_labelme(source), tmp_path / "out")
    labelme(source / "x.json", [shape("dent", BOX)], imageWidth=None, imageHeight=None)
    imported(read_labelme(source), tmp_path / "out")


def test_shapes_outside_of_the_picture_are_cut_and_told(source, tmp_path):
    brush = shape("dent", [[22, 14], [24, 15]], "mask", mask=png_text(PATCH))
    far = [[30, 3], [40, 3], [40, 9]]
    out = [[20, 3], [30, 3], [30, 4], [20, 4]]
    labelme(source / "x.json", [shape("dent", out), shape("cut", far), brush])
    result = imported(read_labelme(source), tmp_path / "out")
    expected = block(3, 20, 5, 24) | block(14, 22, 15, 24) | block(15, 23, 16, 24)
    assert (mask_at(tmp_path / "out/dent/x_mask.png") == expected).all()
    assert result.notes[1:] == [
        "x.png: shape 1 (dent) lies outside of the picture; the part inside is taken.",
        "x.png: shape 2 (cut) lies outside of the picture; it is passed over.",
        "x.png: shape 3 (dent) lies outside of the picture; the part inside is taken.",
    ]


@pytest.mark.parametrize(("shapes", "message"), [
    ([shape("dent", BOX[:2])], r"shape 1 of .*x\.json is a polygon of 2 points"),
    ([shape("dent", BOX), shape("dent", BOX, "linestrip")], "shape 2 of .* is a linestrip, which"),
    ([shape("dent", [[float("nan"), 1], *BOX])], "NaN or huge"),
    ([shape(None, BOX)], "has no field 'label' that is a text"),
    ([shape("dent", None)], "has no field 'points' that is a list"),
    (["dent"], "shape 1 of .* has no field 'label'"),
    ([shape("dent", BOX[::2], "mask", mask=None)], "has no field 'mask' that is a text"),
    ([shape("dent", BOX[::2], "mask", mask="%")], "'mask' of shape 1 .* is no base64"),
    ([shape("dent", BOX[::2], "mask", mask="aaaa")], "shape 1 of .* is no picture"),
    ([shape("dent", BOX[::2], "mask", mask=png_text(PATCH))], "another size than its box"),
    ([shape("dent", [[0, 0], [2, 1]], "mask", mask=png_text(np.dstack([PATCH] * 3)))], "colours"),
    ([shape("dent", [[30, 30], [40, 30], [40, 40]])], r"x\.json cover no pixel of .*x\.png"),
])  # fmt: skip
def test_bad_shapes_are_named_and_nothing_is_written(source, tmp_path, shapes, message):
    labelme(source / "x.json", shapes)
    with pytest.raises(ValueError, match=message):
        write_folder(read_labelme(source), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


@pytest.mark.parametrize(("text", "message"), [
    ("{", r"x\.json is no JSON that can be read"),
    ("[" * 100_000, "is no JSON that can be read"),
    ("[]", "holds no JSON object"),
    (b"\xff\xfe\x00", "is no JSON that can be read"),
    (json.dumps({"imagePath": "x.png"}), "has no field 'shapes' that is a list"),
    (json.dumps({"shapes": []}), "has no field 'imagePath' that is a text"),
    (json.dumps({"shapes": [], "imagePath": "x.json"}), "none of the endings .*; convert it"),
    (json.dumps({"shapes": [], "imagePath": "y.png", "imageData": "%"}), "is no base64"),
    (json.dumps({"shapes": [], "imagePath": "y.png", "imageData": "aaaa"}), "is no picture"),
])  # fmt: skip
def test_a_malformed_json_is_named(source, text, message):
    (source / "x.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        read_labelme(source)


def test_what_is_missing_is_named(source, tmp_path):
    (source / "x.png").unlink()
    labelme(source / "x.json", [])
    with pytest.raises(FileNotFoundError, match=r"x\.json speaks of .*x\.png, which is missing; "):
        read_labelme(source)
    with pytest.raises(FileNotFoundError, match=r"none is not a folder"):
        read_labelme(tmp_path / "none")
    photo(tmp_path / "bare/a.png", 1)
    with pytest.raises(FileNotFoundError, match=r"bare holds no JSON of LabelMe"):
        read_labelme(tmp_path / "bare")


def test_hidden_files_are_passed_over(source, tmp_path):
    labelme(source / "x.json", [shape("dent", BOX)])
    labelme(source / ".trash/y.json", "broken")
    (source / "._x.json").write_bytes(b"\x00")
    Image.new("RGB", (4, 4)).save(source / "._x.png")
    result = imported(read_labelme(source), tmp_path / "out")
    assert result.table["photographs"].sum() == 4
