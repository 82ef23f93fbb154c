"""The scores that an untrained decoder starts with."""

import torch

from networks import small_prn
from prn_lib.model.decoder import PRIOR


def test_scores_start_near_the_prior(encoder):
    start = small_prn(encoder).train()(torch.rand(4, 3, 64, 64)).sigmoid().mean().item()
    assert PRIOR / 5 < start < PRIOR * 5
