"""The painted picture, where it is painted and where not."""

import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from prn_lib.runs import Experiment, run
from prn_lib.web.example import TONE, painted, show_painted


def test_a_scratch_is_painted_along_its_points_and_nowhere_else():
    image = torch.full((3, 100, 100), 200, dtype=torch.uint8)
    scratched = painted(image, [(0.2, 0.5), (0.8, 0.5)], width=0.03)
    assert (image == 200).all()  # a copy
    line = np.zeros((100, 100), bool)
    line[50, 20:81] = True
    away = distance_transform_edt(~line)
    changed = (scratched != image).any(0).numpy()
    assert changed[away == 0].all()
    assert not changed[away > 3.5].any()
    assert tuple(scratched[:, 50, 50].tolist()) == TONE


def test_a_run_is_shown_clean_and_painted(tmp_path):
    options = {"use_attention": False, "use_fusion": False, "max_steps": 1}
    run(Experiment.from_preset("smoke", **options), tmp_path / "run")
    assert "with a painted scratch" in show_painted(tmp_path / "run").alt
    run(Experiment.from_preset("smoke", **options, use_prototypes=False), tmp_path / "plain")
    with pytest.raises(ValueError, match="has no prototypes"):
        show_painted(tmp_path / "plain")
