"""Where the paper is silent or can be read in several ways, and how it is read here."""

import csv
import json
from dataclasses import dataclass
from typing import Any

from prn_lib.common.paths import project_folder


@dataclass(frozen=True)
class Reading:
    """One such place.

    ``option`` of :class:`~prn_lib.runs.experiment.Experiment` has the ``default``; ``alternatives``
    are other readings of the same place. Where the choice is fixed in the code, ``option`` is empty
    and there are none. ``chapter`` is the page of the book that explains it, or empty.
    """

    place: str
    difficulty: str
    choice: str
    option: str
    default: Any
    alternatives: tuple[Any, ...]
    chapter: str


def all_readings() -> list[Reading]:
    """All of ``data/paper/readings.csv``. FileNotFoundError outside a checkout of the project."""
    path = project_folder() / "data" / "paper" / "readings.csv"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; work in a checkout of the project")
    with path.open(newline="", encoding="utf-8") as file:
        return [_reading(row) for row in csv.DictReader(file)]


def _reading(row: dict[str, str]) -> Reading:
    others = [_value(text.strip()) for text in row["alternatives"].split(";") if text.strip()]
    return Reading(**{**row, "default": _value(row["default"]), "alternatives": tuple(others)})


def _value(text: str) -> Any:
    """A number, ``true`` or ``false`` as in JSON; all else is text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
