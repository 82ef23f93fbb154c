from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import SIDE, save_image, save_mask
from prn_lib.datasets import DATASETS, categories, load_category


def names(samples):
    return [sample.name for sample in samples]


def test_counts_and_types(product_root):
    category = load_category("mvtec", "plate", product_root, seed=1, n_anomalies=3)
    assert len(category.train_normals) == 6
    assert len(category.train_anomalies) == 3
    assert len(category.test) == 3 + (8 - 3)
    assert {s.defect for s in category.train_anomalies + category.test} == {"good", "hole", "cut"}


@pytest.mark.parametrize("seed", range(8))
def test_no_training_anomaly_is_tested_and_none_is_lost(product_root, seed):
    category = load_category("mvtec", "plate", product_root, seed=seed, n_anomalies=3)
    train, test = set(names(category.train_anomalies)), set(names(category.test))
    assert not train & test
    assert not {s.image for s in category.train_anomalies} & {s.image for s in category.test}
    everything = {f"test/{d}/{i:03d}" for d in ("hole", "cut") for i in range(4)}
    assert {n for n in train | test if "good" not in n} == everything


def test_split_depends_on_seed_alone(product_root):
    def drawn(seed):
        category = load_category("mvtec", "plate", product_root, seed=seed, n_anomalies=3)
        return names(category.train_anomalies)

    assert drawn(0) == drawn(0)
    assert len({tuple(drawn(seed)) for seed in range(10)}) > 1


def test_images_and_masks_are_read_exactly(product_root):
    category = load_category("mvtec", "plate", product_root, n_anomalies=3)
    hole = next(s for s in category.train_anomalies + category.test if s.defect == "hole")
    images, masks = category.load([hole, category.train_normals[0]], SIDE)
    assert images.shape == (2, 3, SIDE, SIDE)
    assert images.dtype == masks.dtype == torch.uint8
    assert np.array_equal(images[0].permute(1, 2, 0), np.asarray(Image.open(hole.image)))
    assert masks[0].sum() == 24 * 20
    assert masks[1].sum() == 0
    half, half_mask = category.load([hole], SIDE // 2)
    assert half.shape == (1, 3, SIDE // 2, SIDE // 2)
    assert half_mask.unique().tolist() == [0, 1]
    assert half_mask.sum() == 24 * 20 / 4


def test_grey_images_become_rgb(product_root):
    path = product_root / "plate/train/good/000.png"
    Image.open(path).convert("L").save(path)
    category = load_category("mvtec", "plate", product_root, n_anomalies=3)
    images, _ = category.load(category.train_normals[:1], 64)
    assert torch.equal(images[0, 0], images[0, 1])


def test_unknown_dataset_and_category_name_the_known_ones(product_root):
    with pytest.raises(ValueError, match="unknown dataset 'mvtek'; known: mini, mvtec, dagm"):
        load_category("mvtek", "plate", product_root)
    with pytest.raises(ValueError, match=r"unknown category 'plat' .*there: plate"):
        load_category("mvtec", "plat", product_root)


def test_no_image_is_drawn_for_a_category_that_does_not_exist(monkeypatch):
    drawn = []
    there = replace(DATASETS["mini"], generate=drawn.append)
    monkeypatch.setitem(DATASETS, "mini", there)
    with pytest.raises(ValueError, match=r"unknown category 'loom' of mini in .*there: button, gr"):
        load_category("mini", "loom")
    assert drawn == []


def test_missing_folders_are_named(product_root, tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"no mvtec category found in .*nowhere, which does not exist; point",
    ):
        load_category("mvtec", "plate", tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no mvtec category found in"):
        categories("mvtec", tmp_path)
    with pytest.raises(ValueError, match="needs data_root"):
        categories("mvtec")
    for path in (product_root / "plate/train/good").iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"train/good holds no image"):
        load_category("mvtec", "plate", product_root, n_anomalies=3)


def test_unreadable_image_is_named(product_root):
    path = product_root / "plate/train/good/002.png"
    path.write_bytes(path.read_bytes()[:200])
    category = load_category("mvtec", "plate", product_root, n_anomalies=3)
    with pytest.raises(ValueError, match=r"cannot read image .*good/002\.png .*replace it"):
        category.load(category.train_normals, 64)


def test_mask_of_another_size_is_named(product_root):
    save_mask(product_root / "plate/ground_truth/hole/001_mask.png", (0, 0, 9, 9), side=80)
    category = load_category("mvtec", "plate", product_root, n_anomalies=3)
    with pytest.raises(ValueError, match=r"hole/001_mask\.png is 80x80 but .* is 96x96"):
        category.load(category.train_anomalies + category.test, 64)


def test_mask_without_image_and_image_without_mask_are_named(product_root):
    stray = product_root / "plate/ground_truth/hole/077_mask.png"
    save_mask(stray, (0, 0, 9, 9))
    with pytest.raises(
        ValueError, match=r"hole/077_mask\.png belongs to no image; add the image 077"
    ):
        load_category("mvtec", "plate", product_root)
    stray.unlink()
    save_image(product_root / "plate/test/cut/050.png", 1)
    with pytest.raises(ValueError, match=r"cut/050\.png has no mask; expected it at"):
        load_category("mvtec", "plate", product_root)


def test_masks_are_paired_by_name_not_by_order(product_root):
    (product_root / "plate/test/hole/000.png").rename(product_root / "plate/test/hole/900.png")
    truth = product_root / "plate/ground_truth/hole"
    (truth / "000_mask.png").rename(truth / "900_mask.png")
    category = load_category("mvtec", "plate", product_root, n_anomalies=0)
    for sample in category.test:
        if sample.is_anomaly:
            assert sample.mask.stem == f"{sample.image.stem}_mask"
