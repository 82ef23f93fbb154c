"""An example of photographs of one's own: solar cells of ELPV, laid out as a person has them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from prn_lib.common.files import whole_folder
from prn_lib.datasets.layouts.elpv import DATASET, DEFECTIVE, OUTLINED
from prn_lib.datasets.sample import GOOD, Sample
from prn_lib.datasets.split import split_generator

KIND = "mono"
NORMALS, DEFECTS, KEPT_APART, NEW = 300, 90, 200, 2


def write_cells(folder: Path, outlined: bool = False) -> Path:
    """Write a product ``cells`` and what a person has beside it, once.

    ``<folder>/cells`` has ``good/``, 300 cells, and ``defective/``, 100 cells, the ten that we
    outlined among them, with our masks if ``outlined``. ``kept_apart/`` are 200 more good ones,
    ``inbox/`` two new ones of each kind, ``unsure/<1 in 3>/`` those of which the expert said so. A
    folder that is there already is left as it is. Raises ValueError without the package.
    """
    if folder.exists():
        return folder
    root = DATASET.find_package()
    if root is None:
        raise ValueError("the solar cells are not installed: pip install elpv-dataset (90 MB)")
    cells = DATASET.scan(root, KIND)
    normals = _shuffled(cells.normals)
    with_mask = [sample for sample in cells.anomalies if sample.mask]
    others = _shuffled([sample for sample in cells.anomalies if not sample.mask])
    new = [*normals[-NEW:], *others[-NEW:]]
    with whole_folder(folder) as draft:
        _copy(normals[:NORMALS], draft / "cells" / GOOD)
        _copy([*with_mask, *others[:DEFECTS]], draft / "cells" / DEFECTIVE)
        _copy(normals[NORMALS:][:KEPT_APART], draft / "kept_apart")
        _copy(new, draft / "inbox")
        for defect in {sample.defect for sample in cells.left_out}:
            _copy([s for s in cells.left_out if s.defect == defect], draft / "unsure" / defect)
        if outlined:
            add_outlines(draft / "cells")
    return folder


def add_outlines(folder: Path) -> None:
    """Put our ten masks beside the photographs of the product ``folder``, and say that it is so."""
    for mask in sorted(OUTLINED.glob("*_mask.png")):
        shutil.copyfile(mask, folder / DEFECTIVE / mask.name)
    (folder / "product.json").write_text('{"partly_outlined": true}\n')


def _shuffled(samples: Sequence[Sample]) -> list[Sample]:
    order = split_generator(DATASET.key, KIND, 0).permutation(len(samples))
    return [samples[i] for i in order]


def _copy(samples: Sequence[Sample], folder: Path) -> None:
    folder.mkdir(parents=True)
    for sample in samples:
        shutil.copyfile(sample.image, folder / sample.image.name)
