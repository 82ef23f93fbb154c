"""Pictures of runs that the batch has drawn, below ``runs/figures`` and ``results/figures``."""

from pathlib import Path

from prn_lib.common.paths import project_folder
from prn_lib.figures.base import Picture, read_picture
from prn_lib.runs.results import OWN_FIRST


def saved_pictures(kind: str, project: Path | None = None) -> dict[str, Picture]:
    """The pictures of a kind, ``figure6`` or ``figure8``, by name; empty if none is drawn.

    A name is ``<dataset>-<category>-<run>``. Of two of one name the reader's own is taken. Raises
    ValueError for a file that is no such picture.
    """
    project = project or project_folder()
    paths: dict[str, Path] = {}
    for folder in OWN_FIRST:
        for path in sorted((project / folder / "figures" / kind).glob("*.png")):
            if not path.name.startswith("."):
                paths.setdefault(path.stem, path)
    return {name: read_picture(path) for name, path in paths.items()}


def dataset_of(name: str) -> str:
    """The dataset that a picture's name begins with; keys of datasets have no hyphen."""
    return name.split("-")[0]
