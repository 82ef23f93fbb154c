"""Interpolation as matrix products, which a GPU uses, against torch's."""

import pytest
import torch
from torch.nn import functional as F

from prn_lib.model.upsampling import Upsample, interpolation_matrix, upsample_by_products


@pytest.mark.parametrize("factor", [2, 4])
def test_values_and_gradients_are_those_of_torch(factor):
    generator = torch.Generator().manual_seed(factor)
    x = torch.randn(2, 5, 6, 9, dtype=torch.float64, generator=generator, requires_grad=True)
    ours = upsample_by_products(x, factor)
    theirs = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    torch.testing.assert_close(ours, theirs)
    weights = torch.randn(ours.shape, dtype=torch.float64, generator=generator)
    gradients = [torch.autograd.grad((made * weights).sum(), x)[0] for made in (ours, theirs)]
    torch.testing.assert_close(*gradients)
    assert ours.is_contiguous(memory_format=torch.channels_last)


def test_a_row_by_hand():
    """Three places doubled: the borders repeat, each new place lies a quarter from an old one."""
    assert interpolation_matrix(3, 2, torch.zeros(())).tolist() == [
        [1, 0, 0], [0.75, 0.25, 0], [0.25, 0.75, 0], [0, 0.75, 0.25], [0, 0.25, 0.75], [0, 0, 1],
    ]  # fmt: skip


def test_bfloat16_rounds_none_of_its_numbers():
    for factor in (2, 4):
        exact = interpolation_matrix(64, factor, torch.zeros(()))
        rounded = interpolation_matrix(64, factor, torch.zeros((), dtype=torch.bfloat16))
        assert torch.equal(exact, rounded.float())


def test_on_a_processor_it_is_torchs_own():
    x = torch.rand(1, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    theirs = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    assert torch.equal(Upsample(2)(x), theirs)
