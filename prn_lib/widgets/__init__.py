"""Pictures that a reader can steer, in a notebook and on a published page alike.

In come a function that draws and the values that a reader may choose; out come sliders over its
pictures.
"""

from prn_lib.widgets.attention import explore_attention
from prn_lib.widgets.defect_sizes import explore_defect_sizes
from prn_lib.widgets.explore import explore
from prn_lib.widgets.features import explore_channels
from prn_lib.widgets.fusion import explore_impulse
from prn_lib.widgets.losses import explore_focal
from prn_lib.widgets.metrics import explore_threshold
from prn_lib.widgets.prototypes import explore_prototypes
from prn_lib.widgets.synthesis import (
    explore_colours,
    explore_extension,
    explore_foreground,
    explore_noise,
    explore_noise_mask,
    explore_octaves,
    explore_opacity,
    explore_target_areas,
)

__all__ = [
    "explore",
    "explore_attention",
    "explore_channels",
    "explore_colours",
    "explore_defect_sizes",
    "explore_extension",
    "explore_focal",
    "explore_foreground",
    "explore_impulse",
    "explore_noise",
    "explore_noise_mask",
    "explore_octaves",
    "explore_opacity",
    "explore_prototypes",
    "explore_target_areas",
    "explore_threshold",
]
