"""Sliders over the size of a defect and the grain of the noise around it."""

import ipywidgets
import numpy as np
import torch

from prn_lib.evaluation.metrics import auroc
from prn_lib.figures.defect_sizes import draw_scores
from prn_lib.studies.defect_sizes import image_score_candidates, toy_maps
from prn_lib.widgets.explore import Controls, explore
from prn_lib.widgets.pictures import rendered

AREAS = (1, 2, 4, 9, 16, 25, 49, 100, 225)
GRAINS = {"fine": 0.5, "middle": 1.0, "coarse": 3.0}


def explore_defect_sizes() -> ipywidgets.VBox:
    """Which image score tells 60 toy maps with a defect from 60 without."""

    def render(area: int, grain: float, seed: int) -> np.ndarray:
        maps = toy_maps(area, grain, torch.Generator().manual_seed(seed))
        labels = np.repeat([0, 1], len(maps) // 2)
        scores = {
            name: score(maps).numpy()
            for name, score in image_score_candidates(maps.shape[-1]).items()
        }
        aurocs = {name: auroc(labels, values) for name, values in scores.items()}
        return rendered(draw_scores(maps, scores, aurocs))

    controls: Controls = {"area in pixels": {str(a): a for a in AREAS}, "noise": GRAINS}
    alt = (
        "A normal and an anomalous toy score map; beside them a row of ticks for each image score, "
        "normal images in blue above anomalous ones in red, and its image AUROC"
    )
    return explore(render, controls, alt=alt, width=720)
