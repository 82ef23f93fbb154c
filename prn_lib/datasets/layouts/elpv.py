"""ELPV (Buerhop-Lux et al., 2018): solar cells, photographed by their own light.

The Python package ``elpv-dataset`` brings them: ``<root>/images/cell0001.png`` and ``labels.csv``,
one row a cell: file, probability that it is defective (0, 1/3, 2/3 or 1), kind of cell. No defect
is outlined there. Ten cells of the kind ``mono`` we outlined ourselves, see ``data/solar_cells``.
"""

import csv
from pathlib import Path

from prn_lib.common.paths import project_folder
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.sample import GOOD, Sample
from prn_lib.datasets.split import split_freely

LABELS = "labels.csv"
OUTLINED = project_folder() / "data" / "solar_cells"  # our masks, by the cells' names
DEFECTIVE = "defective"
UNSURE = ("1 in 3", "2 in 3")  # probabilities of being defective
KINDS = (GOOD, *UNSURE, DEFECTIVE)


def categories(root: Path) -> list[str]:
    """The two kinds of cell, of one silicon crystal or of many, if the folder holds them."""
    return ["mono", "poly"] if (root / LABELS).is_file() else []


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds of one kind of cell; those that an expert was not sure of are left out.

    Raises ValueError for a table that is not the published one.
    """
    samples, troubles = [], []
    for path, defect, kind in _rows(root / LABELS):
        if kind != name:
            continue
        if not path.is_file():
            troubles.append(f"{path} is missing, but {LABELS} lists it; install the package anew")
            continue
        mask = OUTLINED / f"{path.stem}_mask.png"
        outlined = mask if defect == DEFECTIVE and mask.is_file() else None
        samples.append(Sample(path.stem, path, outlined, defect))
    unsure = tuple(sample for sample in samples if sample.defect in UNSURE)
    note = f"{len(unsure)} cells are left out: the expert was not sure ({' or '.join(UNSURE)})."
    return Inventory(
        normals=tuple(sample for sample in samples if sample.defect == GOOD),
        anomalies=tuple(sample for sample in samples if sample.defect == DEFECTIVE),
        left_out=unsure,
        notes=(note,),
        troubles=tuple(troubles),
    )


def _rows(path: Path) -> list[tuple[Path, str, str]]:
    """File, defect and kind of each cell; columns are parted by spaces."""
    try:
        with path.open(newline="") as file:
            rows = list(csv.reader(file, delimiter=" ", skipinitialspace=True))
        return [
            (path.parent / name, KINDS[round(3 * float(share))], kind) for name, share, kind in rows
        ]
    except (ValueError, IndexError) as error:
        told = f"{path} is not ELPV's table ({error}); install the package anew"
        raise ValueError(told) from None


DATASET = Dataset(
    key="elpv",
    title="ELPV solar cells",
    page="https://github.com/zae-bayern/elpv-dataset",
    licence="CC BY-NC-SA 4.0",
    holds="images/ and labels.csv",
    categories=categories,
    scan=scan,
    published={
        "mono": Published(588, 0, {DEFECTIVE: 313, "1 in 3": 117, "2 in 3": 56}, ((300, 300),)),
        "poly": Published(920, 0, {DEFECTIVE: 402, "1 in 3": 178, "2 in 3": 50}, ((300, 300),)),
    },
    split=split_freely,
    package="elpv_dataset",
    steps=("Install the package, 90 MB: pip install elpv-dataset",),
)
