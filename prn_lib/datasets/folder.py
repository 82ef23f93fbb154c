"""A product of your own: a folder of photographs, one folder for each kind.

``<root>/<product>/good/*`` are normal; every other folder ``<root>/<product>/<defect>/*`` is a kind
of defect, each photograph ``x.jpg`` with a mask ``x_mask.png`` beside it, white on the defect. The
root may also be the product's folder itself. There is no official split.
"""

from pathlib import Path

from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset
from prn_lib.datasets.pairing import by_name, existing_folder, normals_of, pair, set_aside_empty
from prn_lib.datasets.reading import MaskFacts, mask_facts
from prn_lib.datasets.sample import GOOD, Sample
from prn_lib.datasets.split import split_freely
from prn_lib.images import image_files

MASK_SUFFIX = "_mask"
MASK_THRESHOLD = 127  # brushes have soft edges and JPEG masks have noise; half grey is the border


def categories(root: Path) -> list[str]:
    """The products: the folder itself or those in it that hold a folder ``good``."""
    if (root / GOOD).is_dir():
        return [root.resolve().name]
    return sorted(path.parent.name for path in root.glob(f"*/{GOOD}") if path.is_dir())


def scan(root: Path, name: str) -> Inventory:
    """What the folder holds of one product. Raises FileNotFoundError if it has no normal image."""
    folder = root if (root / GOOD).is_dir() else root / name
    good = existing_folder(folder / GOOD, "the normal images' folder", "put normal images there")
    troubles: list[str] = []
    normals = normals_of(good, GOOD, troubles)
    troubles += [
        f"{s.image} lies among the normal images but has a mask's name; move or rename it"
        for s in normals
        if s.image.stem.endswith(MASK_SUFFIX)
    ]
    anomalies = []
    for defects in sorted(path for path in folder.iterdir() if path.is_dir()):
        if defects.name != GOOD and not defects.name.startswith("."):
            anomalies += _anomalies_of(defects, troubles)
    readable = [sample for sample in anomalies if not _is_too_dark(sample, troubles)]
    kept, empty, notes = set_aside_empty(readable, MASK_THRESHOLD, troubles)
    return Inventory(
        normals=normals,
        anomalies=kept,
        left_out=empty,
        notes=notes,
        troubles=tuple(troubles),
        mask_threshold=MASK_THRESHOLD,
        folders=(folder,),
    )


def _anomalies_of(folder: Path, troubles: list[str]) -> list[Sample]:
    files = image_files(folder)
    masks = [path for path in files if path.stem.endswith(MASK_SUFFIX)]
    return pair(
        by_name([path for path in files if path not in masks], troubles),
        by_name(masks, troubles, MASK_SUFFIX),
        folder.name,
        folder.name,
        lambda stem: folder / f"{stem}{MASK_SUFFIX}.png",
        troubles,
    )


def _is_too_dark(sample: Sample, troubles: list[str]) -> bool:
    """Masks drawn with 1 instead of 255 look black and would be taken for empty ones."""
    (facts,) = mask_facts([sample.mask], MASK_THRESHOLD)
    dark = isinstance(facts, MaskFacts) and 0 < facts.highest <= MASK_THRESHOLD
    if dark:
        troubles.append(
            f"mask {sample.mask} has no grey value above {facts.highest}; paint defects white (255)"
        )
    return dark


DATASET = Dataset(
    key="folder",
    title="a folder of your own",
    page="",
    licence="yours",
    holds="good/ and a folder for each kind of defect, or several such products",
    categories=categories,
    scan=scan,
    published={},
    split=split_freely,
    steps=(
        "Put normal images into {root}/<product>/good/",
        "Put images of each kind of defect into {root}/<product>/<defect>/, and beside each x.jpg "
        "its mask x_mask.png: black, white on the defect, of the same size",
    ),
)
