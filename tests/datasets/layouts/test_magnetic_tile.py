from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prn_lib.datasets import load_category
from prn_lib.datasets.layouts.magnetic_tile import group_by_tile

REAL = Path(__file__).parents[4] / "shared" / "data" / "magnetic_tile"
needs_real_tiles = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"the magnetic tile images are not beside the project ({REAL})"
)


def save_tile(root, kind, exposure, number, mask_value=255):
    folder = root / f"MT_{kind}" / "Imgs"
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"exp{exposure}_num_{number}"
    pixels = np.random.default_rng(number).integers(60, 120, (40, 30), np.uint8)
    Image.fromarray(pixels).save(folder / f"{stem}.jpg")
    mask = np.zeros((40, 30), np.uint8)
    if kind != "Free":
        mask[10:20, 10:20] = mask_value
        mask[9, 10:20] = 40  # a soft edge, below the threshold
    Image.fromarray(mask).save(folder / f"{stem}.png")


@pytest.fixture
def tiles(tmp_path):
    """30 defect-free tiles and 12 with a crack, three exposures each; one empty mask."""
    for tile in range(30):
        for exposure in range(3):
            save_tile(tmp_path, "Free", exposure, 1000 * tile + 20 * exposure)
    for tile in range(30, 42):
        save_tile(tmp_path, "Crack", 1, 1000 * tile)
        save_tile(tmp_path, "Crack", 2, 1000 * tile + 20)
        save_tile(tmp_path, "Free", 3, 1000 * tile + 40)
    save_tile(tmp_path, "Uneven", 1, 90_000, mask_value=100)
    return tmp_path


def tile_of(sample):
    return int(sample.image.stem.split("_")[-1]) // 1000


@pytest.mark.parametrize("seed", range(5))
def test_no_tile_is_on_both_sides(tiles, seed):
    category = load_category("magnetic_tile", "all", tiles, seed=seed, n_anomalies=4)
    train = {tile_of(s) for s in category.train_normals + category.train_anomalies}
    assert not train & {tile_of(s) for s in category.test}
    assert len(category.train_anomalies) == 4
    parts = category.train_normals + category.train_anomalies + category.test + category.left_out
    assert len(parts) == len({s.name for s in parts}) == 90 + 36 + 1


@pytest.mark.parametrize(("seed", "free_tested"), [
    (0, [1, 3, 8, 12, 16, 18]), (1, [3, 9, 18, 25, 26, 27]), (2, [3, 11, 13, 25, 27, 29]),
])  # fmt: skip
def test_the_tested_tiles_are_those_of_the_recorded_runs(tiles, seed, free_tested):
    """Or the runs in results/ could not be made again."""
    category = load_category("magnetic_tile", "all", tiles, seed=seed, n_anomalies=4)
    tested = {tile_of(s) for s in category.test if not s.is_anomaly}
    assert sorted(tile for tile in tested if tile < 30) == free_tested
    seen = {tile_of(s) for s in category.train_anomalies}
    assert {tile for tile in tested if tile >= 30} == set(range(30, 42)) - seen
    because = "images are left out because they show the tile of a training anomaly."
    assert category.notes[-1] == f"{3 * len(seen) - 4} {because}"


def test_soft_edges_and_empty_masks(tiles):
    category = load_category("magnetic_tile", "all", tiles, n_anomalies=4)
    crack = category.train_anomalies[0]
    _, masks = category.load([crack], 40)
    rows = masks[0, 0].any(1).nonzero().flatten()
    assert rows.min() == 10  # the soft row 9 is not part of the defect
    assert any("exp1_num_90000" in note for note in category.notes)
    assert "MT_Uneven/exp1_num_90000" in {s.name for s in category.left_out}


def test_stray_mask_and_missing_mask_are_named(tiles):
    image = tiles / "MT_Crack/Imgs/exp1_num_30000.jpg"
    image.unlink()
    with pytest.raises(ValueError, match=r"exp1_num_30000\.png belongs to no image"):
        load_category("magnetic_tile", "all", tiles, n_anomalies=4)
    image.with_suffix(".png").unlink()
    (tiles / "MT_Crack/Imgs/exp2_num_30020.png").unlink()
    with pytest.raises(ValueError, match=r"exp2_num_30020\.jpg has no mask"):
        load_category("magnetic_tile", "all", tiles, n_anomalies=4)


def test_wrong_level_is_explained(tiles):
    with pytest.raises(
        FileNotFoundError, match=r"point data_root at the folder that holds MT_Free"
    ):
        load_category("magnetic_tile", "all", tiles / "MT_Crack")


def test_too_few_tiles_are_refused(tmp_path):
    for number in (0, 20, 5000):
        save_tile(tmp_path, "Free", 1, number)
    for tile in (10, 11):
        save_tile(tmp_path, "Crack", 1, 1000 * tile)
        save_tile(tmp_path, "Crack", 2, 1000 * tile + 20)
    with pytest.raises(ValueError, match="too few tiles to split"):
        load_category("magnetic_tile", "all", tmp_path, n_anomalies=3)


def test_an_unscorable_image_still_joins_its_tile(tmp_path):
    for tile in range(20):
        save_tile(tmp_path, "Free", 1, 1000 * tile)
        save_tile(tmp_path, "Crack", 2, 1000 * tile + 500)
        save_tile(tmp_path, "Uneven", 3, 1000 * tile + 580, mask_value=100)
        save_tile(tmp_path, "Free", 4, 1000 * tile + 660)  # 160 from the crack: a tile all the same
    category = load_category("magnetic_tile", "all", tmp_path, n_anomalies=3)
    seen = {tile_of(s) for s in category.train_anomalies}
    assert not any(tile_of(s) in seen and s.image.stem.startswith("exp4") for s in category.test)


@needs_real_tiles
def test_real_tiles():
    category = load_category("magnetic_tile", "all", REAL)
    parts = category.train_normals + category.train_anomalies + category.test + category.left_out
    images = sorted(REAL.glob("MT_*/Imgs/*.jpg"))
    assert sorted(s.image for s in parts) == images
    assert len(category.train_anomalies) == 10
    seen = set(category.train_normals + category.train_anomalies)
    for tile in group_by_tile(list(parts)):
        assert not (set(tile) & seen and set(tile) & set(category.test))
    for sample in category.train_anomalies:
        _, mask = category.load([sample], 256)
        assert mask.any()
