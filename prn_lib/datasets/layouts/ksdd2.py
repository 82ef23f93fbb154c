"""KolektorSDD2 (Bozic et al., 2021): one product, surfaces from a production line.

``<root>/{train,test}/20000.png`` with masks ``20000_GT.png`` beside them. Normal images have masks
too, all black: an image is anomalous if its mask has a pixel. The published archive has a stray
copy of one image and its mask whose names are no numbers; taking them in would train on a mask.
"""

import re
from pathlib import Path

from prn_lib.common.images import image_files
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Archive, Dataset, Published
from prn_lib.datasets.layouts.pairing import by_name, exact_masks, existing_folder, pair
from prn_lib.datasets.reading.masks import ANY_COLOUR
from prn_lib.datasets.reading.samples import MaskFacts, mask_facts
from prn_lib.datasets.sample import Sample, masks_of

CATEGORY, DEFECT = "all", "defect"
MASK_SUFFIX = "_GT"
_IMAGE, _MASK = re.compile(r"\d+"), re.compile(rf"\d+{MASK_SUFFIX}")


def categories(root: Path) -> list[str]:
    """The one category, if the folder holds the dataset."""
    folder = root / "train"
    files = image_files(folder) if folder.is_dir() else []
    return [CATEGORY] if any(_MASK.fullmatch(path.stem) for path in files) else []


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds. Raises FileNotFoundError for a missing folder.

    "The general setting used in BTAD and SDD2 is same to that used in MVTec" (App. A.2): training
    anomalies are drawn from the test set, so those of the train folder are left out.
    """
    troubles: list[str] = []
    blank: dict[str, Path] = {}
    normals, anomalies = {}, {}
    for part in ("train", "test"):
        folder = existing_folder(root / part, f"the {part} images' folder", "restore it")
        normals[part], anomalies[part] = _scan_part(folder, part, blank, troubles)
    note = (
        f"{len(anomalies['train'])} anomalies of the train folder are left out: as for MVTec AD, "
        "training anomalies are drawn from the test set (App. A.2)."
    )
    return Inventory(
        normals=normals["train"],
        test_normals=normals["test"],
        anomalies=anomalies["test"],
        left_out=anomalies["train"],
        notes=(note,) if anomalies["train"] else (),
        troubles=tuple(troubles),
        folders=(root / "train", root / "test"),
        blank_masks=blank,
    )


def _scan_part(
    folder: Path, part: str, blank: dict[str, Path], troubles: list[str]
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    files = image_files(folder)
    images = [path for path in files if _IMAGE.fullmatch(path.stem)]
    masks = [path for path in files if _MASK.fullmatch(path.stem)]
    pairs = pair(
        by_name(images, troubles),
        by_name(exact_masks(masks, troubles), troubles, MASK_SUFFIX),
        DEFECT,
        part,
        lambda stem: folder / f"{stem}{MASK_SUFFIX}.png",
        troubles,
    )
    normals, anomalies = [], []
    paired = masks_of(pairs)
    for sample, mask, facts in zip(pairs, paired, mask_facts(paired, ANY_COLOUR), strict=True):
        if not isinstance(facts, MaskFacts):
            troubles.append(str(facts))
        elif facts.area:
            anomalies.append(sample)
        else:
            normals.append(Sample(sample.name, sample.image))
            blank[sample.name] = mask
    return tuple(normals), tuple(anomalies)


DATASET = Dataset(
    key="ksdd2",
    title="KolektorSDD2",
    page="https://www.vicos.si/resources/kolektorsdd2/",
    licence="CC BY-NC-SA 4.0",
    holds="train/ and test/",
    categories=categories,
    scan=scan,
    published={CATEGORY: Published(2085, 894, {DEFECT: 356})},  # sizes vary
    archive=Archive(
        name="KolektorSDD2.zip",
        size=853_126_555,
        checksum="sha256:edcdb486809b24f1d17b785e30c52fafc5999554dd5fe18ddf77b61ceb6f36a8",
        url="https://data.vicos.si/datasets/KSDD/KolektorSDD2.zip",
    ),
)
