"""The network (Sec. 3.1 to 3.3, 3.5): one short file an idea.

In come images; out come anomaly logits of their size: features, prototypes, residuals, fusion,
attention, decoder, and ``prn`` joins them; ``nearest_patch`` is a plain rival. Chapters: those of
the part "The network".
"""

from prn_lib.model.encoder import Encoder
from prn_lib.model.encoders import load_encoder
from prn_lib.model.nearest_patch import NearestPatch, fit_nearest_patch
from prn_lib.model.prn import PRN
from prn_lib.model.prototypes import fit_prototypes

Network = PRN | NearestPatch  # what scores images

__all__ = [
    "PRN",
    "Encoder",
    "NearestPatch",
    "Network",
    "fit_nearest_patch",
    "fit_prototypes",
    "load_encoder",
]
