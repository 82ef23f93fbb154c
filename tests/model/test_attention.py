"""Multi-size attention (Eq. 3) against loops over patches."""

import math

import pytest
import torch

from networks import random
from prn_lib.model.attention import (
    EMBEDDINGS,
    EXPONENTS,
    RESIDUAL_BLOCKS,
    Head,
    MultiSizeAttention,
    from_tokens,
    patch_sizes,
    to_tokens,
)
from prn_lib.model.prototypes import Prototypes


def cut(tensor, patch):
    """Patches of the first image of ``tensor``, one vector each: channels, rows, columns."""
    side = tensor.shape[-1]
    places = [(y, x) for y in range(0, side, patch) for x in range(0, side, patch)]
    return [(y, x, tensor[0, :, y : y + patch, x : x + patch]) for y, x in places]


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("scale", ["c_s", "sqrt"])
def test_a_head_is_eq_3(scale, embedding):
    """Each number by loops over patches, in double precision."""
    torch.manual_seed(0)
    width = 5 if embedding == "convolution" else 3
    head = Head(3, 8, 2, width=width, embedding=embedding, scale=scale)  # 8 / 4: patches of 2 x 2
    x = random(1, 3, 8, 8)

    def embed(layer, patch):
        patch = patch.permute(1, 2, 0).flatten(0, 1)  # (p^2, C)
        if embedding == "convolution":
            patch = patch @ layer.weight.T + layer.bias
        else:
            patch = patch * layer.weight + layer.bias
        return patch.double().flatten()

    patches = cut(x, 2)
    queries, keys, values = (
        [embed(layer, patch) for _, _, patch in patches]
        for layer in (head.to_q, head.to_k, head.to_v)
    )
    c_s = width * 2 * 2
    divisor = c_s if scale == "c_s" else math.sqrt(c_s)
    out, found_weights = head(x), head.weights(x)
    assert out.shape == (1, width, 8, 8)
    for i, (y, x0, _) in enumerate(patches):
        logits = [(queries[i] @ keys[n]).item() / divisor for n in range(16)]
        weights = [math.exp(a) / sum(math.exp(b) for b in logits) for a in logits]
        mixed = sum(w * value for w, value in zip(weights, values, strict=True))
        found = out[0, :, y : y + 2, x0 : x0 + 2].permute(1, 2, 0).flatten().double()
        assert torch.allclose(found, mixed, atol=1e-5)
        assert found_weights[0, i].tolist() == pytest.approx(weights, abs=1e-6)


def test_cutting_into_patches_can_be_undone():
    x = random(2, 3, 12, 12)
    for patch in (1, 2, 3, 4, 6, 12):
        tokens = to_tokens(x, patch)
        assert tokens.shape == (2, (12 // patch) ** 2, patch * patch, 3)
        assert torch.equal(from_tokens(tokens, patch), x)
        for n, (_, _, expected) in enumerate(cut(x, patch)):
            assert torch.equal(tokens[0, n], expected.permute(1, 2, 0).flatten(0, 1))


def test_the_head_of_the_whole_map_is_a_projection():
    head = Head(3, 8, 0, width=4, embedding="convolution", scale="c_s")
    x = random(2, 3, 8, 8)
    expected = torch.einsum("bchw,oc->bohw", x, head.to_v.weight) + head.to_v.bias.view(-1, 1, 1)
    assert torch.allclose(head(x), expected, atol=1e-6)
    assert {name.split(".")[0] for name, _ in head.named_parameters()} == {"to_v"}
    assert head.weights(x).tolist() == [[[1.0]], [[1.0]]]


def test_the_printed_divisor_makes_attention_of_an_untrained_head_nearly_uniform():
    """With 1 / c_s the logits are means of products, with 1 / sqrt(c_s) sums of c_s of them."""
    torch.manual_seed(0)
    x = random(1, 16, 32, 32)
    strayed = {}
    for scale in EXPONENTS:
        head = Head(16, 32, 2, width=16, embedding="convolution", scale=scale)
        strayed[scale] = (16 * head.weights(x) - 1).abs().max().item()
    assert strayed["c_s"] < 0.1 < 0.5 < strayed["sqrt"]


def test_unknown_names_and_maps_that_are_not_square_are_refused():
    for option in ("embedding", "scale", "residual_block"):
        with pytest.raises(ValueError, match=f"unknown {option} 'other'; known: "):
            MultiSizeAttention(8, 16, **{option: "other"})
    with pytest.raises(ValueError, match="unknown residual 'other'; known: absolute"):
        Prototypes(random(2, 3, 4, 4), "other")
    with pytest.raises(ValueError, match=r"must be square .* not \(16, 4\)"):
        MultiSizeAttention(8, 16)(random(1, 8, 16, 4))


def test_elementwise_embeddings_fit_one_size_and_full_width():
    with pytest.raises(ValueError, match=r"head_width=1, not 0\.5"):
        MultiSizeAttention(8, 16, embedding="elementwise", head_width=0.5)
    block = MultiSizeAttention(8, 16, embedding="elementwise")
    assert block(random(2, 8, 16, 16)).shape == (2, 8, 16, 16)
    with pytest.raises(ValueError, match="are made for patches of 256 numbers"):
        block(random(2, 8, 8, 8))


def test_patch_sizes():
    assert patch_sizes(64) == [64, 32, 16, 8]  # scale 1 at 256 x 256
    assert patch_sizes(16) == [16, 8, 4, 2]
    assert patch_sizes(4) == [4, 2, 1, 1]
    assert patch_sizes(28) == [28, 14, 7, 2]
    for side in range(2, 65):
        assert all(side % patch == 0 for patch in patch_sizes(side))


@pytest.mark.parametrize("residual_block", RESIDUAL_BLOCKS)
def test_attention_block_keeps_its_shape_and_every_parameter_learns(residual_block):
    block = MultiSizeAttention(16, 8, head_width=0.5, scale="sqrt", residual_block=residual_block)
    x = random(2, 16, 8, 8)
    assert block(x).shape == x.shape
    block(x).square().sum().backward()
    for name, parameter in block.named_parameters():
        if not name.endswith("to_k.bias"):  # what is added to all keys cancels in the softmax
            assert parameter.grad.abs().sum() > 0, name
