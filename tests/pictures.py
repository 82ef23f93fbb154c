"""Photographs that a page is given, and what is read from the pictures it shows."""

import base64
import html
import io
import re

import ipywidgets
import numpy as np
import torch
from PIL import Image

SIDE = 64


def photographs(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(count, 3, SIDE, SIDE, generator=generator) * 255).byte()


def panel(picture, i):
    """Part ``i`` of pictures that stand side by side."""
    start = i * (SIDE + 6)
    return picture[:, start : start + SIDE].astype(int)


def frames(widget):
    """Alt text and pixels of every picture below ``widget``."""
    if isinstance(widget, ipywidgets.HTML):
        alt, data = re.search(r'alt="([^"]*)".*base64,([^"]+)"', widget.value).groups()
        return [
            (
                html.unescape(alt),
                np.asarray(Image.open(io.BytesIO(base64.b64decode(data))), dtype=int),
            )
        ]
    return [frame for child in getattr(widget, "children", ()) for frame in frames(child)]


def alt_of(html):
    return re.search(r'alt="([^"]*)"', html)[1]
