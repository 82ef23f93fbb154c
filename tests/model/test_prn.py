"""The whole network (Fig. 3, Table 4): shapes, variants, gradients, precision, compilation."""

import copy
import shutil

import pytest
import torch

from networks import random, seasoned_prn, small_prn
from prn_lib.model import PRN, fit_prototypes

VARIANTS = {
    "all": {},
    "no MF": {"fusion": False},
    "no MSA": {"attention_blocks": 0},
    "basic": {"residual_block": "basic"},
    "elementwise": {"embedding": "elementwise", "head_width": 1.0},
    "shared": {"shared_fusion": True},
}


@pytest.mark.parametrize("size", [64, 96, 160, 224])
def test_output_has_the_inputs_size(encoder, size):
    model = small_prn(encoder, size).eval()
    assert model(torch.rand(2, 3, size, size)).shape == (2, 1, size, size)


@pytest.mark.parametrize("prototypes", [True, False])
@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize("attention_blocks", [0, 2])
def test_every_module_can_be_left_out(encoder, prototypes, fusion, attention_blocks):
    normals = (torch.rand(4, 3, 64, 64) * 255).byte()
    fitted = fit_prototypes(encoder, normals, ratio=0.5, iterations=5, seed=0)
    model = PRN(
        encoder,
        fitted if prototypes else None,
        fusion=fusion,
        attention_blocks=attention_blocks,
        head_width=0.125,
        image_size=64,
    )
    names = [name for name, _ in model.named_parameters()]
    assert any("fuse" in name for name in names) == fusion
    assert any("attention" in name for name in names) == (attention_blocks > 0)
    assert any("prototypes" in name for name, _ in model.named_buffers()) == prototypes
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 1, 64, 64)


def test_scales_and_channels_at_256(encoder):
    """The sizes of Sec. 4.1: 64 x 64 x 64, 128 x 32 x 32, 256 x 16 x 16; the skips have 2 c_j."""
    normals = (torch.rand(2, 3, 256, 256) * 255).byte()
    prototypes = fit_prototypes(encoder, normals, ratio=0.5, iterations=5, seed=0)
    assert [tuple(p.shape) for p in prototypes] == [
        (1, 64, 64, 64),
        (1, 128, 32, 32),
        (1, 256, 16, 16),
    ]
    model = PRN(encoder, prototypes, head_width=0.0625, attention_blocks=1)
    shapes = []
    for attention in model.attention:
        attention.register_forward_hook(lambda _, x, y: shapes.append((x[0].shape, y.shape)))
    model.eval()(torch.rand(1, 3, 256, 256))
    for j, (before, after) in enumerate(shapes):
        assert before == after == (1, 2 * 64 * 2**j, 64 // 2**j, 64 // 2**j)


def test_wrong_inputs_are_refused(encoder):
    model = small_prn(encoder)
    with pytest.raises(ValueError, match=r"must be \(B, 3, S, S\), not \(1, 1, 64, 64\)"):
        model(torch.rand(1, 1, 64, 64))
    with pytest.raises(ValueError, match="70 must be a multiple of 32"):
        model(torch.rand(1, 3, 70, 70))
    with pytest.raises(ValueError, match=r"not torch\.uint8: divide by 255"):
        model(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    with pytest.raises(ValueError, match="needed for 3 scales, not 2"):
        PRN(encoder, [random(2, 64, 16, 16), random(2, 128, 8, 8)])


def test_residuals_are_fused_by_a_block_of_their_own_unless_it_is_shared(encoder):
    images = torch.rand(2, 3, 64, 64)
    own, shared = small_prn(encoder), small_prn(encoder, shared_fusion=True)
    assert hasattr(own, "fuse_residuals")
    assert not hasattr(shared, "fuse_residuals")
    state = {k: v for k, v in own.state_dict().items() if not k.startswith("fuse_residuals")}
    shared.load_state_dict(state)
    assert not torch.allclose(own.eval()(images), shared.eval()(images), atol=1e-5)
    own.fuse_residuals.load_state_dict(own.fuse_features.state_dict())
    assert torch.allclose(own(images), shared(images), atol=1e-6)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_gradients_reach_every_trainable_parameter(encoder, options):
    model = small_prn(encoder, **({"attention_scale": "sqrt"} | options))
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not name.endswith("to_k.bias"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_single_precision_agrees_with_double(encoder):
    """The whole network, with everything but the frozen encoder and residuals in float64."""
    model = seasoned_prn(encoder)
    images = torch.rand(2, 3, 64, 64)
    expected = model(images)
    skips = [x.double() for x in encoder(images)]
    double = copy.deepcopy(model).double()
    residuals = [p(x).double() for p, x in zip(model.prototypes, encoder(images), strict=False)]
    joined = zip(double.fuse_features(skips[:3]), double.fuse_residuals(residuals), strict=True)
    attended = [f(torch.cat(pair, 1)) for f, pair in zip(double.attention, joined, strict=True)]
    found = double.decoder(skips[3], double.fuse_attended(attended))
    assert torch.allclose(found.float(), expected, atol=1e-4)


def test_memory_layout_changes_nothing(encoder):
    images = torch.rand(2, 3, 64, 64)
    model = seasoned_prn(encoder)
    expected = model(images)
    for kept in (model.decoder.blocks[0][0].weight, model.prototypes[0].maps):
        assert kept.is_contiguous(memory_format=torch.channels_last)
    last = images.to(memory_format=torch.channels_last)
    assert torch.allclose(model(last), expected, atol=1e-5)
    model.to(memory_format=torch.contiguous_format)
    assert torch.allclose(model(images), expected, atol=1e-5)


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler (g++)")
def test_a_compiled_network_agrees(encoder):
    """In one graph; stated tolerance: 1e-4 of the logits' range."""
    model, images = seasoned_prn(encoder), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = model(images)
        found = torch.compile(model, fullgraph=True)(images)
    assert (found - expected).abs().max() < 1e-4 * (expected.max() - expected.min())
