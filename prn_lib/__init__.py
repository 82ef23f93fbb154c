"""Prototypical Residual Networks (CVPR 2023) in small, readable pieces.

The folders follow the data: ``datasets`` (images in) -> ``synthesis`` (anomalies made) -> ``model``
(features, prototypes, residuals, fusion, attention, decoder) -> ``training`` -> ``metrics``;
``experiment`` joins them into one run with one record.
"""

from prn_lib import _torchvision  # noqa: F401  (before anything imports torchvision)
from prn_lib._version import __version__

__all__ = ["__version__"]
