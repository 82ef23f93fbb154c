"""How figures are made: rendered once, shown as an image with alt text."""

import base64
import html
import io
from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from prn_lib.common.files import whole_file
from prn_lib.datasets.sample import GOOD

CELL = 1.55  # inches a side of a small image
DPI = 110
CONTOUR = "#ff00c8"  # seen on grey, brown and blue alike
LARGE = 150_000  # bytes of PNG; larger pictures are shown as WebP
WEBP_QUALITY = 90  # a fifth of the bytes; what it loses is not seen
ENOUGH = 1000  # k-means of colours ends when fewer pixels than that change theirs
ALT = "Description"  # the PNG standard's keyword for a text that describes the image


class Picture:
    """A finished image with a text that stands for it where it cannot be seen."""

    def __init__(self, png: bytes, alt: str) -> None:
        self.png = png
        self.alt = alt

    @property
    def address(self) -> str:
        """The image itself as an address, for a page that needs no file beside it."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    def _repr_html_(self) -> str:
        address = self.address
        if len(self.png) > LARGE:
            with Image.open(io.BytesIO(self.png)) as image:
                address = webp_address(image.convert("RGB"), WEBP_QUALITY)
        return (
            f'<img alt="{html.escape(self.alt)}" style="max-width: 100%; background: white" '
            f'src="{address}">'
        )

    def __repr__(self) -> str:
        return f"<figure: {self.alt}>"

    def write(self, path: Path, colours: int | None = None) -> None:
        """A PNG that carries its alt text, written whole or not at all.

        ``colours``, at most 256, makes it smaller: photographs bear that, smooth maps show steps.
        """
        info = PngInfo()
        info.add_text(ALT, self.alt)
        with Image.open(io.BytesIO(self.png)) as image, whole_file(path) as draft:
            drawn = image.convert("RGB")
            if colours is not None:
                drawn = drawn.quantize(colours)
            drawn.save(draft, format="png", optimize=True, pnginfo=info)

    def smaller(self) -> "Picture":
        """The same picture in 256 colours: at most a byte a pixel, and thin lines keep theirs."""
        with Image.open(io.BytesIO(self.png)) as image:
            # A median cut gives every colour to the many pixels and none to a thin outline.
            few = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=ENOUGH)
        buffer = io.BytesIO()
        few.save(buffer, format="png", optimize=True)
        return Picture(buffer.getvalue(), self.alt)


def webp_address(image: Image.Image, quality: int, lossless: bool = False) -> str:
    """An image as an address that holds it, for pages where a PNG would be large."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, lossless=lossless)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def read_picture(path: Path) -> Picture:
    """A picture that :meth:`Picture.write` wrote.

    Raises FileNotFoundError, or ValueError for a file that is no image or has no alt text.
    """
    try:
        with Image.open(path) as image:
            image.load()  # texts may stand behind the pixels
            alt = image.info.get(ALT, "")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is no whole image; delete it and draw it again") from None
    if not alt.strip():
        raise ValueError(f"{path} has no alt text; draw it again with workflow/run_figures.py")
    return Picture(path.read_bytes(), alt)


def picture(figure: Figure, alt: str) -> Picture:
    """Render and close ``figure``. ValueError if ``alt`` does not say what is seen."""
    if not alt.strip():
        plt.close(figure)
        raise ValueError("a figure needs alt text that says what is seen")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return Picture(buffer.getvalue(), alt)


def normal_first(defects: Iterable[str]) -> list[str]:
    """Defect types by name, normal images before them."""
    return sorted(defects, key=lambda defect: (defect != GOOD, defect))


def image_grid(rows: int, columns: int) -> tuple[Figure, np.ndarray]:
    """A figure of small square cells without ticks, and its axes ``(rows, columns)``."""
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(CELL * columns, (CELL + 0.2) * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure, axes


def draw_image(axis: Axes, image: torch.Tensor, title: str) -> None:
    """Draw ``(3, H, W)``, uint8 or float in [0, 1]."""
    axis.imshow(image.permute(1, 2, 0).numpy())
    axis.set_title(title, fontsize=8)


def draw_outline(axis: Axes, mask: torch.Tensor) -> None:
    """Draw the border of a mask ``(1, H, W)`` bool or {0, 1}."""
    if mask.any():
        axis.contour(mask[0].float().cpu().numpy(), levels=[0.5], colors=CONTOUR, linewidths=0.8)
