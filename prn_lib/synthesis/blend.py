"""Eq. 4 and Eq. 6: how an anomaly is laid over a normal image.

Everything is composed in [0, 1]; normalization comes later, in the encoder.
"""

import torch

# The paper names beta the opacity "of [68]" and gives no range. DRAEM's [68] paper draws it from
# [0.1, 1] and weighs the anomaly with it; DRAEM's published code has Eq. 6, in which beta weighs
# the normal image, and draws it from [0, 0.8). With beta = 1 an unchanged image would be labelled.
OPACITY = (0.0, 0.8)


def blend(
    normals: torch.Tensor,
    sources: torch.Tensor,
    masks: torch.Tensor,
    opacity: torch.Tensor | float,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """(1 - M) * N + (1 - beta) * (M * A) + beta * (M * N), pixel by pixel.

    ``normals`` N and ``sources`` A ``(B, 3, H, W)`` in [0, 1], ``masks`` M ``(B, 1, H, W)`` bool,
    ``opacity`` beta in [0, 1], one number or ``(B,)``. In Eq. 4 the clipped region C is M * A.
    Outside M the normal image is returned bit for bit. ``out`` is written to if given.
    """
    beta = torch.as_tensor(opacity, device=normals.device).view(-1, 1, 1, 1)
    # N + w (A - N), which is N where w is 0.
    return torch.lerp(normals, sources, (1 - beta) * masks, out=out)
