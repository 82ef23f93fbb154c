"""Random draws. All are made on the generator's device, a CPU's in training, and then moved.

So the same seed makes the same choices whatever device computes the images, and a GPU is never
asked for a value: a batch can be queued while the GPU still works on the one before.
"""

from collections.abc import Sequence

import torch


def to_device(tensor: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Move without waiting for the work that a GPU has still to do."""
    device = torch.device(device)
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def uniform(
    low: float, high: float, shape: Sequence[int], generator: torch.Generator
) -> torch.Tensor:
    """Numbers drawn uniformly from [low, high)."""
    return low + (high - low) * torch.rand(tuple(shape), generator=generator)


def integers(low: int, high: int, shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Whole numbers drawn uniformly from low to high, both included."""
    return torch.randint(low, high + 1, tuple(shape), generator=generator)


def random_pixels(masks: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Pixels of each mask, each as likely as the others.

    ``masks`` ``(B, 1, H, W)`` bool with a pixel in each, ``shares`` ``(B, P)`` uniform in [0, 1):
    in reading order, pixel number ``shares * count`` is taken. Returns (x, y) ``(B, P, 2)`` int64.
    """
    masks = masks[:, 0]
    up_to_row = masks.sum(2, dtype=torch.int32).cumsum(1, dtype=torch.int32)  # (B, H)
    ranks = (shares * up_to_row[:, -1:]).int() + 1
    y = torch.searchsorted(up_to_row, ranks)  # (B, P)
    before = torch.where(y > 0, up_to_row.gather(1, (y - 1).clamp(min=0)), 0)
    rows = masks.gather(1, y[..., None].expand(-1, -1, masks.shape[2]))  # (B, P, W)
    x = torch.searchsorted(rows.cumsum(2, dtype=torch.int32), (ranks - before)[..., None])[..., 0]
    return torch.stack([x, y], dim=-1)


def pick(bank: torch.Tensor, indices: Sequence[int]) -> torch.Tensor:
    """``bank[indices]``, but many times as fast for bytes; a view if it is one index."""
    if len(indices) == 1:
        return bank[indices[0] : indices[0] + 1]
    return bank.index_select(0, to_device(torch.tensor(indices, dtype=torch.int64), bank.device))


def pick_images(bank: torch.Tensor, indices: Sequence[int]) -> torch.Tensor:
    """Images of a bank ``(N, C, H, W)`` uint8, as float in [0, 1]."""
    return pick(bank, indices) / 255
