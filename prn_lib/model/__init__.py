"""The network (Sec. 3.1 to 3.3): one short file an idea."""

from prn_lib.model.encoder import Encoder, load_weights
from prn_lib.model.prn import PRN, fit_prototypes, image_score

__all__ = ["PRN", "Encoder", "fit_prototypes", "image_score", "load_weights"]
