"""Images and masks as uint8 tensors, decoded once, by all cores, and kept in the cache."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from PIL import Image

from prn_lib.common.progress import tqdm
from prn_lib.datasets.reading.cache import ArrayEntry, FactTable, file_state
from prn_lib.datasets.reading.images import read_image
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


def read_samples(
    samples: Sequence[Sample], size: int, mask_threshold: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Read and resize ``samples``.

    Returns images ``(N, 3, size, size)`` uint8 RGB and masks ``(N, 1, size, size)`` uint8 {0, 1}.
    Images are squashed to a square (Sec. 4.1) with an anti-aliasing bilinear filter; masks are
    thresholded at native size and resized by nearest neighbour.

    Raises ValueError or FileNotFoundError, naming the file, for an unreadable image or a mask of
    another size.
    """
    images = np.empty((len(samples), 3, size, size), np.uint8)
    # The masks of normal images stay untouched zeros, for which the system holds no memory.
    masks = np.zeros((len(samples), 1, size, size), np.uint8)

    def read(i: int) -> None:
        images[i], mask = _read_cached(samples[i], size, mask_threshold)
        if mask is not None:
            masks[i, 0] = mask

    for _ in in_threads(read, range(len(samples)), "reading"):
        pass
    return torch.from_numpy(images), torch.from_numpy(masks)


def _read_cached(
    sample: Sample, size: int, mask_threshold: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Image ``(3, size, size)`` and mask ``(size, size)`` uint8, or None for no mask."""
    sources = [sample.image] if sample.mask is None else [sample.image, sample.mask]
    entry = ArrayEntry(sources, (size, mask_threshold))
    arrays = entry.read()
    if arrays is None:
        arrays = _decode(sample, size, mask_threshold)
        entry.write(arrays)
    return arrays["image"], arrays.get("mask")


def _decode(sample: Sample, size: int, mask_threshold: int) -> dict[str, np.ndarray]:
    image, grey = read_pair(sample)
    pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    arrays = {"image": pixels.transpose(2, 0, 1)}
    if grey is not None:
        binary = Image.fromarray((np.asarray(grey) > mask_threshold).astype(np.uint8))
        arrays["mask"] = np.asarray(binary.resize((size, size), Image.Resampling.NEAREST))
    return arrays


def read_pair(sample: Sample) -> tuple[Image.Image, Image.Image | None]:
    """The RGB image and the grey mask, if there is one, at native size.

    Raises ValueError or FileNotFoundError, naming the file, as :func:`read_samples` does.
    """
    image = read_image(sample.image, "RGB")
    if sample.mask is None:
        return image, None
    mask = read_image(sample.mask, "L")
    if mask.size != image.size:
        turned = " (its EXIF data turn the image: turn the mask as well)"
        raise ValueError(
            f"mask {sample.mask} is {mask.size[0]}x{mask.size[1]} but its image {sample.image} "
            f"is {image.size[0]}x{image.size[1]}; a mask must have its image's size"
            f"{turned if mask.size == image.size[::-1] else ''}"
        )
    return image, mask


class MaskFacts(NamedTuple):
    """What is known of one mask at native size."""

    area: int  # pixels above the threshold
    pixels: int  # all pixels
    highest: int  # the highest grey value


def mask_facts(masks: Sequence[Path], threshold: int) -> list[MaskFacts | ValueError]:
    """Facts of each mask, in order, kept in the cache; the error in place of an unreadable one."""
    tables = {folder: FactTable(folder, threshold) for folder in {mask.parent for mask in masks}}
    known = {mask: tables[mask.parent].get(mask) for mask in masks}
    unknown = [mask for mask, numbers in known.items() if numbers is None]

    def look(mask: Path) -> MaskFacts | ValueError:
        state = file_state(mask)  # before reading: a change meanwhile makes the entry outdated
        try:
            grey = np.asarray(read_image(mask, "L"))
        except ValueError as error:
            return error
        facts = MaskFacts(int(np.count_nonzero(grey > threshold)), grey.size, int(grey.max()))
        tables[mask.parent].put(mask, state, facts)
        return facts

    found: dict[Path, MaskFacts | ValueError] = {
        mask: MaskFacts(*numbers) for mask, numbers in known.items() if numbers is not None
    }
    found |= zip(unknown, in_threads(look, unknown, "masks"), strict=True)
    for table in tables.values():
        table.save()
    return [found[mask] for mask in masks]


def defect_areas(anomalies: Sequence[Sample], threshold: int) -> np.ndarray:
    """Shares of the image, in [0, 1], that each anomaly's mask covers at native size ``(N,)``.

    Raises ValueError, naming the file, for an unreadable mask.
    """
    shares = []
    for facts in mask_facts(masks_of(anomalies), threshold):
        if not isinstance(facts, MaskFacts):
            raise facts
        shares.append(facts.area / facts.pixels)
    return np.array(shares)
