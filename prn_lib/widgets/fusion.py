"""Sliders over multi-scale fusion."""

import ipywidgets
import numpy as np
from torch.nn import functional as F

from prn_lib.figures.fusion import impulse_responses
from prn_lib.model.fusion import FusionBlock
from prn_lib.widgets.explore import explore
from prn_lib.widgets.pictures import side_by_side
from prn_lib.widgets.synthesis import SIDE


def explore_impulse(block: FusionBlock, side: int) -> ipywidgets.VBox:
    """An impulse that enters at a scale and moves: what it changes in every fused map.

    ``side`` is that of the finest maps. The impulse stands in the middle row; each map is drawn
    from black, no change, to white, its own largest.
    """

    def render(r: int, column: int, seed: int) -> np.ndarray:
        responses = impulse_responses(block, r, side, (side >> (r + 1), column >> r))
        grey = (2 * x / x.max() - 1 for x in responses)
        return side_by_side(*(F.interpolate(x[None, None], size=SIDE)[0, 0] for x in grey))

    middle = range(side // 4, side // 4 + 12)
    controls = {
        "enters at scale": {str(r + 1): r for r in range(3)},
        "column at scale 1": {str(column): column for column in middle},
    }
    alt = "Fused maps of scales 1, 2 and 3, each black with a bright spot where an impulse arrives"
    start = {"enters at scale": "1"}
    return explore(render, controls, alt=alt, width=660, start=start)
