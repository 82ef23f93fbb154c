"""The network under bfloat16 autocast, which leaves features and prototypes alone."""

import torch

from networks import plain_nearest, random, seasoned_prn, small_prn
from prn_lib.model.prototypes import Prototypes


def test_bfloat16_autocast_agrees_and_leaves_features_and_picks_alone(encoder):
    """Stated tolerance: logits deviate by less than a tenth of their spread (root mean square)."""
    model, images = seasoned_prn(encoder), torch.rand(4, 3, 64, 64)
    features, expected = encoder(images), model(images)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(images)
        for scale, exact in zip(encoder(images), features, strict=True):
            assert scale.dtype == torch.float32
            assert torch.equal(scale, exact)
        maps, asked = random(40, 64, 16, 16) + 10, random(60, 64, 16, 16, seed=2) + 10
        assert torch.equal(Prototypes(maps).nearest(asked), plain_nearest(asked, maps))
    assert found.dtype == torch.float32
    assert (found - expected).square().mean().sqrt() < 0.1 * expected.std()
    assert not torch.equal(found, expected)


def test_bfloat16_autocast_trains(encoder):
    model = small_prn(encoder).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(torch.rand(2, 3, 64, 64))
    logits.float().square().mean().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad.dtype == torch.float32
            assert parameter.grad.isfinite().all(), name
