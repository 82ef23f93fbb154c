"""Small networks and parts of them, random numbers, and the nearest prototype written plainly."""

import torch

from prn_lib.model import PRN, fit_prototypes
from prn_lib.model.attention import MultiSizeAttention
from prn_lib.model.fusion import FusionBlock


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def small_prn(encoder, size=64, **options):
    normals = (torch.rand(6, 3, size, size) * 255).byte()
    prototypes = fit_prototypes(encoder, normals, ratio=0.34, iterations=10, seed=0)
    defaults = {"head_width": 0.125, "attention_blocks": 1, "image_size": size}
    return PRN(encoder, prototypes, **{**defaults, **options})


def seasoned_prn(encoder):
    """As after training: BatchNorm knows its statistics, so that logits differ."""
    model = small_prn(encoder).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    with torch.no_grad():
        model(torch.rand(8, 3, 64, 64))
    model.eval()
    logits = model(torch.rand(2, 3, 64, 64))
    assert logits.max() - logits.min() > 1
    return model


def plain_nearest(features, prototypes):
    difference = features.double()[:, None] - prototypes.double()[None]
    return difference.square().sum((2, 3, 4)).argmin(1)


def small_fusion():
    torch.manual_seed(0)
    return FusionBlock((2, 4, 8))


def small_attention():
    torch.manual_seed(0)
    return MultiSizeAttention(8, 16).eval(), torch.rand(1, 8, 16, 16)
