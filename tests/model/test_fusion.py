"""The fusion block (Eq. 2) against its transforms written out one by one."""

import torch

from networks import random
from prn_lib.model.fusion import FusionBlock


def test_fusion_kernels_strides_and_paddings():
    block = FusionBlock((64, 128, 256))
    for j, row in enumerate(block.transforms, start=1):
        for r, transform in enumerate(row, start=1):
            if r == j:
                assert isinstance(transform, torch.nn.Identity)
            elif r < j:
                depthwise, pointwise = transform
                assert depthwise.kernel_size == (2 ** (j - r) + 1,) * 2
                assert depthwise.stride == (2 ** (j - r),) * 2
                assert depthwise.padding == (2 ** (j - r - 1),) * 2
                assert depthwise.groups == depthwise.in_channels == 64 * 2 ** (r - 1)
                assert pointwise.kernel_size == (1, 1)
                assert pointwise.out_channels == 64 * 2 ** (j - 1)
            else:
                assert transform[0].kernel_size == (1, 1)
                assert transform[1].factor == 2 ** (r - j)


def test_fusion_is_the_sum_of_transforms():
    block = FusionBlock((4, 8, 16))
    features = [random(2, 4, 16, 16), random(2, 8, 8, 8), random(2, 16, 4, 4)]
    fused = block(features)
    for j in range(3):
        expected = torch.zeros_like(features[j])
        for r in range(3):
            x = features[r]
            if r < j:
                depthwise, pointwise = block.transforms[j][r]
                x = torch.nn.functional.conv2d(
                    x,
                    depthwise.weight,
                    depthwise.bias,
                    2 ** (j - r),
                    2 ** (j - r - 1),
                    1,
                    len(x[0]),
                )
                x = torch.einsum("bchw,oc->bohw", x, pointwise.weight[:, :, 0, 0])
                x = x + pointwise.bias.view(-1, 1, 1)
            elif r > j:  # the paper's order: up-sample first, then 1 x 1
                pointwise = block.transforms[j][r][0]
                x = torch.nn.functional.interpolate(
                    x, scale_factor=2 ** (r - j), mode="bilinear", align_corners=False
                )
                x = torch.einsum("bchw,oc->bohw", x, pointwise.weight[:, :, 0, 0])
                x = x + pointwise.bias.view(-1, 1, 1)
            expected = expected + x
        assert torch.allclose(fused[j], expected, atol=1e-4)
