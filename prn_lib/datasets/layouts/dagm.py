"""DAGM 2007 (Wieler and Hahn): ten generated grey textures with weakly labelled defects.

``<root>/Class<K>/{Train,Test}/0001.PNG``; a defective image has a mask ``Label/0001_label.PNG``, a
normal one has none. ``Label/Labels.txt`` says the same once more. Some copies nest ``Class<K>`` in
a folder of its own name.
"""

import re
from pathlib import Path

from prn_lib.common.images import image_files
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.layouts.pairing import (
    by_name,
    exact_masks,
    existing_folder,
    pair,
    set_aside_empty,
)
from prn_lib.datasets.reading.samples import EXACT
from prn_lib.datasets.sample import Sample

DEFECT = "defect"
LABELS = "Labels.txt"
WEAK = "The masks are weak labels, ellipses around the defects: pixel metrics measure those."


def categories(root: Path) -> list[str]:
    """Class1 to Class10, as far as they are there, in this order."""
    names = [path.name for path in root.glob("Class*") if re.fullmatch(r"Class\d+", path.name)]
    found = [name for name in names if (_folder(root, name) / "Train").is_dir()]
    return sorted(found, key=lambda name: int(name.removeprefix("Class")))


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds of one class; App. A.2 moves all training anomalies to the test set.

    So ``anomalies`` joins those of both folders. Raises FileNotFoundError for a missing folder.
    """
    folder = _folder(root, name)
    troubles: list[str] = []
    normals, anomalies = {}, []
    for part in ("Train", "Test"):
        existing_folder(folder / part, f"the {part} images' folder of {name}", "restore it")
        normals[part], defective = _scan_part(folder / part, part, troubles)
        anomalies += defective
    kept, empty, notes = set_aside_empty(anomalies, EXACT, troubles)
    unlisted = (
        f"{part}/Label has no {LABELS}: that images without a mask are normal is not verified."
        for part in ("Train", "Test")
        if not (folder / part / "Label" / LABELS).is_file()
    )
    return Inventory(
        normals=normals["Train"],
        test_normals=normals["Test"],
        anomalies=kept,
        left_out=empty,
        notes=(WEAK, *unlisted, *notes),
        troubles=tuple(troubles),
        folders=(folder,),
        known=frozenset(folder / part / "Label" / LABELS for part in ("Train", "Test")),
    )


def _folder(root: Path, name: str) -> Path:
    nested = root / name / name
    return nested if nested.is_dir() else root / name


def _scan_part(
    folder: Path, part: str, troubles: list[str]
) -> tuple[tuple[Sample, ...], list[Sample]]:
    label_folder = existing_folder(folder / "Label", "the masks' folder", "restore it")
    images = by_name(image_files(folder), troubles)
    masks = by_name(exact_masks(image_files(label_folder), troubles), troubles, "_label")
    defective = {stem: images[stem] for stem in images if stem in masks}
    anomalies = pair(
        defective, masks, DEFECT, part, lambda stem: label_folder / f"{stem}_label.PNG", troubles
    )
    try:
        listed = _listed_as_defective(label_folder / LABELS)
    except ValueError as error:
        troubles.append(f"cannot read {label_folder / LABELS} ({error}); restore it")
        listed = None
    if listed is not None:
        for stem in sorted(listed ^ masks.keys()):
            says = "defective" if stem in listed else "not defective"
            mask = "a" if stem in masks else "no"
            troubles.append(
                f"{label_folder / LABELS} says that {stem} is {says}, but there is {mask} mask "
                f"{stem}_label.PNG; restore the folder from the archive"
            )
    normals = (Sample(f"{part}/{s}", path) for s, path in images.items() if s not in masks)
    return tuple(normals), anomalies


def _listed_as_defective(labels: Path) -> set[str] | None:
    """Names flagged in Labels.txt (tab-separated; column 1 the flag, 2 the image), if it exists."""
    if not labels.is_file():
        return None
    rows = [line.split("\t") for line in labels.read_text().splitlines()]
    return {Path(row[2]).stem for row in rows if len(row) > 2 and row[1].strip() == "1"}


# class: images and defective ones in Train, then in Test
_PUBLISHED = {
    "Class1": (575, 79, 575, 71),
    "Class2": (575, 66, 575, 84),
    "Class3": (575, 66, 575, 84),
    "Class4": (575, 82, 575, 68),
    "Class5": (575, 70, 575, 80),
    "Class6": (575, 83, 575, 67),
    "Class7": (1150, 150, 1150, 150),
    "Class8": (1150, 150, 1150, 150),
    "Class9": (1150, 150, 1150, 150),
    "Class10": (1150, 150, 1150, 150),
}

DATASET = Dataset(
    key="dagm",
    title="DAGM 2007",
    page="https://hci.iwr.uni-heidelberg.de/content/weakly-supervised-learning-industrial-optical-inspection",
    licence="none stated",
    holds="Class1/, Class2/, ... Class10/, each with Train/ and Test/",
    categories=categories,
    scan=scan,
    published={
        name: Published(
            normals=train - train_defective,
            test_normals=test - test_defective,
            anomalies={DEFECT: train_defective + test_defective},
            sizes=((512, 512),),
        )
        for name, (train, train_defective, test, test_defective) in _PUBLISHED.items()
    },
    steps=(
        "Ask for the competition data of all ten classes on that page (an account may be needed), "
        "or take the copy mhskjelvareid/dagm-2007-competition-dataset-optical-inspection on Kaggle",
        "Take the form with Train/ and Test/ folders: the older Class1.zip with Class1_def.zip "
        "has another layout and no test set",
        "Unpack it so that {root} holds Class1/ to Class10/",
    ),
)
