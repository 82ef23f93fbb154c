import json

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from prn_lib.datasets import DATASETS, categories, find_root, load_category, mini
from prn_lib.datasets.mini import generate
from prn_lib.evaluation.metrics import average_precision

CASES = [(name, d.__name__) for name, module in mini.CATEGORIES.items() for d in module.DEFECTS]


@pytest.fixture(scope="module")
def root():
    """The project's own copy, which other tests need too."""
    return find_root(DATASETS["mini"], None)


@pytest.mark.parametrize(("category", "defect"), CASES)
@pytest.mark.parametrize("index", range(3))
def test_masks_are_exact(category, defect, index):
    image, twin, mask = mini.make_image(category, defect, index)
    assert image.shape == twin.shape == (256, 256, 3)
    assert np.array_equal(image[~mask], twin[~mask])
    changed = (image != twin).any(axis=2)
    # Inside the mask nearly every pixel differs; a rewoven patch keeps half of its crossings.
    assert changed[mask].mean() > (0.4 if defect == "misweave" else 0.8)
    assert mask.sum() >= 20


def test_defects_differ_in_size_and_number():
    areas, numbers = {}, {}
    for category, defect in CASES:
        masks = [mini.make_image(category, defect, i)[2] for i in range(4)]
        areas[defect] = np.median([mask.sum() for mask in masks])
        numbers[defect] = np.median([ndimage.label(mask, np.ones((3, 3)))[1] for mask in masks])
    assert max(areas.values()) > 15 * min(areas.values())
    assert max(numbers.values()) >= 4
    assert min(numbers.values()) == 1
    assert all(len(module.DEFECTS) >= 4 for module in mini.CATEGORIES.values())


def test_same_seed_same_image():
    first, second = (mini.make_image("weave", "stain", 3, seed=5)[0] for _ in range(2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, mini.make_image("weave", "stain", 3, seed=6)[0])
    assert not np.array_equal(first, mini.make_image("weave", "stain", 4, seed=5)[0])


def test_layout_and_counts(root):
    assert categories("mini", root) == ["button", "grain", "weave"]
    for name, module in mini.CATEGORIES.items():
        category = load_category("mini", name, root)
        assert len(category.train_normals) == generate.TRAIN_NORMALS
        assert len(category.train_anomalies) == 10
        anomalies = len(module.DEFECTS) * generate.PER_DEFECT - 10
        assert len(category.test) == generate.TEST_NORMALS + anomalies
    written = np.asarray(Image.open(root / "grain/test/dent/002.png"))
    assert np.array_equal(written, mini.make_image("grain", "dent", 2)[0])
    truth = np.asarray(Image.open(root / "grain/ground_truth/dent/002_mask.png"))
    assert np.array_equal(truth > 0, mini.make_image("grain", "dent", 2)[2])


def test_a_plain_threshold_fails(root):
    """The best of several simple detectors leaves most of each category's precision to gain."""
    for name in mini.CATEGORIES:
        category = load_category("mini", name, root)
        images, masks = category.load(category.test, 128)
        normals, _ = category.load(category.train_normals, 128)
        grey = images.float().mean(1, keepdim=True)
        from_mean = (images.float() - normals.float().mean(0)).abs().mean(1, keepdim=True)
        for score in (grey, -grey, (grey - grey.mean((2, 3), keepdim=True)).abs(), from_mean):
            assert average_precision(masks.numpy(), score.numpy()) < 0.5, name


def test_ensure_keeps_what_is_current_and_renews_what_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(generate, "_plan", lambda: [("grain", None, "train/good", 0)])
    root = mini.ensure(tmp_path / "mini")
    image = root / "grain/train/good/000.png"
    before = image.stat().st_mtime_ns
    mini.ensure(root)
    assert image.stat().st_mtime_ns == before
    (root / generate.MANIFEST).write_text(json.dumps({"seed": 0, "generator": "an older one"}))
    mini.ensure(root)
    assert image.stat().st_mtime_ns != before
    assert [path.name for path in tmp_path.iterdir()] == ["mini"]  # no draft is left behind


def test_ensure_never_overwrites_a_foreign_folder(tmp_path):
    (tmp_path / "photo.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"not the generated mini dataset"):
        mini.ensure(tmp_path)
    assert (tmp_path / "photo.png").read_bytes() == b"mine"


def test_an_interrupted_generation_leaves_nothing(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "_save", stop)
    with pytest.raises(KeyboardInterrupt):
        mini.ensure(tmp_path / "mini")
    assert list(tmp_path.iterdir()) == []
