"""Copy what may be committed of finished runs into ``results/``: records, and some figures.

Figures show images, so only those of data that this project generates are copied.
"""

import re
import shutil
import sys
from pathlib import Path

from prn_lib.common.files import whole_file
from prn_lib.common.paths import project_folder
from prn_lib.datasets import DATASETS
from prn_lib.figures.saved import dataset_of
from prn_lib.runs.results import RECORD, find_results


def main() -> int:
    """Copies the records below the folders named on the command line, and all own figures.

    Returns 0, or 2 if there is no record.
    """
    project = project_folder()
    results = [r for folder in sys.argv[1:] for r in find_results(Path(folder).resolve())]
    if not results:
        print("error: no finished run below the given folders", file=sys.stderr)
        return 2
    records = [result.folder / RECORD for result in results]
    for path in [*records, *own_figures(project / "runs" / "figures")]:
        print(_copy(path, project).relative_to(project))
    return 0


def own_figures(folder: Path) -> list[Path]:
    """The pictures below ``folder`` of datasets that this project generates, sorted."""
    found = sorted(path for path in folder.rglob("*.png") if not path.name.startswith("."))
    return [path for path in found if _is_generated(path.stem)]


def _is_generated(name: str) -> bool:
    """Whether all that the picture shows is ours: no option may have named foreign textures."""
    dataset = DATASETS.get(dataset_of(name))
    return bool(dataset and dataset.generate and re.fullmatch(r".+-seed\d+", name))


def _copy(path: Path, project: Path) -> Path:
    """From ``runs/`` to the same place in ``results/``."""
    target = project / "results" / path.relative_to(project / "runs")
    with whole_file(target) as draft:
        shutil.copyfile(path, draft)
    return target


if __name__ == "__main__":
    sys.exit(main())
