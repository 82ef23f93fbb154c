"""The one shape that every dataset takes: a :class:`Category` of lazily read samples."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from prn_lib.images import is_image, read_image

GOOD = "good"


@dataclass(frozen=True)
class Sample:
    """One image on disk, its mask if it has one, and what is known of it."""

    name: str  # identity inside the dataset, e.g. "test/hole/003"
    image: Path
    mask: Path | None = None  # None: every pixel is normal
    defect: str = GOOD  # defect type, or "good"

    @property
    def is_anomaly(self) -> bool:
        """Whether the image shows a defect."""
        return self.defect != GOOD


@dataclass(frozen=True)
class Category:
    """One category under the general supervised setting (App. A.2).

    ``train_anomalies`` were drawn from all anomalies and are in no other list. ``left_out`` holds
    images that neither train nor test may use, ``notes`` says why, in sentences for the reader.
    """

    dataset: str
    name: str
    train_normals: tuple[Sample, ...]
    train_anomalies: tuple[Sample, ...]
    test: tuple[Sample, ...]
    left_out: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
    plain_background: bool = False  # an object before a plain background: it can be segmented
    mask_threshold: int = 0  # a mask pixel is anomalous above this grey value

    def load(self, samples: Sequence[Sample], size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Read and resize ``samples``.

        Returns images ``(N, 3, size, size)`` uint8 RGB and masks ``(N, 1, size, size)`` uint8
        {0, 1}. Images are squashed to a square (Sec. 4.1) with an anti-aliasing bilinear filter;
        masks are thresholded at native size and resized by nearest neighbour.

        Raises ValueError, naming the file, for an unreadable image or a mask of another size.
        """
        if not samples:
            return (
                torch.empty(0, 3, size, size, dtype=torch.uint8),
                torch.empty(0, 1, size, size, dtype=torch.uint8),
            )
        pairs = [read_pair(sample, size, self.mask_threshold) for sample in samples]
        images, masks = zip(*pairs, strict=True)
        return torch.stack(images), torch.stack(masks)


def read_pair(sample: Sample, size: int, mask_threshold: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Image ``(3, size, size)`` uint8 and mask ``(1, size, size)`` uint8 {0, 1} of one sample."""
    image = read_image(sample.image, "RGB")
    if sample.mask is None:
        mask = np.zeros((size, size), np.uint8)
    else:
        grey = read_image(sample.mask, "L")
        if grey.size != image.size:
            raise ValueError(
                f"mask {sample.mask} is {grey.size[0]}x{grey.size[1]} but its image {sample.image} "
                f"is {image.size[0]}x{image.size[1]}; a mask must have its image's size"
            )
        binary = Image.fromarray((np.asarray(grey) > mask_threshold).astype(np.uint8))
        mask = np.asarray(binary.resize((size, size), Image.Resampling.NEAREST))
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1), torch.from_numpy(mask.copy())[None]


def existing_folder(path: Path, purpose: str, remedy: str) -> Path:
    """``path`` if it is a folder, else FileNotFoundError with one line that says what to do."""
    if not path.is_dir():
        raise FileNotFoundError(f"{purpose} {path} is not a folder; {remedy}")
    return path


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; hidden files and other types are passed over."""
    return sorted(path for path in folder.iterdir() if is_image(path))


def split_generator(dataset: str, category: str, seed: int) -> np.random.Generator:
    """A generator of its own for each (dataset, category, seed), the same on every machine."""
    return np.random.default_rng([seed, zlib.crc32(f"{dataset}/{category}".encode())])


def draw_anomalies(
    anomalies: Sequence[Sample], count: int, generator: np.random.Generator, where: str
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Draw ``count`` training anomalies from all types; return (drawn, rest), both by name.

    The general supervised setting (App. A.2): uniformly, without replacement and without balancing
    the types. ValueError if no anomaly would be left to test on.
    """
    if not 0 <= count < len(anomalies):
        raise ValueError(
            f"n_anomalies={count} cannot be drawn from the {len(anomalies)} anomalies of {where}: "
            f"choose 0 to {len(anomalies) - 1}, so that at least one is left to test on"
        )
    ordered = sorted(anomalies, key=lambda sample: sample.name)
    chosen = set(generator.choice(len(ordered), count, replace=False).tolist())
    drawn = tuple(sample for i, sample in enumerate(ordered) if i in chosen)
    rest = tuple(sample for i, sample in enumerate(ordered) if i not in chosen)
    return drawn, rest
