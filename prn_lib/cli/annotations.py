"""``prn data import``: what people outlined with other tools becomes a folder of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prn_lib.cli.group import program

if TYPE_CHECKING:
    from prn_lib.datasets.annotations.photographs import Annotated

_TAKES = {  # options of each format, beside --unlabelled
    "labelme": (),
    "coco": ("images",),
    "cvat": ("images",),
    "voc": ("images", "labels"),
    "masks": ("masks", "labels", "any_colour"),
}


@click.command("import", short_help="Make a folder of your own from annotations.")
@click.option(
    "--from",
    "kind",
    required=True,
    type=click.Choice(list(_TAKES)),
    help="The tool or format of the annotations.",
)
@click.argument("source", type=Path)
@click.option("--out", required=True, type=Path, metavar="FOLDER", help="A new folder, written.")
@click.option("--images", type=Path, metavar="FOLDER", help="Photographs of coco, cvat or voc.")
@click.option("--masks", type=Path, metavar="FOLDER", help="The masks of the format masks.")
@click.option("--labels", metavar="A,B", help="Names of voc's indices 1, 2, or the masks' defect.")
@click.option("--any-colour", is_flag=True, help="Masks may have more than one colour and black.")
@click.option(
    "--unlabelled",
    default="refuse",
    show_default=True,
    type=click.Choice(["refuse", "good", "skip"]),
    help="What photographs without an annotation are: good takes them as normal.",
)
def import_annotations(
    kind: str,
    source: Path,
    out: Path,
    images: Path | None,
    masks: Path | None,
    labels: str | None,
    any_colour: bool,
    unlabelled: str,
) -> None:
    """Make a folder of your own from annotations of another tool.

    SOURCE is LabelMe's folder of photographs and JSON files, COCO's JSON file, the folder of CVAT's
    export 'Segmentation mask 1.1' or of VOC, or a folder of photographs with --masks. The result is
    the dataset 'folder'; photographs are copied as they are. If anything is wrong, nothing is
    written.
    """
    from prn_lib.datasets.annotations.write import write_folder

    given = {"images": images, "masks": masks, "labels": labels, "any_colour": any_colour}
    for name, value in given.items():
        if value and name not in _TAKES[kind]:
            raise ValueError(f"--{name.replace('_', '-')} is no option of --from {kind}; leave it")
    names = [name.strip() for name in labels.split(",")] if labels else []
    annotated = _read(kind, source.expanduser(), images, masks, names, any_colour, unlabelled)
    out = out.expanduser()
    imported = write_folder(annotated, out)
    click.echo(imported.table.to_string(index=False))
    click.echo("\n".join(["\nworth knowing:", *(f"  {note}" for note in imported.notes)]))
    click.echo(f"\nwritten to {out}; masks are told in pixels")
    click.echo(f"next: {program()} data check --dataset folder --root {shlex.quote(str(out))}")


def _read(
    kind: str,
    source: Path,
    images: Path | None,
    masks: Path | None,
    names: list[str],
    any_colour: bool,
    unlabelled: str,
) -> Annotated:
    from prn_lib.datasets.annotations.coco import read_coco
    from prn_lib.datasets.annotations.cvat import read_cvat
    from prn_lib.datasets.annotations.labelme import read_labelme
    from prn_lib.datasets.annotations.masks import read_masks
    from prn_lib.datasets.annotations.voc import read_voc

    if kind == "labelme":
        return read_labelme(source, unlabelled)
    if kind == "coco":
        return read_coco(source, images, unlabelled)
    if kind == "cvat":
        return read_cvat(source, images, unlabelled)
    if kind == "voc":
        return read_voc(source, images, names, unlabelled)
    if masks is None or len(names) > 1:
        raise ValueError("--from masks needs --masks FOLDER, and at most one name in --labels")
    return read_masks(source, masks, names[0] if names else "defect", any_colour, unlabelled)
