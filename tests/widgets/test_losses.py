"""Figures, shares and the slider of the chapter on the loss."""

import base64
import html
import io
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from prn_lib import figures, widgets
from prn_lib.studies import loss_shares
from prn_lib.training.losses import total_loss
from prn_lib.widgets.losses import focal_shares

PAPER = {"weight": 5.0, "alpha": 0.5, "gamma": 4.0}


@pytest.fixture
def answers():
    generator = torch.Generator().manual_seed(0)
    masks = torch.zeros(2, 1, 16, 16)
    masks[0, :, 3:7, 3:9] = 1
    return 2 * torch.randn(2, 1, 16, 16, generator=generator) - 2 + 3 * masks, masks


def frames(widget):
    """Alt text and pixels of every picture below ``widget``."""
    if isinstance(widget, ipywidgets.HTML):
        alt, data = re.search(r'alt="([^"]*)".*base64,([^"]+)"', widget.value).groups()
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        return [(html.unescape(alt), np.asarray(picture, dtype=int))]
    return [frame for child in getattr(widget, "children", ()) for frame in frames(child)]


def test_terms_add_up_to_the_loss_that_is_trained(answers):
    terms = loss_shares.pixel_losses(*answers, **PAPER)
    assert torch.allclose(terms["smooth L1"] + terms["focal"], terms["total"], atol=1e-6)
    assert terms["total"].mean().item() == pytest.approx(total_loss(*answers, **PAPER).item())
    p, masks = answers[0].double().sigmoid(), answers[1]
    assert torch.allclose(terms["smooth L1"].double(), (p - masks).square() / 2, atol=1e-6)


def test_gradients_are_slopes_of_the_terms(answers):
    logits, masks = (x.double() for x in answers)
    logits = logits.clamp(-4, 4)
    found = loss_shares.pixel_gradients(logits, masks, **PAPER)
    step = 0.01
    above, below = (
        loss_shares.pixel_losses(logits + sign * step, masks, **PAPER) for sign in (1, -1)
    )
    for name, slopes in found.items():
        expected = (above[name] - below[name]).abs() / (2 * step)
        assert torch.allclose(slopes.double(), expected.double(), atol=1e-3)


def test_groups_part_the_pixels(answers):
    groups = loss_shares.pixel_groups(*answers)
    assert torch.equal(sum(chosen.int() for chosen in groups.values()), torch.ones(2, 1, 16, 16))
    assert groups["anomalous"].sum() == 24
    assert answers[0].sigmoid()[groups["good, easy"]].max() < 0.1
    assert answers[0].sigmoid()[groups["good, hard"]].min() >= 0.1


@pytest.mark.parametrize("anomalous", [None, 0.01, 0.5])
def test_shares_are_sums_over_pixels(answers, anomalous):
    """By a loop over all pixels, each counted as often as the asked share of them says."""
    logits, masks = answers
    actual = masks.mean().item()
    wanted = actual if anomalous is None else anomalous
    sums = {"good, easy": 0.0, "good, hard": 0.0, "anomalous": 0.0}
    counts = dict.fromkeys(sums, 0.0)
    for z, m in zip(logits.flatten().tolist(), masks.flatten().tolist(), strict=True):
        p = 1 / (1 + np.exp(-z))
        group = "anomalous" if m else "good, easy" if p < 0.1 else "good, hard"
        count = wanted / actual if m else (1 - wanted) / (1 - actual)
        p_t, alpha_t = (p, 0.75) if m else (1 - p, 0.25)
        sums[group] -= count * alpha_t * (1 - p_t) ** 2 * np.log(p_t)
        counts[group] += count
    focal = loss_shares.pixel_losses(logits, masks, weight=1, alpha=0.75, gamma=2)["focal"]
    shares = loss_shares.group_shares(logits, masks, {"loss": focal}, anomalous)
    for column, parts in (("loss", sums), ("pixels", counts)):
        expected = {name: 100 * part / sum(parts.values()) for name, part in parts.items()}
        assert shares[column].to_dict() == pytest.approx(expected, rel=1e-4)
    if anomalous is not None:
        assert shares.loc["anomalous", "pixels"] == pytest.approx(100 * anomalous)
        again = focal_shares(logits, masks, 0.75, 2, anomalous)
        assert again["loss"].to_dict() == pytest.approx(shares["loss"].to_dict())


def test_gamma_takes_the_loss_from_easy_pixels(answers):
    shares = [focal_shares(*answers, 0.5, gamma, 0.01) for gamma in (0, 1, 2, 4)]
    for column in ("loss", "gradient"):
        easy = [table.loc["good, easy", column] for table in shares]
        assert easy == sorted(easy, reverse=True)
        assert easy[-1] < easy[0] / 100


def test_figures_of_losses_tell_what_is_seen(answers):
    logits, masks = (x[0] for x in answers)
    highest = total_loss(logits, masks, **PAPER, reduction="none").max()
    assert f"total up to {highest:.2f}" in figures.show_pixel_losses(logits, masks, **PAPER).alt
    told = figures.show_loss_terms(**PAPER).alt
    assert "5e-05 at -10" in told  # the sigmoid is flat there
    assert "2.5 at -10" in told  # lambda times alpha


def test_the_slider_of_the_focal_loss_follows_every_control(answers, monkeypatch):
    monkeypatch.setenv("PRN_WIDGETS", "static")
    for name, kept in (("GAMMAS", (0.0, 4.0)), ("ALPHAS", (0.5, 0.9)), ("ANOMALOUS", (0.001, 0.1))):
        monkeypatch.setattr(f"prn_lib.widgets.losses.{name}", kept)
    monkeypatch.setattr("prn_lib.widgets.losses.START", {})
    shown = frames(widgets.explore_focal(*answers))
    assert len(shown) == 8
    red, pale = {}, {}
    for alt, pixels in shown:
        state = re.search(r"gamma (\S+), alpha (\S+), .* (\S+) %\)$", alt).groups()
        bars = pixels[35:, pixels.shape[1] // 2 :]  # below the legend
        for areas, colour in ((red, (214, 39, 40)), (pale, (158, 202, 225))):
            near = np.abs(bars - colour).max(-1) < 40
            areas[tuple(map(float, state))] = near.sum()
    for alpha in (0.5, 0.9):  # the bar of the pixels stays
        assert pale[4, alpha, 0.1] < 0.85 * pale[0, alpha, 0.1]
    for gamma in (0, 4):
        assert red[gamma, 0.9, 10] > 1.5 * red[gamma, 0.5, 10]
        assert red[gamma, 0.5, 10] > red[gamma, 0.5, 0.1] + 500
