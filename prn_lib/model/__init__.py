"""The network (Sec. 3.1 to 3.3, 3.5): one short file an idea."""

from prn_lib.model.encoder import Encoder, load_weights
from prn_lib.model.image_scores import image_scores, top_mean
from prn_lib.model.prn import PRN
from prn_lib.model.prototypes import fit_prototypes

__all__ = ["PRN", "Encoder", "fit_prototypes", "image_scores", "load_weights", "top_mean"]
