import math

import pytest
import torch

from prn_lib.runs.experiment import Experiment
from prn_lib.training.losses import total_loss

EQ_5 = {"weight": 5.0, "alpha": 0.25, "gamma": 4.0}


def by_the_formula(logits, masks, weight, alpha, gamma):
    """Each pixel's loss, in double precision, as printed."""
    losses = []
    for z, m in zip(logits, masks, strict=True):
        p = 1 / (1 + math.exp(-z))
        smooth_l1 = 0.5 * (p - m) ** 2  # |p - m| < 1
        p_t, alpha_t = (p, alpha) if m else (1 - p, 1 - alpha)
        losses.append(smooth_l1 - weight * alpha_t * (1 - p_t) ** gamma * math.log(p_t))
    return losses


@pytest.mark.parametrize("gamma", [0, 1, 2, 4])
def test_loss_is_eq_5(gamma):
    logits, masks = [-2.0, 0.5, 3.0, -0.1], [0.0, 1.0, 1.0, 0.0]
    options = {**EQ_5, "gamma": gamma}
    tensors = torch.tensor(logits).view(1, 1, 2, 2), torch.tensor(masks).view(1, 1, 2, 2)
    expected = by_the_formula(logits, masks, **options)
    each = total_loss(*tensors, **options, reduction="none").flatten()
    assert each.tolist() == pytest.approx(expected, rel=1e-5)
    assert total_loss(*tensors, **options).item() == pytest.approx(sum(expected) / 4, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gamma", [0, 1, 2.5, 4])
def test_certain_pixels_have_finite_losses_and_gradients(dtype, gamma):
    """Logits far beyond what a sigmoid tells from 0 and 1, right and wrong."""
    logits = torch.tensor([-300.0, -90, -17, 0, 17, 90, 300], dtype=dtype).repeat(2)
    logits.requires_grad_()
    masks = torch.tensor([0.0] * 7 + [1.0] * 7)
    losses = total_loss(logits, masks, **{**EQ_5, "gamma": gamma}, reduction="none")
    losses.sum().backward()
    assert losses.dtype == torch.float32
    assert losses.isfinite().all()
    assert logits.grad.isfinite().all()
    wrong = (logits > 0) != masks.bool()
    certain = logits.abs() > 80
    assert (losses[wrong & certain] > 80 * 5 * 0.25).all()  # and the worse, the larger
    assert (losses[~wrong & certain] < 1e-6).all()
    assert (logits.grad[wrong & certain].abs() > 0.5).all()


def test_logits_in_bfloat16_lose_nothing_more():
    """The loss is that of the same numbers in single precision, where scores near 1 differ."""
    logits = torch.linspace(2, 12, 50, dtype=torch.bfloat16)
    masks = torch.ones(50)
    losses = total_loss(logits, masks, **EQ_5, reduction="none")
    assert torch.equal(losses, total_loss(logits.float(), masks, **EQ_5, reduction="none"))
    assert (losses.diff() <= 0).all()
    assert len(losses.unique()) == len(logits.unique())


def test_a_gamma_without_a_gradient_is_refused():
    """Between 0 and 1, the focal loss of a certain pixel has the gradient 0 x infinity."""
    logits = torch.tensor([200.0], requires_grad=True)
    total_loss(logits, torch.ones(1), **{**EQ_5, "gamma": 0.5}).backward()
    assert logits.grad.isnan().all()
    with pytest.raises(ValueError, match=r"focal_gamma=0\.5 must be 0, or 1 or more"):
        Experiment(focal_gamma=0.5)
