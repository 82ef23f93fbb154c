"""Draw the rooms of the library, floor by floor: ``book/images/rooms.png``.

The floors are the layers in ``pyproject.toml``; what a room is for is the first sentence of its
``__init__``.
"""

import ast
import re
import textwrap
import tomllib
from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from prn_lib.common.paths import project_folder
from prn_lib.figures.base import picture

WIDTH = 100.0  # of a floor
COLOURS = ("#f3e9d8", "#e4eef7", "#e7f3e4", "#f7e6e6", "#efe6f7")


def main() -> None:
    """Draws and writes the picture."""
    project = project_folder()
    floors = read_floors(project)
    heights = [1.85 if len(rooms) > 2 else 1.0 for rooms in floors]  # narrow rooms need lines
    figure, axis = plt.subplots(figsize=(7.6, 0.72 * sum(heights)), layout="constrained")
    top = sum(heights)
    axis.set(xlim=(0, WIDTH), ylim=(0, top))
    axis.axis("off")
    for rooms, height in zip(floors, heights, strict=True):
        _draw_floor(axis, project, top, height, rooms)
        top -= height
    shown = picture(figure, describe(project, floors))
    shown.write(project / "book" / "images" / "rooms.png", colours=64)


def describe(project: Path, floors: list[list[str]]) -> str:
    """The picture's alt text: all rooms and their files, from the top floor down."""
    told = [f"{room} ({', '.join(files(project, room))})" for rooms in floors for room in rooms]
    return f"The rooms of prn_lib as floors of a house, from the top: {'; '.join(told)}."


def read_floors(project: Path) -> list[list[str]]:
    """Rooms of each floor, the highest first."""
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def purpose(project: Path, room: str) -> str:
    """The first sentence of a room's docstring, without marks."""
    text = (project / "prn_lib" / room / "__init__.py").read_text()
    sentence = " ".join((ast.get_docstring(ast.parse(text)) or "").split("\n\n")[0].split())
    sentence = re.sub(r":\w+:`~?[\w.]*?(\w+)`", r"\1", sentence)
    return sentence.replace("``", "").rstrip(".")


def files(project: Path, room: str) -> list[str]:
    """Names of a room's files and, with a stroke, of its inner rooms."""
    inside = sorted((project / "prn_lib" / room).iterdir())
    folders = [f"{path.name}/" for path in inside if (path / "__init__.py").is_file()]
    return folders + [p.stem for p in inside if p.suffix == ".py" and p.stem != "__init__"]


def _draw_floor(axis: Axes, project: Path, top: float, height: float, rooms: list[str]) -> None:
    width = WIDTH / len(rooms)
    for k, room in enumerate(rooms):
        colour = COLOURS[(len(rooms) + k + round(top)) % len(COLOURS)]
        corner = (k * width + 0.4, top - height + 0.06)
        axis.add_patch(plt.Rectangle(corner, width - 0.8, height - 0.08, facecolor=colour))
        middle = (k + 0.5) * width
        words = textwrap.wrap(purpose(project, room), int(width * 1.2))
        names = textwrap.wrap(" · ".join(files(project, room)), int(width * 1.35))
        for text, below, size, style in (
            (room, 0.06, 9, {"weight": "bold"}),
            ("\n".join(words), 0.31, 6.6, {}),
            ("\n".join(names), 0.36 + 0.17 * len(words), 5.6, {"color": "#444444"}),
        ):
            axis.text(middle, top - below, text, ha="center", va="top", fontsize=size, **style)


if __name__ == "__main__":
    main()
