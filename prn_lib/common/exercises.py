"""Whether a reader's answer to an exercise is right."""

from typing import Any

import numpy as np
import torch


def check(answer: Any, right: Any, hint: str = "", tolerance: float = 1e-4) -> None:
    """Say whether ``answer`` is ``right``, and if not, why not, or the ``hint``.

    ``...`` stands for an answer that nobody has given yet, as chapters are published. Both may be
    numbers, arrays or tensors, which may differ by ``tolerance`` of the right value and as much
    absolutely, or words, which may not differ.
    """
    if answer is ...:
        print("No answer yet. Put yours in the place of the three dots, and run both cells.")
        return
    trouble = _trouble(answer, right, tolerance)
    print("Right." if trouble is None else " ".join(filter(None, ("Not yet:", trouble, hint))))


def _array(value: Any) -> np.ndarray:
    """Also of a tensor with a gradient, on any device."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().double()
    return np.asarray(value, dtype=np.float64)


def _trouble(answer: Any, right: Any, tolerance: float) -> str | None:
    if isinstance(right, str):
        return None if answer == right else "another word."
    try:
        given, wanted = (_array(x) for x in (answer, right))
    except (TypeError, ValueError):
        return f"a {type(answer).__name__} is no number, array or tensor."
    if given.shape != wanted.shape:
        return f"its shape is {given.shape}, and should be {wanted.shape}."
    if np.allclose(given, wanted, rtol=tolerance, atol=tolerance):
        return None
    return f"the largest difference is {np.abs(given - wanted).max():.3g}."
