"""Score maps as files: grey values of 16 bits, and colours over the photograph."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from prn_lib.common.files import whole_file

DEEPEST = 2**16 - 1  # the grey value of a score of 1
PINK = (255, 45, 149)
QUALITY = 90  # of overlays as JPEG
OPACITY = 0.6  # of the colours at a score of 1


def write_map(score_map: np.ndarray, path: Path) -> None:
    """``(S, S)`` in [0, 1] as a PNG of 16 bits; 65535 is a score of 1."""
    grey = np.rint(score_map * DEEPEST).astype(np.uint16)
    with whole_file(path) as draft:
        Image.fromarray(grey).save(draft, format="PNG")


def write_overlay(
    photo: Image.Image, score_map: np.ndarray, threshold: float | None, path: Path
) -> None:
    """The RGB photograph, at its own size, with the map's colours and outlines, as a JPEG."""
    picture = overlay(np.asarray(photo), score_map, threshold)
    with whole_file(path) as draft:
        Image.fromarray(picture).save(draft, format="JPEG", quality=QUALITY)


def overlay(photo: np.ndarray, score_map: np.ndarray, threshold: float | None) -> np.ndarray:
    """``photo`` ``(H, W, 3)`` uint8 under colours as strong as the score; regions outlined in pink.

    ``score_map`` ``(S, S)`` in [0, 1] is enlarged by bilinear interpolation.
    """
    size = photo.shape[1], photo.shape[0]
    large = cv2.resize(score_map.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(np.rint(255 * large).astype(np.uint8), cv2.COLORMAP_INFERNO)
    share = (OPACITY * large)[..., None]
    picture = np.rint(photo + share * (colours[..., ::-1].astype(np.float32) - photo))
    picture = np.ascontiguousarray(picture.astype(np.uint8))
    if threshold is not None:
        above = (large > threshold).astype(np.uint8)
        outlines, _ = cv2.findContours(above, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(picture, outlines, -1, PINK, max(1, round(max(size) / 400)))
    return picture
