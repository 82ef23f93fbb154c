"""What is written: whole or not at all, byte for byte, under names that a disk can hold."""

import numpy as np
import pytest
from PIL import Image

from annotated import HEIGHT, WIDTH, block, files, imported, mask_at, photo
from prn_lib.datasets.annotations.photographs import Annotated, Drawing, Photograph
from prn_lib.datasets.annotations.write import check_label, write_folder


def some(folder, *names, **areas):
    """Photographs in ``folder`` that all have these areas."""
    return [
        Photograph(photo(folder / name, i), folder / f"{name}.json", lambda _: Drawing(dict(areas)))
        for i, name in enumerate(names)
    ]


def reading(tmp_path, *photographs):
    normal = some(tmp_path / "normal", "n0.png", "n1.png", "n2.png")
    for i, one in enumerate(normal):
        photo(one.path, 50 + i)
    return Annotated([*normal, *photographs], ["How."])


def test_photographs_are_copied_byte_for_byte_and_masks_are_beside_them(tmp_path):
    names = "a.JPG", "b.png", "c.tif"
    defects = some(tmp_path / "in", *names, dent=block(1, 2, 3, 4))
    result = imported(reading(tmp_path, *defects), tmp_path / "out")
    assert files(tmp_path / "out/dent") == [
        "a.JPG", "a_mask.png", "b.png", "b_mask.png", "c.tif", "c_mask.png",
    ]  # fmt: skip
    for name in names:
        written = tmp_path / "out/dent" / name
        assert written.read_bytes() == (tmp_path / "in" / name).read_bytes()
    assert result.table["largest mask"].tolist() == [0, 4]
    assert result.notes == ["How."]


def test_the_defect_is_that_of_the_largest_area_and_the_mask_holds_all(tmp_path):
    areas = {"dent": block(0, 0, 2, 2), "cut": block(1, 1, 4, 4), "none": block(0, 0, 0, 0)}
    result = imported(reading(tmp_path, *some(tmp_path, "a.png", **areas)), tmp_path / "out")
    assert (mask_at(tmp_path / "out/cut/a_mask.png") == areas["dent"] | areas["cut"]).all()
    assert result.table["largest mask"].tolist() == [0, 12]  # one pixel has both
    assert result.notes[1:] == [
        "a.png: dent 4 pixels, cut 9 pixels; it goes to 'cut' and its mask holds all."
    ]


@pytest.mark.parametrize("names", [
    ("a.jpg", "a.png"), ("a.jpg", "sub/a.jpg"), ("a.jpg", "A.png"),
    ("u\u0308.jpg", "sub/\u00fc.jpg"),
])  # fmt: skip
def test_names_that_collide_are_refused_before_anything_is_drawn(tmp_path, names):
    def draw(_):
        raise AssertionError("drawn")

    both = [Photograph(photo(tmp_path / "in" / name, 1), tmp_path, draw) for name in names]
    first, second = (str(one.path) for one in both)
    with pytest.raises(ValueError, match="would have the same name; rename one") as caught:
        write_folder(Annotated(both, []), tmp_path / "out")
    assert first in str(caught.value)
    assert second in str(caught.value)


def test_a_photograph_that_is_annotated_twice_is_refused(tmp_path):
    (one,) = some(tmp_path, "a.png")
    other = Photograph(one.path, tmp_path / "b.json")
    with pytest.raises(ValueError, match=r"annotated twice, in .*a\.png\.json and .*b\.json; del"):
        write_folder(Annotated([one, other], []), tmp_path / "out")


def test_the_name_of_a_mask_is_none_for_a_photograph(tmp_path):
    with pytest.raises(ValueError, match=r"a_mask\.png has a mask's name; rename it"):
        write_folder(Annotated(some(tmp_path, "a_mask.png"), []), tmp_path / "out")


def test_copies_of_a_photograph_are_refused_and_nothing_is_left(tmp_path):
    photographs = some(tmp_path / "in", "a.png", "b.png")
    photo(tmp_path / "in/b.png", 0)
    with pytest.raises(ValueError, match=r"b\.png is a copy of .*a\.png; delete one of them"):
        write_folder(Annotated(photographs, []), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("label", [
    "", " ", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a:b", "a\n", "a ", "a.", "a\0",
    "good", "Good", "cut_mask", "x" * 201,
])  # fmt: skip
def test_a_label_that_cannot_be_a_folder_is_refused(tmp_path, label):
    areas = {label: block(1, 1, 2, 2)}
    with pytest.raises(ValueError, match=r"label .* in .*a\.png\.json cannot be a folder's name"):
        write_folder(Annotated(some(tmp_path / "in", "a.png", **areas), []), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("label", ["dent", "deep dent", "goods", "mask", "Kratzer-ü", "1"])
def test_plain_labels_are_taken(tmp_path, label):
    check_label(label, tmp_path)
    areas = {label: block(1, 1, 2, 2)}
    imported(reading(tmp_path, *some(tmp_path, "a.png", **areas)), tmp_path / "out")
    assert (tmp_path / "out" / label / "a.png").is_file()


def test_labels_that_differ_in_capital_letters_are_refused(tmp_path):
    one = some(tmp_path / "in", "a.png", dent=block(1, 1, 2, 2))
    other = some(tmp_path / "more", "b.png", Dent=block(1, 1, 2, 2))
    photo(other[0].path, 9)
    with pytest.raises(ValueError, match=r"labels 'dent' and 'Dent' \(in .*b\.png\.json\) differ"):
        write_folder(Annotated([*one, *other], []), tmp_path / "out")


def test_a_folder_in_use_is_left_alone_and_an_empty_one_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for taken in ("out", "file"):
        with pytest.raises(ValueError, match=f"{taken} exists and is not empty; choose another"):
            write_folder(reading(tmp_path), tmp_path / taken)
    assert files(tmp_path / "out") == ["mine.txt"]
    (tmp_path / "out/mine.txt").unlink()
    write_folder(reading(tmp_path), tmp_path / "out")
    assert len(files(tmp_path / "out")) == 3


def test_an_error_at_the_last_photograph_leaves_nothing(tmp_path):
    def fail(_):
        raise ValueError("broken")

    last = Photograph(photo(tmp_path / "a.png", 1), tmp_path, fail)
    with pytest.raises(ValueError, match="broken"):
        write_folder(reading(tmp_path, last), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "normal"]


def test_photographs_that_the_project_cannot_read_are_named(tmp_path):
    for content, message in ((b"no picture", r"cannot read image .*a\.tif"), (None, "32 bits")):
        path = photo(tmp_path / "a.tif", 1)
        if content is None:
            Image.fromarray(np.zeros((HEIGHT, WIDTH), np.int32)).save(path)
        else:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            write_folder(Annotated([Photograph(path, path)], []), tmp_path / "out")


def test_what_is_lacking_is_told(tmp_path):
    defects = some(tmp_path / "in", "a.png", dent=block(1, 1, 2, 2))
    result = write_folder(Annotated(defects, []), tmp_path / "out")
    told = f"There is no normal photograph yet: put some into {tmp_path / 'out/good'}."
    assert result.notes == [told]
    assert result.table["photographs"].tolist() == [0, 1]
    assert (tmp_path / "out/good").is_dir()
    with pytest.raises(ValueError, match="there is no photograph to import"):
        write_folder(Annotated([], []), tmp_path / "none")


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    photographs = some(tmp_path / "in", "a.png", "b.png", "c.png", "d.png")
    for path in sorted((tmp_path / "in").glob("*.png"))[1:3]:
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match="2 troubles, so that nothing was written") as refused:
        write_folder(Annotated(photographs, []), tmp_path / "out")
    told = str(refused.value)
    assert "b.png" in told
    assert "c.png" in told
    assert not (tmp_path / "out").exists()


def test_labels_that_may_be_one_are_noted(tmp_path):
    defects = [
        Photograph(
            photo(tmp_path / f"{i}.png", i),
            tmp_path,
            lambda _, label=label: Drawing({label: block(0, 0, 2, 2)}),
        )
        for i, label in enumerate(("chip", "chips", "dent"))
    ]
    notes = write_folder(Annotated(defects, []), tmp_path / "out").notes
    alike = [note for note in notes if "two kinds of defect" in note]
    assert len(alike) == 1
    assert "'chip' and 'chips'" in alike[0]
