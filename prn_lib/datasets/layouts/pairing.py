"""Images and their masks, paired by name; what does not fit is collected, not skipped."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from prn_lib.common.images import LOSSY, image_files, no_image
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.reading.samples import MaskFacts, Reading, mask_facts
from prn_lib.datasets.sample import Sample, masks_of

NAMED = 12  # files named in one sentence; the rest are counted


def existing_folder(path: Path, purpose: str, remedy: str) -> Path:
    """``path`` if it is a folder, else FileNotFoundError with one line that says what to do."""
    if not path.is_dir():
        raise FileNotFoundError(f"{purpose} {path} is not a folder; {remedy}")
    return path


def folders_with(root: Path, inside: str) -> list[str]:
    """Names, sorted, of the folders in ``root`` that hold the folder ``inside``."""
    return sorted(path.name for path in root.glob("*") if (path / inside).is_dir())


def by_name(files: Sequence[Path], troubles: list[str], suffix: str = "") -> dict[str, Path]:
    """Files by their name without ending (and without ``suffix``), which must be unique."""
    named: dict[str, Path] = {}
    for path in files:
        name = unicodedata.normalize("NFC", path.stem).removesuffix(suffix)
        if name in named:
            troubles.append(
                f"{named[name]} and {path.name} differ in their endings only; rename one of them"
            )
        named[name] = path
    return named


def exact_masks(files: list[Path], troubles: list[str]) -> list[Path]:
    """Mask files of which each pixel above 0 counts: those stored with loss are trouble."""
    troubles += [
        f"mask {path} is stored with loss, so that its edges are wrong; restore it as PNG"
        for path in files
        if path.suffix.lower() in LOSSY
    ]
    return files


def normals_of(folder: Path, prefix: str, troubles: list[str]) -> tuple[Sample, ...]:
    """The normal images of a folder. Raises FileNotFoundError if it holds none."""
    existing_folder(folder, "the normal images' folder", "restore it")
    samples = tuple(
        Sample(f"{prefix}/{name}", path)
        for name, path in by_name(image_files(folder), troubles).items()
    )
    if not samples:
        raise FileNotFoundError(no_image(folder))
    return samples


def pair(
    images: dict[str, Path],
    masks: dict[str, Path],
    defect: str,
    prefix: str,
    expected: Callable[[str], Path],
    troubles: list[str],
) -> list[Sample]:
    """Anomalies with their masks; an image or mask without its partner goes to ``troubles``."""
    troubles += of_no_image(masks, images)
    for name in sorted(images.keys() - masks.keys()):
        troubles.append(f"image {images[name]} has no mask; expected it at {expected(name)}")
    return [
        Sample(f"{prefix}/{name}", images[name], masks[name], defect)
        for name in sorted(images.keys() & masks.keys())
    ]


def of_no_image(masks: dict[str, Path], images: dict[str, Path]) -> list[str]:
    """A sentence for each mask that belongs to none of the images."""
    return [
        f"mask {masks[name]} belongs to no image; add the image {name} or delete the mask"
        for name in sorted(masks.keys() - images.keys())
    ]


def set_aside_empty(
    anomalies: Sequence[Sample], reading: Reading, troubles: list[str], least: int = 1
) -> tuple[tuple[Sample, ...], tuple[Sample, ...], tuple[str, ...]]:
    """Split off the anomalies whose masks have fewer than ``least`` pixels: (kept, empty, notes).

    Nothing can be scored against an empty mask, and calling such an image normal would be wrong.
    """
    facts = mask_facts(masks_of(anomalies), reading.masks)
    kept: list[Sample] = []
    empty: list[Sample] = []
    tiny: list[Sample] = []
    for sample, fact in zip(anomalies, facts, strict=True):
        if not isinstance(fact, MaskFacts):
            troubles.append(str(fact))
        elif fact.area >= least:
            kept.append(sample)
        else:
            (tiny if fact.area else empty).append(sample)
    notes = []
    for samples, what in (
        (empty, "an empty mask"),
        (tiny, f"a mask of fewer than {least} pixels"),
    ):
        if samples:
            names = ", ".join(sample.name for sample in samples)
            notes.append(f"Left out for {what}, {len(samples)} in all: {names}.")
    return tuple(kept), tuple(empty + tiny), tuple(notes)


def passed_over(inventory: Inventory) -> tuple[str, ...]:
    """A note that names the files in the category's folders that are no sample's, if any."""
    used = {path for sample in inventory.samples for path in (sample.image, sample.mask)}
    files = (path for folder in inventory.folders for path in sorted(folder.rglob("*")))
    used |= inventory.known | set(inventory.blank_masks.values())
    others = [p for p in files if p not in used and (p.is_symlink() or p.is_file())]
    if not others:
        return ()
    names = shortened(f"{path.parent.name}/{path.name}" for path in others)
    return (f"Files passed over, {len(others)} in all: {names}.",)


def shortened(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    named = list(names)
    more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more
