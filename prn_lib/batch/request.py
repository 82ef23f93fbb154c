"""What is asked of a batch, and how it is read from words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prn_lib.paper.variants import NO_PLACES, PLACES
from prn_lib.runs.option_words import read_overrides

ALL = "all"
FIGURES = ("figure6", "figure8")  # drawn from the plain runs of Table 1, and from no run
_OWN = {  # options of a request itself
    "dataset": "--dataset", "category": "--categories", "data_root": "--data-root",
    "preset": "--preset", "seed": "--seeds",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What is asked of a batch.

    ``targets`` are names of :data:`prn_lib.paper.TARGETS`, ``figure6``, ``figure8`` or ``all``.
    ``dataset`` stands in for the paper's datasets. ``data_root`` is the folder of the dataset's
    images, or one that holds such folders by the datasets' names. Without ``preset`` the paper's
    is taken, but ``quick`` for the embedded images.
    """

    targets: Sequence[str] = (ALL,)
    dataset: str | None = None
    data_root: str | None = None
    categories: Sequence[str] = ()
    preset: str | None = None
    seeds: Sequence[int] = (0, 1, 2)
    overrides: dict[str, Any] = field(default_factory=dict)


def read_request(told: Mapping[str, Any]) -> Request:
    """A request from a command line or Snakemake's config: lists may be comma-separated words.

    Raises ValueError, in one line, for what cannot be read.
    """
    seeds = _words(told.get("seeds")) or ["0", "1", "2"]
    if not all(seed.isdecimal() for seed in seeds):
        raise ValueError(f"seeds must be whole numbers, comma-separated, not {','.join(seeds)}")
    return Request(
        targets=_words(told.get("targets")) or ["all"],
        dataset=told.get("dataset") or None,
        data_root=absolute(told.get("data_root")),
        categories=_words(told.get("categories")),
        preset=told.get("preset") or None,
        seeds=[int(seed) for seed in seeds],
        overrides=absolute_overrides(told.get("overrides") or {}),
    )


def absolute(path: str | None) -> str | None:
    """Notebooks run in ``book/``, where a relative path would mean something else."""
    return str(Path(path).expanduser().resolve()) if path else None


def _words(told: Any) -> list[str]:
    words = told if isinstance(told, list) else ("" if told is None else str(told)).split(",")
    return [str(word).strip() for word in words if str(word).strip()]


def absolute_overrides(told: str | Mapping[str, Any]) -> dict[str, Any]:
    """Options by name, from JSON or as they are; paths are made absolute.

    Raises ValueError, in one line, for what is no such object, or for an option of the request.
    """
    overrides = read_overrides(told)
    for name, option in _OWN.items():
        if name in overrides:
            raise ValueError(f"overrides has {name!r}; say it by {option} instead")
    return {
        name: absolute(value) if _is_path(name, value) else value
        for name, value in overrides.items()
    }


def _is_path(name: str, value: Any) -> bool:
    return name in PLACES and isinstance(value, str) and value not in NO_PLACES
