"""One image and what is known of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

GOOD = "good"


@dataclass(frozen=True)
class Sample:
    """One image on disk, its mask if it has one, and what is known of it."""

    name: str  # identity inside the dataset, e.g. "test/hole/003"
    image: Path
    mask: Path | None = None  # None: every pixel is normal, or an anomaly that nobody outlined
    defect: str = GOOD  # defect type, or "good"
    group: str | None = None  # images of one part share it; a split never divides it

    @property
    def is_anomaly(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != GOOD


def masks_of(samples: Iterable[Sample]) -> list[Path]:
    """The masks of samples that all have one. Raises ValueError, naming it, for one without."""
    masks = []
    for sample in samples:
        if sample.mask is None:
            raise ValueError(f"image {sample.image} has no mask")
        masks.append(sample.mask)
    return masks
