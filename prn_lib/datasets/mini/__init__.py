"""The embedded mini dataset: three drawn products with exact masks, no download.

In comes a seed; out come MVTec's folders with ``button``, ``grain`` and ``weave``. Chapter: "The
data and the protocol".
"""

from prn_lib.datasets.mini.generate import CATEGORIES, DATASET, ensure, make_image

__all__ = ["CATEGORIES", "DATASET", "ensure", "make_image"]
