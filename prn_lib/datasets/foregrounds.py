"""The foreground of objects before a plain background: found, corrected by hand, read again.

The paper restricts target areas to the object and does not say how it is found (Sec. 3.4). Public
implementations threshold the grey value; this does the same, and closes holes. What it gets wrong
is mended as mask files: ``prn foregrounds`` writes them.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from prn_lib.common.files import whole_file
from prn_lib.common.progress import tqdm
from prn_lib.datasets.category import Background, Category
from prn_lib.datasets.reading.masks import HALF_GREY, read_mask

SHARE = (0.01, 0.99)  # an estimate outside this range found nothing or everything
MEDIAN = 7 / 256  # side of the median filter, as a share of the image's; NSA: 7 x 7 at 256
LISTED = 5  # images named in a message


class ForegroundError(ValueError):
    """Some estimates found nothing or everything: ``shares`` by image name."""

    def __init__(self, shares: dict[str, float], total: int) -> None:
        listed = [f"{name} ({share:.1%})" for name, share in list(shares.items())[:LISTED]]
        more = ["..."] if len(shares) > LISTED else []
        super().__init__(
            f"the foreground estimate covers nearly nothing or nearly everything of "
            f"{len(shares)} of {total} normal images: {', '.join(listed + more)}; look at the "
            "estimates, and correct them, with 'prn foregrounds', or set use_foreground=False"
        )


def estimate_foreground(
    image: torch.Tensor, background: int | None = None, tolerance: int | None = None
) -> torch.Tensor:
    """Mask ``(1, H, W)`` bool of the object in ``image`` ``(3, H, W)`` uint8.

    A pixel belongs to the object if one of its channels differs from the background by more than
    ``tolerance``. Specks are removed by a median filter, small gaps closed, and holes filled.
    ``background`` is a grey value in 0..255, or None for the median colour of the image's border;
    without a ``tolerance`` Otsu's threshold of the differences is taken.

    Raises ValueError for a background or tolerance outside 0..255.
    """
    for name, value in (("background", background), ("tolerance", tolerance)):
        if value is not None and not 0 <= value <= 255:
            raise ValueError(f"{name}={value} must be a grey value, 0 to 255")
    pixels = image.permute(1, 2, 0).numpy().astype(np.int16)
    if background is None:
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        background = np.median(border, axis=0)
    difference = np.rint(np.abs(pixels - background).max(axis=2)).astype(np.uint8)
    method = cv2.THRESH_BINARY + (cv2.THRESH_OTSU if tolerance is None else 0)
    _, binary = cv2.threshold(difference, tolerance or 0, 1, method)
    side = 2 * round((MEDIAN * min(binary.shape) - 1) / 2) + 1  # odd
    smooth = cv2.medianBlur(binary, side)
    closed = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return torch.from_numpy(ndimage.binary_fill_holes(closed))[None]


def odd_foregrounds(masks: torch.Tensor, names: Sequence[str]) -> dict[str, float]:
    """Names and shares of the masks ``(N, 1, H, W)`` bool that are (nearly) empty or full."""
    shares = dict(zip(names, masks.float().mean((1, 2, 3)).tolist(), strict=True))
    return {name: share for name, share in shares.items() if not SHARE[0] <= share <= SHARE[1]}


def check_foregrounds(masks: torch.Tensor, names: Sequence[str]) -> None:
    """Raise :class:`ForegroundError` if a mask of ``(N, 1, H, W)`` bool is (nearly) empty or full.

    A full mask is as useless as an empty one: it would put anomalies on the background.
    """
    odd = odd_foregrounds(masks, names)
    if odd:
        raise ForegroundError(odd, len(masks))


def estimate_foregrounds(images: torch.Tensor, background: Background) -> torch.Tensor:
    """Foregrounds ``(N, 1, H, W)`` bool of ``images`` ``(N, 3, H, W)`` uint8."""
    bar = tqdm(images, desc="foregrounds", unit="image", leave=False, delay=1)
    masks = [estimate_foreground(image, background.grey, background.tolerance) for image in bar]
    return torch.stack(masks)


def read_foregrounds(folder: Path, category: Category, size: int) -> torch.Tensor:
    """The corrected masks ``(N, 1, size, size)`` bool of the training normals.

    Raises FileNotFoundError for a missing mask, ValueError, naming it, for one that cannot be read
    or is (nearly) empty or full.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"foreground_masks={folder} is no folder; 'prn foregrounds' makes one"
        )
    masks = np.empty((len(category.train_normals), 1, size, size), bool)
    for mask, sample in zip(masks, category.train_normals, strict=True):
        path = mask_path(folder, sample.name)
        if not path.is_file():
            raise FileNotFoundError(
                f"foreground mask {path} is missing: foreground_masks needs one for every training "
                "normal; 'prn foregrounds' writes them"
            )
        mask[0] = read_foreground(path, size)
    foregrounds = torch.from_numpy(masks)
    check_foregrounds(foregrounds, [sample.name for sample in category.train_normals])
    return foregrounds


def mask_path(folder: Path, name: str) -> Path:
    """Where the mask of the normal image called ``name`` lies."""
    return folder / f"{name}.png"


def write_foregrounds(
    masks: torch.Tensor, names: Sequence[str], folder: Path, *, replace: bool = False
) -> int:
    """Write each mask ``(1, H, W)`` bool as a PNG called by its image's name; returns how many.

    Those that are there, and may have been corrected by hand, are kept unless ``replace``.
    """
    written = 0
    for mask, name in zip(masks, names, strict=True):
        path = mask_path(folder, name)
        if replace or not path.is_file():
            with whole_file(path) as draft:
                Image.fromarray(mask[0].numpy().astype(np.uint8) * 255).save(draft, format="PNG")
            written += 1
    return written


def read_foreground(path: Path, size: int) -> np.ndarray:
    """One mask file as ``(size, size)`` bool; ValueError or FileNotFoundError, naming it."""
    mask = Image.fromarray(read_mask(path, HALF_GREY).pixels)
    return np.asarray(mask.resize((size, size), Image.Resampling.NEAREST))
