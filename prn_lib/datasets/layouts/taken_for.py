"""Sentences on what the masks and photographs of one's own were taken for."""

from collections import Counter
from collections.abc import Sequence

from PIL import Image

from prn_lib.common.images import LOSSY, TURNS, orientation
from prn_lib.datasets.layouts.pairing import shortened
from prn_lib.datasets.reading.masks import Kind, colour_name
from prn_lib.datasets.reading.samples import MaskFacts, Reading, in_threads, mask_facts
from prn_lib.datasets.sample import Sample, masks_of


def taken_for(anomalies: Sequence[Sample], reading: Reading) -> list[str]:
    """How masks that are not plainly black and white were read, and those that may be inverted."""
    facts = mask_facts(masks_of(anomalies), reading.masks)
    known = [
        (sample.name, fact)
        for sample, fact in zip(anomalies, facts, strict=True)
        if isinstance(fact, MaskFacts)
    ]
    values = Counter(colour_name(f.value) for _, f in known if f.kind == Kind.ONE_VALUE)
    soft = [(name, fact) for name, fact in known if fact.kind == Kind.SOFT and fact.value]
    large = [name for name, fact in known if fact.area > fact.pixels / 2]
    told = []
    if values:
        counts = ", ".join(f"{count} with {value}" for value, count in sorted(values.items()))
        told.append(
            f"Masks of black and one other value than white, which is the defect: {counts}."
        )
    if soft:
        most = max(fact.value / max(fact.area, 1) for _, fact in soft)
        told.append(
            f"{len(soft)} masks have soft edges, cut at half grey; at most {most:.0%} of a defect "
            f"lies between black and white: {shortened([name for name, _ in soft])}."
        )
    if any(fact.kind == Kind.COLOURS for _, fact in known):
        told.append("Masks are read by product.json: whatever is not black is a defect.")
    if large:
        told.append(f"Masks that cover more than half of the image; inverted? {shortened(large)}.")
    return told


def turned(anomalies: Sequence[Sample]) -> list[str]:
    """Whose masks were turned with their photographs, and whose might have been painted either way.

    A photograph's EXIF data may turn it; its mask may have been painted before or after.
    """
    photos = [s for s in anomalies if s.image.suffix.lower() in LOSSY]  # those of cameras
    turns = in_threads(_turn, photos, "checking")
    names = [s.name for s, turn in zip(photos, turns, strict=True) if turn in TURNS]
    if not names:
        return []
    return [
        f"{len(names)} photographs of defects are turned by their EXIF data. A mask that fits only "
        "the unturned file is turned as well; one that fits both ways is taken as painted on the "
        f"turned photograph. Look at these: {shortened(names)}."
    ]


def _turn(sample: Sample) -> int:
    try:
        return orientation(sample.image)
    except (OSError, ValueError, Image.DecompressionBombError):
        return 1  # whoever reads it says what is wrong
