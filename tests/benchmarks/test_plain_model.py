"""The network written down as it is read, against the library's: the same numbers come out."""

import json
import subprocess
import sys

import pytest
import torch

from prn_lib.common.paths import project_folder
from prn_lib.model import load_encoder
from prn_lib.model.attention import MultiSizeAttention
from prn_lib.model.prototypes import Prototypes

PROJECT = project_folder()


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    import plain_model

    return plain_model


def copy_head(ours, theirs):
    """``(p^2, C)`` of ours -> ``(C p^2)`` of theirs, whose first head has queries and keys too."""
    for row, name in enumerate(("to_q", "to_k", "to_v")):
        layer = getattr(ours, name, None)
        if layer is not None:
            theirs.weights.data[row] = layer.weight.data.T.reshape(-1)
            theirs.biases.data[row] = layer.bias.data.T.reshape(-1)


@torch.no_grad()
def test_attention_is_that_of_the_plain_transcription(plain):
    torch.manual_seed(0)
    channels, side = 6, 16
    ours = MultiSizeAttention(channels, side, embedding="elementwise", residual_block="basic")
    theirs = plain.PlainAttention(channels, side)
    for head, plain_head in zip(ours.heads, theirs.heads, strict=True):
        for layer in head.children():
            layer.bias += 0.1 * torch.randn_like(layer.bias)
        copy_head(head, plain_head)
    theirs.block.load_state_dict(ours.residual_block.state_dict())
    x = torch.randn(2, channels, side, side)
    for head, plain_head in zip(ours.heads, theirs.heads, strict=True):
        torch.testing.assert_close(head(x), plain_head(x))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_residuals_are_those_of_the_plain_transcription(plain):
    generator = torch.Generator().manual_seed(0)
    maps, features = (torch.randn(n, 6, 8, 8, generator=generator) for n in (5, 9))
    theirs = plain.PlainPrototypes(maps)(features)
    torch.testing.assert_close(Prototypes(maps)(features), theirs)


def test_images_too_small_for_the_plain_network_are_refused(plain):
    with pytest.raises(ValueError, match="128 or more, not 64"):
        plain.plain_network(load_encoder("efficientnet_lite0", "random", 0), [], 64)


def test_both_networks_are_trained_and_judged_on_record(tmp_path):
    record = tmp_path / "plain.json"
    script = PROJECT / "benchmarks" / "plain_training.py"
    words = ["--category", "button", "--seeds", 3, "--set", "max_steps=2", "--record", record]
    command = [sys.executable, *map(str, (script, *words))]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    kept = json.loads(record.read_text())
    assert [json.loads(line) for line in done.stdout.splitlines()] == kept["runs"]
    assert [(run["network"], run["seed"]) for run in kept["runs"]] == [("library", 3), ("plain", 3)]
    assert {run["steps"] for run in kept["runs"]} == {2}
    assert {run["test_images"] for run in kept["runs"]} == {50}
    assert kept["runs"][0]["metrics"] != kept["runs"][1]["metrics"]
    assert all(0 < value < 1 for run in kept["runs"] for value in run["metrics"].values())


def test_a_network_without_prototypes_is_refused():
    script = PROJECT / "benchmarks" / "plain_training.py"
    command = [sys.executable, str(script), "--category", "button", "--set", "use_prototypes=false"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "the plain network needs PRN's prototypes" in done.stderr.splitlines()[-1]
