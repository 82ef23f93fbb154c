"""Prototypical Residual Networks (CVPR 2023) in small, readable pieces.

The rooms, from the ground up; an import never runs from a lower one to a higher one:

- ``common``: what all stand on;
- ``datasets``, ``synthesis``, ``model``, ``evaluation``, ``inspection``: images in, anomalies made,
  the network, the metrics, new photographs judged; none of them knows another;
- ``training``: the loss and the loop; ``runs``: one experiment, one record;
- ``paper``: the printed tables beside ours; ``batch``: all of their runs; ``studies``: what the
  book asks beyond the paper;
- ``figures`` and ``widgets``: the book's; ``web``: a network that computes in a page;
- ``cli``: the command ``prn``.
"""

from prn_lib._version import __version__
from prn_lib.common.torchvision_repair import repair_at_import

repair_at_import()

__all__ = ["__version__"]
