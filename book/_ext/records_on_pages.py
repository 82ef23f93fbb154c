"""Put the records of runs beside the pages, so that a number can be followed to its source.

``result.json`` of every run in ``results/`` and ``runs/`` comes to lie in ``records/`` of the built
book, under dataset, category and run. Of two with one name the reader's own, in ``runs/``, is
taken.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

_FOLDERS = ("results", "runs")  # the later ones take the place of the earlier


def _copy_records(app: Sphinx, error: Exception | None) -> None:
    if error or app.builder.format != "html":
        return
    records = Path(app.outdir) / "records"
    shutil.rmtree(records, ignore_errors=True)
    for folder in _FOLDERS:
        root = Path(app.srcdir) / folder
        for path in root.glob("*/*/*/result.json"):
            if path.parent.name.startswith("."):  # a draft
                continue
            target = records / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def setup(app: Sphinx) -> dict[str, bool]:
    """Copies when the pages are written."""
    app.connect("build-finished", _copy_records)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
