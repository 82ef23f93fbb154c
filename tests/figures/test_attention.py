"""Figures and the table of attention: weights and their entropy."""

import math

import pytest
import torch

from networks import small_attention
from prn_lib import figures
from prn_lib.figures.attention import relative_entropy
from prn_lib.model.attention import to_tokens


@pytest.fixture
def attention():
    return small_attention()


def test_attention_weights_are_those_of_the_divisor_asked_for(attention):
    block, x = attention
    for divisor, power in (("c_s", 1), ("sqrt", 0.5)):
        found = figures.attention_weights(block, x, divisor)
        assert list(found) == ["h/2", "h/4", "h/8"]
        for head, relative, patch in zip(block.heads[1:], found.values(), (8, 4, 2), strict=True):
            tokens = to_tokens(x, patch)[0]
            q, k = head.to_q(tokens).flatten(1), head.to_k(tokens).flatten(1)
            expected = (q @ k.T / (8 * patch**2) ** power).softmax(1) * len(q)
            assert torch.allclose(relative, expected, atol=1e-4)
    assert all(head.scale == "c_s" for head in block.heads)  # as they were


def test_relative_entropy():
    assert relative_entropy(torch.ones(4, 4)) == pytest.approx(1)
    assert relative_entropy(4 * torch.eye(4)) == pytest.approx(0)
    halves = torch.tensor([[2.0, 2, 0, 0]] * 4)  # the weight 1/2 twice
    assert relative_entropy(halves) == pytest.approx(math.log(2) / math.log(4))


def test_the_attention_table_has_a_row_for_each_scale_and_head(attention):
    block, x = attention
    table = figures.attention_table([block, block], [x, x])
    assert table.index.tolist() == [(j, f"h/{n}") for j in (1, 2) for n in (2, 4, 8)]
    assert table["N"].tolist() == [4, 16, 64] * 2
    largest = figures.attention_weights(block, x, "sqrt")["h/4"].max().item()
    assert table.loc[(1, "h/4"), "sqrt: largest"] == pytest.approx(largest, abs=1e-3)
    assert (table["c_s: entropy"] >= table["sqrt: entropy"]).all()


def test_figures_of_attention_tell_what_is_seen(attention):
    block, x = attention
    assert "1, 4, 16, 64 square patches" in figures.show_patches(torch.rand(3, 32, 32)).alt
    weights = figures.attention_weights(block, x, "c_s")
    told = figures.show_weights({"printed": weights}).alt
    low, high = weights["h/8"].min().item(), weights["h/8"].max().item()
    assert f"h/8, printed: {low:.3g} to {high:.3g}" in told
