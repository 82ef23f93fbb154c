"""Which device to compute on."""

import torch


def pick_device(wanted: torch.device | str | None = None) -> torch.device:
    """The wanted device, or else a GPU if there is one, or else the processor.

    Raises ValueError for one that is not there.
    """
    if wanted is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ValueError(f"unknown device {wanted!r}; known: cpu, cuda, cuda:1, ...") from None
    if device.type == "cuda" and not (device.index or 0) < torch.cuda.device_count():
        raise ValueError(
            f"device {wanted!r} is not there: torch sees {torch.cuda.device_count()} GPUs; "
            "'prn doctor' tells why, or leave the device out"
        )
    return device
