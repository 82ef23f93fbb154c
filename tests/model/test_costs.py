"""Counted costs against arithmetic by hand."""

import pytest
import torch
from torch import nn

from prn_lib import figures
from prn_lib.model import PRN, load_encoder
from prn_lib.model.attention import MultiSizeAttention
from prn_lib.model.costs import costs, costs_of_parts, output_shapes


@pytest.fixture(scope="module")
def model():
    maps = [torch.zeros(5, c, side, side) for c, side in ((64, 16), (128, 8), (256, 4))]
    encoder = load_encoder("resnet18", "random", 0)
    return PRN(encoder, maps, attention_blocks=2, head_width=0.25, image_size=64)


def test_a_convolution_by_hand():
    layer = nn.Conv2d(8, 16, 3, padding=1)
    counted = costs(layer, (2, 8, 10, 10))
    assert counted.trainable == 16 * 8 * 9 + 16
    assert counted.flops == 2 * (2 * 10 * 10) * 16 * 8 * 9
    assert counted.frozen == counted.stored == 0
    layer.requires_grad_(False)
    assert costs(layer, (2, 8, 10, 10)).frozen == 16 * 8 * 9 + 16


def test_an_attention_block_by_hand():
    """c channels at full width, with a bottleneck: 10 c^2 for q, k, v; 4 c^2 + 5 c^2 / 4 + ..."""
    c, h = 16, 8
    counted = costs(MultiSizeAttention(c, h), (1, c, h, h))
    linear = 10 * c * (c + 1)  # one head without q and k
    block = 4 * c * c // 4 + 9 * (c // 4) ** 2 + c // 4 * c + 4 * c * c
    norms = 2 * (c // 4 + c // 4 + c + c)
    assert counted.trainable == linear + block + norms
    products = sum(2 * tokens * tokens * c * h * h // tokens for tokens in (4, 16, 64))
    assert counted.flops == 2 * ((10 * c * c + block) * h * h + products)


def test_the_parts_add_up(model):
    table = costs_of_parts(model, 64)
    parts = table.drop(index="PRN")
    assert table.loc["PRN", "trainable"] * 1e6 == pytest.approx(
        sum(p.numel() for p in model.parameters() if p.requires_grad)
    )
    for column in table:
        assert parts[column].sum() == pytest.approx(table.loc["PRN", column]), column
    assert parts.loc["encoder", "trainable"] == 0
    assert parts.loc["prototypes", "stored"] * 1e6 == pytest.approx(
        (5 + 1) * 64 * (256 + 128 + 64) + 3 * 5
    )


def test_counting_leaves_the_model_alone(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.train()
    costs_of_parts(model, 64)
    assert model.decoder.training
    assert not any(module._forward_hooks for module in model.modules())
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_shapes_are_those_of_a_real_run(model):
    shapes = output_shapes(model, 64)
    made = {}
    hooks = [
        module.register_forward_hook(lambda _, given, out, name=name: made.update({name: out}))
        for name, module in model.named_modules()
        if name.startswith(("attention.", "decoder."))
    ]
    model.eval()(torch.rand(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    assert made
    for name, out in made.items():
        assert shapes[name] == [tuple(out.shape)], name
    assert shapes["encoder"] == [(1, 64, 16, 16), (1, 128, 8, 8), (1, 256, 4, 4), (1, 512, 2, 2)]


def test_the_drawing_tells_what_is_there(model):
    whole = figures.show_network(model, 64)
    assert whole.png.startswith(b"\x89PNG")
    for told in ("nearest prototype", "2 attention blocks", "fusion", "64 x 64 pixels"):
        assert told in whole.alt
    bare = PRN(model.encoder, None, fusion=False, attention_blocks=0)
    for missing in ("prototype", "attention blocks", "fusion"):
        assert missing not in figures.show_network(bare, 64).alt


def test_the_drawing_of_the_decoder_says_where_the_map_is_highest(model):
    image, everywhere = torch.rand(3, 64, 64), torch.ones(1, 64, 64)
    inside = figures.show_decoding(model.eval(), image, everywhere)
    outside = figures.show_decoding(model, image, 0 * everywhere)
    assert "from 2 to 64 pixels" in inside.alt
    assert "lies inside the defect" in inside.alt
    assert "lies outside the defect" in outside.alt
    assert not any(module._forward_hooks for module in model.modules())
