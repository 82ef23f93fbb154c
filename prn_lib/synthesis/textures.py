"""Sources of foreign texture for heterologous anomalies (App. A.1): a folder, or generated.

A texture source is a function ``(size, generator) -> (3, size, size)`` float32 RGB in [0, 1].
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from prn_lib.images import SUFFIXES, is_image, read_image
from prn_lib.synthesis.perlin import perlin_noise, uniform

TextureSource = Callable[[int, torch.Generator], torch.Tensor]


def generated_texture(size: int, generator: torch.Generator) -> torch.Tensor:
    """A texture made of two random colours mixed by a random pattern, for use without downloads."""
    pattern = PATTERNS[int(torch.randint(len(PATTERNS), (), generator=generator))]
    share = pattern(size, generator)[None]  # (1, size, size) in [0, 1]
    colours = torch.rand(2, 3, 1, 1, generator=generator)
    shade = 1 + 0.15 * perlin_noise((size, size), (16, 16), generator)
    return ((colours[0] * (1 - share) + colours[1] * share) * shade).clamp(0, 1)


def _wave(size: int, generator: torch.Generator) -> torch.Tensor:
    """A plane wave with a random direction and 4 to 24 periods, in [-1, 1]."""
    angle = torch.tensor(uniform(0, 2 * torch.pi, generator))
    frequency = uniform(4, 24, generator)
    axis = torch.linspace(0, 2 * torch.pi, size)
    phase = frequency * (angle.sin() * axis[:, None] + angle.cos() * axis[None, :])
    return torch.sin(phase + uniform(0, 2 * torch.pi, generator))


def _stripes(size: int, generator: torch.Generator) -> torch.Tensor:
    return 0.5 + 0.5 * _wave(size, generator)


def _checks(size: int, generator: torch.Generator) -> torch.Tensor:
    return (_wave(size, generator) * _wave(size, generator) > 0).float()


def _clouds(size: int, generator: torch.Generator) -> torch.Tensor:
    octaves = (
        perlin_noise((size, size), (2**k, 2**k), generator) / 2 ** (k - 1) for k in range(1, 6)
    )
    return (0.5 + 0.7 * sum(octaves)).clamp(0, 1)


def _marble(size: int, generator: torch.Generator) -> torch.Tensor:
    bend = 4 * perlin_noise((size, size), (4, 4), generator)
    return 0.5 + 0.5 * torch.sin(4 * _wave(size, generator) + bend)


def _dots(size: int, generator: torch.Generator) -> torch.Tensor:
    return ((_wave(size, generator) + _wave(size, generator)) > 1.0).float()


PATTERNS = (_stripes, _checks, _clouds, _marble, _dots)


def folder_textures(folder: Path) -> TextureSource:
    """A source that crops random squares from the images of a folder, searched in depth (DTD).

    Raises FileNotFoundError if the folder holds no image; the source raises ValueError, naming the
    file, for one it cannot read.
    """
    files = sorted(path for path in Path(folder).expanduser().rglob("*") if is_image(path))
    if not files:
        raise FileNotFoundError(
            f"texture folder {folder} holds no image ({', '.join(SUFFIXES)}); "
            "point textures at the folder of DTD's images, or leave it out for generated textures"
        )

    def texture(size: int, generator: torch.Generator) -> torch.Tensor:
        path = files[int(torch.randint(len(files), (), generator=generator))]
        square = _random_square(read_image(path, "RGB"), generator)
        pixels = np.asarray(square.resize((size, size), Image.Resampling.BILINEAR), np.float32)
        return torch.from_numpy(pixels / 255).permute(2, 0, 1)

    return texture


def _random_square(image: Image.Image, generator: torch.Generator) -> Image.Image:
    side = min(image.size)
    left = int(uniform(0, image.size[0] - side + 1, generator))
    top = int(uniform(0, image.size[1] - side + 1, generator))
    return image.crop((left, top, left + side, top + side))
