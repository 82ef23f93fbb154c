"""Aug1 (colour) and Aug2 (place and shape) of Sec. 3.4 and Fig. 5.

Images are float32 ``(3, H, W)`` RGB in [0, 1], masks float32 ``(1, H, W)`` {0, 1}. The paper gives
no strengths; where DRAEM [68] has the operation, its strength is taken.
"""

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis.perlin import uniform

SOLARIZE_THRESHOLD = (32 / 255, 128 / 255)  # DRAEM
POSTERIZE_BITS = (2, 5)  # ours: 6 bits and more cannot be seen
SHARPNESS_FACTOR = (1.5, 4.0)  # ours: 1 is the image itself
GAMMA = (0.5, 2.0)  # DRAEM
ROTATION = 45.0  # degrees either way, DRAEM
SHEAR = 15.0  # degrees either way, ours
SHIFT = 1.0  # of the image's size either way: a region can land anywhere


def _equalize(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.equalize(image)


def _solarize(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.solarize(image, uniform(*SOLARIZE_THRESHOLD, generator))


def _posterize(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    low, high = POSTERIZE_BITS
    return F.posterize(image, int(torch.randint(low, high + 1, (), generator=generator)))


def _sharpness(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.adjust_sharpness(image, uniform(*SHARPNESS_FACTOR, generator))


def _autocontrast(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.autocontrast(image)


def _invert(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.invert(image)


def _gamma(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    return F.adjust_gamma(image, uniform(*GAMMA, generator))


COLOUR_OPERATIONS = {
    "equalize": _equalize,
    "solarize": _solarize,
    "posterize": _posterize,
    "sharpness": _sharpness,
    "auto-contrast": _autocontrast,
    "invert": _invert,
    "gamma": _gamma,
}


def aug1(image: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, tuple[str, str]]:
    """Apply two random, different colour operations; returns the image and their names (Sec. 3.4).

    Shape and range are kept.
    """
    names = list(COLOUR_OPERATIONS)
    first, second = (names[i] for i in torch.randperm(len(names), generator=generator)[:2])
    for name in (first, second):
        image = COLOUR_OPERATIONS[name](image, generator)
    return image, (first, second)


def random_affine(
    size: tuple[int, int], generator: torch.Generator
) -> dict[str, float | list[float]]:
    """Draw the parameters of Aug2: rotation and shear in degrees, shift in pixels (x, y)."""
    height, width = size
    return {
        "angle": uniform(-ROTATION, ROTATION, generator),
        "shear": [uniform(-SHEAR, SHEAR, generator), uniform(-SHEAR, SHEAR, generator)],
        "translate": [
            round(uniform(-SHIFT, SHIFT, generator) * width),
            round(uniform(-SHIFT, SHIFT, generator) * height),
        ],
        "scale": 1.0,
    }


def apply_affine(
    image: torch.Tensor,
    parameters: dict[str, float | list[float]],
    interpolation: InterpolationMode,
) -> torch.Tensor:
    """Move an image or mask ``(C, H, W)`` by :func:`random_affine`'s parameters; 0 comes in."""
    return F.affine(image, interpolation=interpolation, **parameters)
