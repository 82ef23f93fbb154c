"""BTAD, beanTech anomaly detection (Mishra et al., ISIE 2021): three industrial products.

``<root>/{01,02,03}/{train/ok,test/ok,test/ko}/0000.<ending>`` with masks ``ground_truth/ko/0000.*``
of the same name. Endings differ between products and between images and masks, and numbers have
gaps, so masks are paired by name without ending.
"""

from pathlib import Path

from prn_lib.common.images import image_files
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Archive, Dataset, Published
from prn_lib.datasets.layouts.pairing import (
    by_name,
    exact_masks,
    existing_folder,
    folders_with,
    normals_of,
    pair,
    set_aside_empty,
)
from prn_lib.datasets.reading.samples import EXACT

DEFECT = "ko"


def categories(root: Path) -> list[str]:
    """Names of the products: the folders that hold ``train/ok``."""
    return folders_with(root, "train/ok")


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds of one product. Raises FileNotFoundError for a missing folder."""
    folder = root / name
    images = existing_folder(folder / "test" / DEFECT, "the anomalies' folder", "restore it")
    masks = existing_folder(folder / "ground_truth" / DEFECT, "the masks' folder", "restore it")
    troubles: list[str] = []
    anomalies = pair(
        by_name(image_files(images), troubles),
        by_name(exact_masks(image_files(masks), troubles), troubles),
        DEFECT,
        f"test/{DEFECT}",
        lambda stem: masks / f"{stem}.png",
        troubles,
    )
    kept, empty, notes = set_aside_empty(anomalies, EXACT, troubles)
    return Inventory(
        normals=normals_of(folder / "train/ok", "train/ok", troubles),
        test_normals=normals_of(folder / "test/ok", "test/ok", troubles),
        anomalies=kept,
        left_out=empty,
        notes=notes,
        troubles=tuple(troubles),
        folders=(folder,),
    )


DATASET = Dataset(
    key="btad",
    title="BTAD (beanTech)",
    page="https://github.com/pankajmishra000/VT-ADL",
    licence="CC BY-SA 4.0 (its authors' README; others say CC BY-NC-SA 4.0)",
    holds="01/, 02/ and 03/",
    categories=categories,
    scan=scan,
    published={
        "01": Published(400, 21, {DEFECT: 49}, ((1600, 1600),)),
        "02": Published(399, 30, {DEFECT: 200}, ((600, 600),)),
        "03": Published(1000, 400, {DEFECT: 41}, ((800, 600),)),
    },
    archive=Archive(
        name="btad.zip",
        size=1_229_193_337,
        checksum="sha256:461c9387e515bfed41ecaae07c50cf6b10def647b36c9e31d239ab2736b10d2a",
        url="https://avires.dimi.uniud.it/papers/btad/btad.zip",
    ),
)
