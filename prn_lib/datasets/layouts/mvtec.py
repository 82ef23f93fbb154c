"""MVTec AD (Bergmann et al., CVPR 2019), and its folder layout, which the mini dataset shares.

``<root>/<category>/train/good/000.png``, ``test/{good,<defect>}/000.png`` and
``ground_truth/<defect>/000_mask.png``. File numbers restart in every folder, so masks are paired by
name, never by order.
"""

import re
from pathlib import Path

from prn_lib.common.images import image_files
from prn_lib.datasets.category import Background, Inventory
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
from prn_lib.datasets.sample import GOOD, Sample

MASK_SUFFIX = "_mask"


def categories(root: Path) -> list[str]:
    """Names of the categories under ``root``: the folders that hold ``train/good``."""
    return folders_with(root, f"train/{GOOD}")


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds of one category. Raises FileNotFoundError for a missing folder."""
    folder = root / name
    truth = folder / "ground_truth"
    tests = existing_folder(folder / "test", "the test images' folder", "restore it")
    troubles: list[str] = []
    anomalies: list[Sample] = []
    for defect in sorted(_subfolders(tests) | _subfolders(truth)):
        if defect != GOOD:
            anomalies += _anomalies_of(tests / defect, truth / defect, troubles)
    kept, empty, notes = set_aside_empty(anomalies, EXACT, troubles)
    return Inventory(
        normals=normals_of(folder / "train" / GOOD, f"train/{GOOD}", troubles),
        test_normals=normals_of(tests / GOOD, f"test/{GOOD}", troubles),
        anomalies=kept,
        left_out=empty,
        notes=notes,
        troubles=tuple(troubles),
        folders=(folder,),
        known=frozenset({folder / "license.txt", folder / "readme.txt"}),
    )


def _anomalies_of(folder: Path, truth: Path, troubles: list[str]) -> list[Sample]:
    masks = exact_masks(_images(truth), troubles)
    return pair(
        by_name(_images(folder), troubles),
        by_name(masks, troubles, MASK_SUFFIX),
        folder.name,
        f"test/{folder.name}",
        lambda stem: truth / f"{stem}{MASK_SUFFIX}.png",
        troubles,
    )


def _images(folder: Path) -> list[Path]:
    return image_files(folder) if folder.is_dir() else []


def _subfolders(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    return {p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")}


# category, side in pixels, normal images to train and to test on, then the number of each defect
_PUBLISHED = """
    bottle      900 209 20 broken_large 20 broken_small 22 contamination 21
    cable      1024 224 58 bent_wire 13 cable_swap 12 combined 11 cut_inner_insulation 14
                    cut_outer_insulation 10 missing_cable 12 missing_wire 10 poke_insulation 10
    capsule    1000 219 23 crack 23 faulty_imprint 22 poke 21 scratch 23 squeeze 20
    carpet     1024 280 28 color 19 cut 17 hole 17 metal_contamination 17 thread 19
    grid       1024 264 21 bent 12 broken 12 glue 11 metal_contamination 11 thread 11
    hazelnut   1024 391 40 crack 18 cut 17 hole 18 print 17
    leather    1024 245 32 color 19 cut 19 fold 17 glue 19 poke 18
    metal_nut   700 220 22 bent 25 color 22 flip 23 scratch 23
    pill        800 267 26 color 25 combined 17 contamination 21 crack 26 faulty_imprint 19
                    pill_type 9 scratch 24
    screw      1024 320 41 manipulated_front 24 scratch_head 24 scratch_neck 25 thread_side 23
                    thread_top 23
    tile        840 230 33 crack 17 glue_strip 18 gray_stroke 16 oil 18 rough 15
    toothbrush 1024  60 12 defective 30
    transistor 1024 213 60 bent_lead 10 cut_lead 10 damaged_case 10 misplaced 10
    wood       1024 247 19 color 8 combined 11 hole 10 liquid 10 scratch 21
    zipper     1024 240 32 broken_teeth 19 combined 16 fabric_border 17 fabric_interior 16
                    rough 17 split_teeth 18 squeezed_teeth 16
"""


def _published() -> dict[str, Published]:
    whole_lines = re.sub(r"\n {20}", " ", _PUBLISHED).strip().splitlines()
    return {
        name: Published(
            normals=int(train),
            test_normals=int(test),
            anomalies=dict(zip(defects[::2], map(int, defects[1::2]), strict=True)),
            sizes=((int(side), int(side)),),
        )
        for name, side, train, test, *defects in map(str.split, whole_lines)
    }


DATASET = Dataset(
    key="mvtec",
    title="MVTec AD",
    page="https://www.mvtec.com/company/research/datasets/mvtec-ad",
    licence="CC BY-NC-SA 4.0",
    holds="bottle/, cable/, ... zipper/",
    categories=categories,
    scan=scan,
    published=_published(),
    # A threshold separates these objects from a plain background: two public implementations, NSA
    # and TooTouch/MemSeg, threshold these eight from the same side; the values are NSA's. cable and
    # transistor are objects too, but have no plain background; the other five are textures.
    backgrounds={
        **dict.fromkeys(["bottle", "capsule", "screw", "zipper"], Background(200, 60)),
        **dict.fromkeys(["hazelnut", "metal_nut", "pill", "toothbrush"], Background(20, 20)),
    },
    archive=Archive(
        name="mvtec_anomaly_detection.tar.xz",
        size=5_264_982_680,
        checksum="sha256:cf4313b13603bec67abb49ca959488f7eedce2a9f7795ec54446c649ac98cd3d",
    ),
    steps=(
        "Fill in the form on that page and download the whole dataset, "
        "mvtec_anomaly_detection.tar.xz",
    ),
)
