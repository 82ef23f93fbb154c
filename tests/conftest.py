"""Small folders in the published layouts, made anew for each test."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

import prn_lib  # noqa: F401  (before torchvision)

SIDE = 96
LONG = ("tests/runs/test_export", "tests/training")
settings.register_profile("patient", deadline=None)  # how fast a case is depends on the machine
settings.load_profile("patient")


def save_image(path: Path, seed: int, side: int = SIDE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(90, 160, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def save_mask(path: Path, box: tuple[int, int, int, int], side: int = SIDE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((side, side), np.uint8)
    top, left, bottom, right = box
    mask[top:bottom, left:right] = 255
    Image.fromarray(mask).save(path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests begin the shares of two of three processes, or two would wait for one.

    Each process is first given a third of the tests, in order, and takes over others' last ones.
    """
    first = [item for item in items if item.nodeid.startswith("tests/workflow")]
    second = [item for item in items if item.nodeid.startswith(LONG)]
    long = {*first, *second}
    rest = [item for item in items if item not in long]
    begun = max(0, len(items) // 3 - len(first))
    items[:] = [*first, *rest[:begun], *second, *rest[begun:]]


@pytest.fixture(scope="session", autouse=True)
def _cache_of_its_own(tmp_path_factory):
    """Tests neither fill nor use the cache of the project's images."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PRN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def product_root(tmp_path: Path) -> Path:
    """One category, ``plate``, in MVTec's layout: 6 + 3 normals, 4 holes and 4 cuts."""
    root = tmp_path / "products"
    for i in range(6):
        save_image(root / f"plate/train/good/{i:03d}.png", i)
    for i in range(3):
        save_image(root / f"plate/test/good/{i:03d}.png", 10 + i)
    for k, defect in enumerate(("hole", "cut")):
        for i in range(4):
            save_image(root / f"plate/test/{defect}/{i:03d}.png", 20 + 10 * k + i)
            box = (20, 20 + i, 44, 40 + i) if defect == "hole" else (60, 10, 66, 80)
            save_mask(root / f"plate/ground_truth/{defect}/{i:03d}_mask.png", box)
    return root
