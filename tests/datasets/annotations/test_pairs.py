"""Photographs and masks that do not fit together."""

import pytest
from PIL import Image

from annotated import block, files, imported, mask_at, photo
from prn_lib.datasets.annotations.pairs import pair_voc_folders, pair_with_masks
from prn_lib.datasets.annotations.photographs import Drawing


def nothing(mask, shown):
    return Drawing({"dent": block(0, 0, 2, 2)}) if mask.stem == "x" else Drawing()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "tree"
    for i, name in enumerate(("a", "b", "c", "sub/x")):
        photo(folder / f"JPEGImages/{name}.jpg", i)
        photo(folder / f"SegmentationClass/{name}.png", i)
    (folder / "ImageSets/Segmentation").mkdir(parents=True)
    (folder / "ImageSets/Segmentation/default.txt").write_text("a\nb\nc\nsub/x\n\n")
    return folder


def test_pairs_are_found_in_subfolders_too(source, tmp_path):
    imported(pair_voc_folders(source, None, nothing, "refuse"), tmp_path / "out")
    assert files(tmp_path / "out") == [
        "dent/x.jpg", "dent/x_mask.png", "good/a.jpg", "good/b.jpg", "good/c.jpg",
    ]  # fmt: skip
    assert mask_at(tmp_path / "out/dent/x_mask.png").sum() == 4


def test_photographs_may_lie_elsewhere(source, tmp_path):
    (source / "JPEGImages").rename(tmp_path / "pictures")
    with pytest.raises(FileNotFoundError, match=r"JPEGImages is not a folder; .* with --images"):
        pair_voc_folders(source, None, nothing, "refuse")
    reading = pair_voc_folders(source, tmp_path / "pictures", nothing, "refuse")
    assert [p.path.stem for p in reading.photographs] == ["a", "b", "c", "x"]


def test_what_has_no_partner_is_named(source):
    (source / "SegmentationClass/b.png").unlink()
    with pytest.raises(ValueError, match=r"without an annotation, 1 in all: b\.jpg"):
        pair_voc_folders(source, None, nothing, "refuse")
    assert len(pair_voc_folders(source, None, nothing, "skip").photographs) == 3
    (source / "JPEGImages/b.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"default\.txt lists photographs .*: b; add them"):
        pair_voc_folders(source, None, nothing, "refuse")
    (source / "JPEGImages/c.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no photograph in .*: c; add the photographs"):
        pair_with_masks(source / "JPEGImages", source / "SegmentationClass", nothing, "refuse")


def test_names_that_are_there_twice_and_lossy_or_no_masks_are_refused(source, tmp_path):
    images, masks = source / "JPEGImages", source / "SegmentationClass"
    photo(images / "a.bmp", 9)
    with pytest.raises(ValueError, match=r"a\.bmp and .*a\.jpg have the same name; rename one"):
        pair_with_masks(images, masks, nothing, "refuse")
    (images / "a.bmp").unlink()
    Image.new("L", (4, 4)).save(masks / "a.jpg")
    (masks / "a.png").unlink()
    with pytest.raises(ValueError, match=r"stored with loss \(a\.jpg\); use PNG"):
        pair_with_masks(images, masks, nothing, "refuse")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty holds no mask"):
        pair_with_masks(images, tmp_path / "empty", nothing, "skip")


def test_masks_in_a_folder_of_the_photographs_are_no_photographs(tmp_path):
    photo(tmp_path / "photos/a.png", 1)
    photo(tmp_path / "photos/masks/a_mask.png", 2)
    reading = pair_with_masks(
        tmp_path / "photos", tmp_path / "photos/masks", nothing, "refuse", "_mask"
    )
    assert [(p.path.name, p.annotation.name) for p in reading.photographs] == [
        ("a.png", "a_mask.png")
    ]
