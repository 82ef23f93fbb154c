"""The network (Sec. 3.1 to 3.3): one short file an idea."""

from prn_lib.model.encoder import Encoder, load_weights
from prn_lib.model.prn import PRN, image_score
from prn_lib.model.prototypes import fit_prototypes

__all__ = ["PRN", "Encoder", "fit_prototypes", "image_score", "load_weights"]
