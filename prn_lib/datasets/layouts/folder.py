"""A product of your own: a folder of photographs, one folder for each kind.

``<root>/<product>/good/*`` are normal; every other folder ``<root>/<product>/<defect>/*`` is a kind
of defect, each photograph ``x.jpg`` with a mask ``x_mask.png`` beside it, white on the defect. A
product may be without any mask; with some only if ``product.json`` says so. The root may also be
the product's folder itself. ``product.json`` says how files are read and which
photographs show one part (:mod:`prn_lib.datasets.layouts.product`). There is no official split.
"""

import os
from pathlib import Path

from prn_lib.common.images import image_files, is_image
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset
from prn_lib.datasets.layouts.pairing import (
    by_name,
    existing_folder,
    folders_with,
    normals_of,
    of_no_image,
    set_aside_empty,
)
from prn_lib.datasets.layouts.parts import with_parts
from prn_lib.datasets.layouts.product import FILE as PRODUCT
from prn_lib.datasets.layouts.product import read_product
from prn_lib.datasets.layouts.taken_for import taken_for, turned
from prn_lib.datasets.sample import GOOD, Sample
from prn_lib.datasets.split import split_freely

MASK_SUFFIX = "_mask"


def categories(root: Path) -> list[str]:
    """The products: the folder itself or those in it that hold a folder ``good``."""
    if (root / GOOD).is_dir():
        return [Path(os.path.abspath(root)).name]
    return folders_with(root, GOOD)


def scan(root: Path, name: str) -> Inventory:
    """What the folder holds of one product. Raises FileNotFoundError if it has no normal image."""
    folder = root if (root / GOOD).is_dir() else root / name
    good = existing_folder(folder / GOOD, "the normal images' folder", "put normal images there")
    product = read_product(folder)
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
    bare = tuple(sample for sample in anomalies if sample.mask is None)
    if len(bare) < len(anomalies) and not product.partly_outlined:
        troubles += [
            f"image {image} has no mask; expected it at "
            f"{image.with_name(f'{image.stem}{MASK_SUFFIX}.png')}; if only some defects are "
            f'outlined, say {{"partly_outlined": true}} in {folder / PRODUCT}'
            for image in (sample.image for sample in bare)
        ]
    outlined = [sample for sample in anomalies if sample.mask]
    kept, empty, notes = set_aside_empty(outlined, product.reading, troubles)
    inventory = Inventory(
        normals=normals,
        anomalies=kept + bare,
        left_out=empty,
        notes=(*taken_for(kept, product.reading), *turned(kept), *notes),
        troubles=tuple(troubles),
        reading=product.reading,
        folders=(folder,),
        known=frozenset({folder / PRODUCT}),
    )
    return with_parts(inventory, folder, product)


def _anomalies_of(folder: Path, troubles: list[str]) -> list[Sample]:
    files = image_files(folder)
    deeper = sorted(path.parent.name for path in folder.glob("*/*") if is_image(path))
    if deeper:
        troubles.append(
            f"folder {folder} holds photographs one level too deep, in {deeper[0]}; move the "
            f"folder {deeper[0]} up, beside {GOOD}"
        )
    masks = [path for path in files if path.stem.endswith(MASK_SUFFIX)]
    photos = by_name([path for path in files if not path.stem.endswith(MASK_SUFFIX)], troubles)
    painted = by_name(masks, troubles, MASK_SUFFIX)
    troubles += of_no_image(painted, photos)
    return [
        Sample(f"{folder.name}/{name}", photos[name], painted.get(name), folder.name)
        for name in sorted(photos)
    ]


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
