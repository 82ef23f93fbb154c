import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from prn_lib import training
from prn_lib.experiment import Experiment, build_model
from prn_lib.synthesis import Synthesizer, generated_textures

SETTINGS = {
    "seed": 0,
    "normals_per_batch": 2,
    "extended_per_batch": 1,
    "simulated_per_batch": 1,
    "learning_rate": 1e-3,
    "weight_decay": 1e-5,
    "focal_weight": 5.0,
    "focal_alpha": 0.5,
    "focal_gamma": 4.0,
}


@pytest.fixture
def synthesizer():
    generator = torch.Generator().manual_seed(0)
    normals = (120 + 20 * torch.rand(6, 3, 64, 64, generator=generator)).byte()
    seen, masks = normals[:2].clone(), torch.zeros(2, 1, 64, 64, dtype=torch.uint8)
    masks[:, :, 20:40, 20:44] = 1
    seen[masks.expand(-1, 3, -1, -1) == 1] = 250
    return Synthesizer(normals, seen, masks, generated_textures(5, 64, generator))


def fresh_model(synthesizer):
    return build_model(Experiment.from_preset("smoke"), synthesizer.normals)


def test_loss_is_eq_5():
    logits = torch.tensor([[-2.0, 0.5], [3.0, -0.1]]).view(1, 1, 2, 2)
    masks = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).view(1, 1, 2, 2)
    alpha, gamma, weight = 0.25, 4.0, 5.0
    expected = 0.0
    for z, m in zip(logits.flatten().tolist(), masks.flatten().tolist(), strict=True):
        p = 1 / (1 + math.exp(-z))
        smooth_l1 = 0.5 * (p - m) ** 2  # |p - m| < 1
        p_t, alpha_t = (p, alpha) if m else (1 - p, 1 - alpha)
        focal = -alpha_t * (1 - p_t) ** gamma * math.log(p_t)
        expected += (smooth_l1 + weight * focal) / 4
    loss = training.total_loss(logits, masks, weight=weight, alpha=alpha, gamma=gamma)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_epochs_pass_over_the_normals():
    assert training.count_steps(209, 32, 700, None) == math.ceil(700 * 209 / 32)
    assert training.count_steps(209, 32, 700, 100) == 100
    assert training.count_steps(6, 32, 1, None) == 1
    batches = training.normal_batches(10, 4, seed=3)
    seen = torch.cat([next(batches) for _ in range(5)])
    assert sorted(seen[:10].tolist()) == sorted(seen[10:].tolist()) == list(range(10))
    other = training.normal_batches(10, 4, seed=4)
    assert not torch.equal(seen[:4], next(other))


def test_training_learns_to_draw_the_mask(synthesizer):
    """On anomalies made for the test alone, pixels are ranked far better than before training."""
    images, masks = synthesizer.batch(77, 0, torch.tensor([0]), 24, 0)

    def pixel_auroc(model):
        maps, _ = training.predict(model, (images * 255).byte(), top_k=10)
        return roc_auc_score(masks.flatten(), maps.flatten())

    model = fresh_model(synthesizer)
    before = pixel_auroc(model)
    losses = training.train(model, synthesizer, steps=60, **SETTINGS)
    after = pixel_auroc(model)
    assert len(losses) == 60
    assert after > 0.8
    assert after > before + 0.1


def test_same_seed_same_weights(synthesizer):
    states = []
    for seed in (0, 0, 1):
        model = fresh_model(synthesizer)
        training.train(model, synthesizer, steps=2, **{**SETTINGS, "seed": seed})
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_a_diverged_run_stops_with_step_and_seed(synthesizer):
    model = fresh_model(synthesizer)
    torch.nn.init.constant_(model.decoder.logit.bias, math.nan)
    with pytest.raises(RuntimeError, match=r"the loss is nan at step 0 with seed 0"):
        training.train(model, synthesizer, steps=1, **SETTINGS)


def test_prediction_does_not_depend_on_batches_or_mode(synthesizer):
    model = fresh_model(synthesizer).train()
    maps, scores = training.predict(model, synthesizer.normals, top_k=5, batch_size=4)
    again, _ = training.predict(model, synthesizer.normals, top_k=5, batch_size=1)
    assert maps.shape == (6, 64, 64)
    assert scores.shape == (6,)
    assert maps.min() >= 0
    assert maps.max() <= 1
    assert torch.allclose(maps, again, atol=1e-5)
    assert torch.allclose(scores, maps.flatten(1).sort().values[:, -5:].mean(1))
