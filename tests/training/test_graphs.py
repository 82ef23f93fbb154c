"""A step replayed as a CUDA graph against the same step run as usual."""

import pytest
import torch

from prn_lib.datasets import load_category
from prn_lib.runs.building import prepare_training, set_up
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import deterministic
from prn_lib.training import loop

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def test_losses_and_weights_are_the_same_to_the_last_bit(monkeypatch):
    load_category("mini", "button")
    experiment = Experiment.from_preset("smoke", category="button", max_steps=12)
    states = []
    for recorded in (True, False):
        if not recorded:
            monkeypatch.setattr(loop, "RecordedStep", lambda step: step)
        training = prepare_training(set_up(experiment, "cuda"))
        with deterministic(torch.device("cuda")):
            losses = training.run()
        states.append((losses, training.state()))
    assert states[0][0] == states[1][0]
    assert all(torch.equal(states[0][1][name], states[1][1][name]) for name in states[0][1])
