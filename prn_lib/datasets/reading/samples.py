"""Images and masks as uint8 tensors, decoded once, by all cores, and kept in the cache."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from PIL import Image

from prn_lib.common.images import FULL_RANGE, TURNS, orientation, read_image
from prn_lib.common.progress import tqdm
from prn_lib.datasets.reading.cache import ArrayEntry, FactTable, file_state
from prn_lib.datasets.reading.masks import ANY_COLOUR, Kind, Mask, read_mask
from prn_lib.datasets.sample import Sample, masks_of

T = TypeVar("T")
R = TypeVar("R")


def in_threads(work: Callable[[T], R], items: Sequence[T], description: str) -> Iterable[R]:
    """``work`` on each item, in order, on all cores; the first error stops the rest.

    Pillow decodes outside the interpreter's lock. The bar is shown where it takes over a second.
    """
    pool = ThreadPoolExecutor()
    bar = {"desc": description, "unit": "image", "leave": False, "delay": 1}
    try:
        yield from tqdm(pool.map(work, items), total=len(items), **bar)
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class Reading:
    """How a product's files are read."""

    masks: str = ANY_COLOUR  # a rule of :data:`prn_lib.datasets.reading.masks.RULES`
    grey_range: tuple[int, int] = FULL_RANGE  # black and white of 16-bit grey photographs


EXACT = Reading()


def read_samples(
    samples: Sequence[Sample], size: int, reading: Reading = EXACT
) -> tuple[torch.Tensor, torch.Tensor]:
    """Read and resize ``samples``.

    Returns images ``(N, 3, size, size)`` uint8 RGB and masks ``(N, 1, size, size)`` uint8 {0, 1}.
    Images are squashed to a square (Sec. 4.1) with an anti-aliasing bilinear filter; masks are
    resized by nearest neighbour.

    Raises ValueError or FileNotFoundError, naming the file, for an unreadable image, a mask that
    the reading's rule does not plainly cover, or a mask of another size.
    """
    images = np.empty((len(samples), 3, size, size), np.uint8)
    # The masks of normal images stay untouched zeros, for which the system holds no memory.
    masks = np.zeros((len(samples), 1, size, size), np.uint8)

    def read(i: int) -> None:
        images[i], mask = _read_cached(samples[i], size, reading)
        if mask is not None:
            masks[i, 0] = mask

    for _ in in_threads(read, range(len(samples)), "reading"):
        pass
    return torch.from_numpy(images), torch.from_numpy(masks)


def _read_cached(
    sample: Sample, size: int, reading: Reading
) -> tuple[np.ndarray, np.ndarray | None]:
    """Image ``(3, size, size)`` and mask ``(size, size)`` uint8, or None for no mask."""
    sources = [sample.image] if sample.mask is None else [sample.image, sample.mask]
    entry = ArrayEntry(sources, (size, reading.masks, *reading.grey_range))
    arrays = entry.read()
    if arrays is None:
        arrays = _decode(sample, size, reading)
        entry.write(arrays)
    return arrays["image"], arrays.get("mask")


def _decode(sample: Sample, size: int, reading: Reading) -> dict[str, np.ndarray]:
    image, mask = read_pair(sample, reading)
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    arrays = {"image": pixels.transpose(2, 0, 1)}
    if mask is not None:
        binary = Image.fromarray(mask.pixels.astype(np.uint8))
        arrays["mask"] = np.asarray(binary.resize((size, size), Image.Resampling.NEAREST))
    return arrays


def read_pair(sample: Sample, reading: Reading) -> tuple[Image.Image, Mask | None]:
    """The RGB image and the mask, if there is one, at native size.

    A mask that fits only the photograph before its EXIF data turned it is turned as well. Raises
    ValueError or FileNotFoundError, naming the file, as :func:`read_samples` does.
    """
    image = read_image(sample.image, "RGB", reading.grey_range)
    if sample.mask is None:
        return image, None
    mask = read_mask(sample.mask, reading.masks)
    height, width = mask.pixels.shape
    if (width, height) == image.size:
        return image, mask
    turn = TURNS.get(orientation(sample.image))
    turned = Image.fromarray(mask.pixels).transpose(turn) if turn is not None else None
    if turned is not None and turned.size == image.size:
        return image, mask._replace(pixels=np.asarray(turned))
    raise ValueError(
        f"mask {sample.mask} is {width}x{height} but its image {sample.image} is "
        f"{image.size[0]}x{image.size[1]}; a mask must have its image's size"
    )


class MaskFacts(NamedTuple):
    """What is known of one mask at native size."""

    area: int  # pixels of the defect
    pixels: int  # all pixels
    kind: Kind  # what the mask was taken for
    value: int  # as its kind says


def mask_facts(masks: Sequence[Path], rule: str) -> list[MaskFacts | ValueError]:
    """Facts of each mask, in order, kept in the cache; the error in place of a refused one."""
    tables = {folder: FactTable(folder, rule) for folder in {mask.parent for mask in masks}}
    known = {mask: tables[mask.parent].get(mask) for mask in masks}
    unknown = [mask for mask, numbers in known.items() if numbers is None]

    def look(path: Path) -> MaskFacts | ValueError:
        state = file_state(path)  # before reading: a change meanwhile makes the entry outdated
        try:
            mask = read_mask(path, rule)
        except ValueError as error:
            return error
        area = int(np.count_nonzero(mask.pixels))
        facts = MaskFacts(area, mask.pixels.size, mask.kind, mask.value)
        tables[path.parent].put(path, state, facts)
        return facts

    found: dict[Path, MaskFacts | ValueError] = {
        mask: MaskFacts(area, pixels, Kind(kind), value)
        for mask, numbers in known.items()
        if numbers is not None
        for area, pixels, kind, value in [numbers]
    }
    found |= zip(unknown, in_threads(look, unknown, "masks"), strict=True)
    for table in tables.values():
        table.save()
    return [found[mask] for mask in masks]


def defect_areas(anomalies: Sequence[Sample], rule: str = ANY_COLOUR) -> np.ndarray:
    """Shares of the image, in [0, 1], that each anomaly's mask covers at native size ``(N,)``.

    Raises ValueError, naming the file, for an unreadable mask.
    """
    shares = []
    for facts in mask_facts(masks_of(anomalies), rule):
        if not isinstance(facts, MaskFacts):
            raise facts
        shares.append(facts.area / facts.pixels)
    return np.array(shares)
