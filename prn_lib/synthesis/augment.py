"""Aug1, the change of colour of Sec. 3.4 (Fig. 5): two random operations out of seven.

That the two differ is our reading. Images are float32 RGB in [0, 1]. The operations are
torchvision's, but for one. The paper gives no strengths; those of solarize and gamma are DRAEM's
[68], which it cites for its anomalies.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis.draws import to_device


def adjust_sharpness(images: torch.Tensor, factor: float) -> torch.Tensor:
    """torchvision's function of this name, for float ``(..., 3, H, W)`` in [0, 1].

    On a processor its convolution takes several times as long as these sums of shifted images.
    """
    rows = images[..., :-2, :] + images[..., 1:-1, :] + images[..., 2:, :]
    box = rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]
    sharp = images.clone()
    inner = sharp[..., 1:-1, 1:-1]  # a view; the outermost pixels stay
    smooth = (box + 4 * inner) / 13
    inner.lerp_(smooth, 1 - factor).clamp_(0, 1)
    return sharp


class Colour(NamedTuple):
    """A colour operation and the range that its strength is drawn from, or None for no strength."""

    apply: Callable[..., torch.Tensor]
    strengths: tuple[float, float] | None = None


COLOURS = {
    "equalize": Colour(F.equalize),
    "solarize": Colour(F.solarize, (32 / 255, 128 / 255)),  # threshold, DRAEM
    "posterize": Colour(F.posterize, (2, 5)),  # bits, ours: 6 cannot be seen
    "sharpness": Colour(adjust_sharpness, (1.5, 4.0)),  # factor, ours: 1 changes nothing
    "auto-contrast": Colour(F.autocontrast),
    "invert": Colour(F.invert),
    "gamma": Colour(F.adjust_gamma, (0.5, 2.0)),  # exponent, DRAEM
}

Operation = tuple[str, float | int | None]  # a name in COLOURS and a strength


def random_operations(count: int, generator: torch.Generator) -> list[tuple[Operation, Operation]]:
    """Two different operations for each of ``count`` images, in the order of their use."""
    names = list(COLOURS)
    order = torch.rand(count, len(names), generator=generator).argsort(dim=1)[:, :2].tolist()
    shares = torch.rand(count, 2, generator=generator).tolist()
    return [
        (operation_at(names[i], first), operation_at(names[j], second))
        for (i, j), (first, second) in zip(order, shares, strict=True)
    ]


def operation_at(name: str, share: float) -> Operation:
    """The operation at a ``share``, in [0, 1), of its range of strengths."""
    strengths = COLOURS[name].strengths
    if strengths is None:
        return name, None
    low, high = strengths
    if isinstance(low, int):
        return name, low + int(share * (high + 1 - low))
    return name, low + share * (high - low)


def aug1(images: torch.Tensor, operations: list[tuple[Operation, Operation]]) -> torch.Tensor:
    """Apply to each of ``images`` ``(B, 3, H, W)`` its own two operations, in order.

    Images with the same operation and strength are computed together. Shape and range are kept.
    """
    if len(images) == 1:
        ((first, second),) = operations
        return _apply(second, _apply(first, images))
    images = images.clone()
    for turn in (0, 1):
        groups: dict[Operation, list[int]] = {}
        for i, pair in enumerate(operations):
            groups.setdefault(pair[turn], []).append(i)
        for operation, members in groups.items():
            index = to_device(torch.tensor(members), images.device)
            images[index] = _apply(operation, images.index_select(0, index))
    return images


def _apply(operation: Operation, images: torch.Tensor) -> torch.Tensor:
    name, strength = operation
    return COLOURS[name].apply(images, *(() if strength is None else (strength,)))
