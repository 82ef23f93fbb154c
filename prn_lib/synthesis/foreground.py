"""Foreground of objects before a plain background (Sec. 3.4): one method, two settings.

The paper restricts target areas to the object and does not say how it is found. Public
implementations threshold the grey value; this does the same, and closes holes.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from scipy import ndimage

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
            "estimates, and correct them, with 'python -m prn_lib.foregrounds', or set "
            "use_foreground=False"
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
