"""``prn data import`` for every format, as a person calls it."""

import json

import numpy as np
import pytest
from PIL import Image

from annotated import HEIGHT, WIDTH, block, files, labelme, mask_at, normals, photo, shape
from prn_lib.cli import main

AREA = block(3, 4, 7, 10)
COLOUR = (250, 50, 83)


@pytest.fixture
def source(tmp_path):
    """One product in all formats at once: three normal photographs and x.png with one defect."""
    tree = tmp_path / "in"
    normals(tree / "JPEGImages")
    photo(tree / "JPEGImages/x.png", 1)
    (tree / "SegmentationClass").mkdir()
    for path in (tree / "JPEGImages").glob("*.png"):
        area = AREA if path.stem == "x" else np.zeros_like(AREA)
        pixels = area[..., None] * np.array(COLOUR, np.uint8)
        Image.fromarray(pixels).save(tree / "SegmentationClass" / path.name)
    (tree / "labelmap.txt").write_text("dent:250,50,83::\n")
    return tree


def write_labelme(tree):
    for path in (tree / "JPEGImages").glob("*.png"):
        corners = [[4, 3], [9, 6]]
        shapes = [shape("dent", corners, "rectangle")] if path.stem == "x" else []
        labelme(path.with_suffix(".json"), shapes)


def write_coco(tree):
    names = sorted(path.name for path in (tree / "JPEGImages").glob("*.png"))
    size = {"width": WIDTH, "height": HEIGHT}
    outline = [4, 3, 10, 3, 10, 7, 4, 7]
    defect = {"id": 1, "image_id": names.index("x.png"), "category_id": 1}
    data = {
        "images": [{"id": i, "file_name": name, **size} for i, name in enumerate(names)],
        "categories": [{"id": 1, "name": "dent"}],
        "annotations": [{**defect, "segmentation": [outline]}],
    }
    (tree / "all.json").write_text(json.dumps(data))


def write_voc(tree):
    for path in (tree / "SegmentationClass").glob("*.png"):
        with Image.open(path) as image:
            index = Image.fromarray((np.asarray(image)[..., 0] > 0).astype(np.uint8))
        index.putpalette([0, 0, 0, *COLOUR])
        index.save(path)


@pytest.mark.parametrize(("prepare", "words"), [
    (write_labelme, "labelme {}/JPEGImages"),
    (write_coco, "coco {}/all.json --images {}/JPEGImages"),
    (lambda _: None, "cvat {}"),
    (lambda tree: (tree / "JPEGImages").rename(tree / "p"), "cvat {} --images {}/p"),
    (write_voc, "voc {} --labels dent"),
    (lambda _: None, "masks {}/JPEGImages --masks {}/SegmentationClass --labels dent"),
])  # fmt: skip
def test_every_format_gives_the_same_folder(source, tmp_path, capsys, prepare, words):
    prepare(source)
    kind, *rest = words.replace("{}", str(source)).split()
    out = tmp_path / "my product"
    assert main(["data", "import", "--from", kind, *rest, "--out", str(out)]) == 0
    assert files(out) == [
        "dent/x.png", "dent/x_mask.png",
        "good/normal0.png", "good/normal1.png", "good/normal2.png",
    ]  # fmt: skip
    assert (mask_at(out / "dent/x_mask.png") == AREA).all()
    told = capsys.readouterr().out
    assert told.splitlines()[2].split() == ["dent", "1", "24", "24"]
    assert "worth knowing:" in told
    assert f"data check --dataset folder --root '{out}'" in told
    assert main(["data", "check", "--dataset", "folder", "--root", str(out)]) == 1
    (trouble,) = capsys.readouterr().out.partition("TROUBLE:\n")[2].strip().splitlines()[:1]
    assert "my product has 1 anomaly; at least 2 are needed" in trouble


def test_photographs_without_an_annotation_are_what_the_person_says(source, tmp_path, capsys):
    write_labelme(source)
    (source / "JPEGImages/normal1.json").unlink()
    words = ["data", "import", "--from", "labelme", str(source / "JPEGImages")]
    assert main([*words, "--out", str(tmp_path / "out")]) == 2
    assert "without an annotation, 1 in all: normal1.png" in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "out"), "--unlabelled", "good"]) == 0
    assert (tmp_path / "out/good/normal1.png").is_file()


@pytest.mark.parametrize(("words", "message"), [
    ("labelme {} --masks {}", "--masks is no option of --from labelme; leave it"),
    ("coco {} --any-colour", "--any-colour is no option of --from coco; leave it"),
    ("cvat {} --labels a", "--labels is no option of --from cvat"),
    ("masks {}", "--from masks needs --masks FOLDER"),
    ("masks {} --masks {} --labels a,b", "at most one name in --labels"),
    ("yolo {}", "'yolo' is not one of"),
    ("labelme {}/none", "none is not a folder"),
    ("coco {}/none.json", "none.json is missing"),
    ("cvat {}/none", "labelmap.txt is missing"),
    ("voc {}/none", "JPEGImages is not a folder"),
    ("masks {}/JPEGImages --masks {}/none", "none is not a folder"),
])  # fmt: skip
def test_a_wrong_request_is_one_line(source, tmp_path, capsys, words, message):
    kind, *rest = words.replace("{}", str(source)).split()
    assert main(["data", "import", "--from", kind, *rest, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
