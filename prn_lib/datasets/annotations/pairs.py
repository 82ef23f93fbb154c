"""Photographs and mask files, paired by their names without endings."""

import unicodedata
from collections.abc import Callable
from functools import partial
from pathlib import Path

from prn_lib.common.images import LOSSY
from prn_lib.datasets.annotations.photographs import (
    Annotated,
    Drawing,
    Photograph,
    Shown,
    find_photographs,
    without_annotation,
)
from prn_lib.datasets.layouts.pairing import shortened

Read = Callable[[Path, Shown], Drawing]
CLASSES, PHOTOGRAPHS, LISTS = "SegmentationClass", "JPEGImages", "ImageSets/Segmentation"


def pair_with_masks(
    images: Path, masks: Path, read: Read, unlabelled: str, suffix: str = ""
) -> Annotated:
    """Every photograph in ``images`` with the mask of its name, or its name and ``suffix``.

    ``read`` draws what a mask file says; a photograph without a mask is what ``unlabelled`` says:
    see :func:`without_annotation`. Raises FileNotFoundError or ValueError, naming files, for a mask
    without a photograph or stored with loss, and for names that are there twice.
    """
    photographs = {
        name: path for name, path in _by_name(images).items() if not path.is_relative_to(masks)
    }
    drawn = _by_name(masks, suffix)
    lossy = [path.name for path in drawn.values() if path.suffix.lower() in LOSSY]
    if lossy:
        raise ValueError(f"masks in {masks} are stored with loss ({shortened(lossy)}); use PNG")
    orphans = sorted(drawn.keys() - photographs.keys())
    if orphans:
        raise FileNotFoundError(
            f"masks in {masks} have no photograph in {images}: {shortened(orphans)}; "
            "add the photographs or delete the masks"
        )
    if not drawn:
        raise FileNotFoundError(f"{masks} holds no mask; give the folder of the masks")
    pairs = [
        Photograph(photographs[name], mask, partial(read, mask)) for name, mask in drawn.items()
    ]
    rest = [path for name, path in photographs.items() if name not in drawn]
    others, notes = without_annotation(rest, unlabelled)
    return Annotated([*pairs, *others], notes)


def _by_name(folder: Path, suffix: str = "") -> dict[str, Path]:
    """Image files by their path in the folder without ending and ``suffix``, sorted."""
    named: dict[str, Path] = {}
    for path in find_photographs(folder):
        inside = path.relative_to(folder).with_suffix("").as_posix()
        name = unicodedata.normalize("NFC", inside).removesuffix(suffix)
        if name in named:
            raise ValueError(f"{named[name]} and {path} have the same name; rename one of them")
        named[name] = path
    return named


def pair_voc_folders(source: Path, images: Path | None, read: Read, unlabelled: str) -> Annotated:
    """Pair the folders of a VOC tree; photographs lie in ``images`` or its ``JPEGImages``.

    Raises FileNotFoundError, beside what :func:`pair_with_masks` raises, if a name that its lists
    in ``ImageSets/Segmentation`` have is no photograph.
    """
    folder = source / PHOTOGRAPHS if images is None else images
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a folder; export the photographs too, or give theirs with --images"
        )
    there = _by_name(folder)
    for path in sorted((source / LISTS).glob("*.txt")):
        listed = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        missing = [name for name in listed if name and name not in there]
        if missing:
            raise FileNotFoundError(
                f"{path} lists photographs that are not in {folder}: {shortened(missing)}; "
                "add them or delete those lines"
            )
    return pair_with_masks(folder, source / CLASSES, read, unlabelled)
