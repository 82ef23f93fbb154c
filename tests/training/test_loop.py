import functools
import gc
import math
import random
import re
from contextlib import nullcontext

import pytest
import torch
from sklearn.metrics import roc_auc_score
from tqdm.std import tqdm

from prn_lib.runs.building import build_model
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.scoring import predict
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.training import loop as training

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


def fresh_training(synthesizer, steps, **changes):
    model = fresh_model(synthesizer)
    return training.Training(model, synthesizer, steps=steps, **{**SETTINGS, **changes})


def test_epochs_pass_over_the_normals():
    assert training.count_steps(209, 32, 700, None) == math.ceil(700 * 209 / 32)
    assert training.count_steps(209, 32, 700, 100) == 100
    assert training.count_steps(6, 32, 1, None) == 1
    batches = training.normal_batches(10, 4, seed=3)
    seen = torch.cat([next(batches) for _ in range(5)])
    assert sorted(seen[:10].tolist()) == sorted(seen[10:].tolist()) == list(range(10))
    other = training.normal_batches(10, 4, seed=4)
    assert not torch.equal(seen[:4], next(other))


@pytest.mark.parametrize("precision", training.PRECISIONS)
def test_training_learns_to_draw_the_mask(synthesizer, precision):
    """On anomalies made for the test alone, pixels are ranked far better than before training."""
    images, masks = synthesizer.batch(77, 0, torch.tensor([0]), 24, 0)

    def pixel_auroc(model):
        maps, _ = predict(model, (images * 255).byte(), top_k=10)
        return roc_auc_score(masks.flatten(), maps.flatten())

    learner = fresh_training(synthesizer, 60, precision=precision)
    before = pixel_auroc(learner.model)
    losses = learner.run()
    after = pixel_auroc(learner.model)
    assert len(losses) == 60
    assert after > 0.8
    assert after > before + 0.1


def test_same_seed_same_weights(synthesizer):
    states = []
    for seed in (0, 0, 1):
        learner = fresh_training(synthesizer, 2, seed=seed)
        learner.run()
        states.append(learner.model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert any(not torch.equal(states[0][name], states[2][name]) for name in states[0])


def test_a_loss_that_is_not_finite_stops_with_the_batch(synthesizer):
    learner = fresh_training(synthesizer, 3)
    torch.nn.init.constant_(learner.model.decoder.logit.bias, math.nan)
    with pytest.raises(training.Diverged, match=r"step 0 with seed 0: the loss is nan") as caught:
        learner.run()
    images, _ = synthesizer.batch(0, 0, next(training.normal_batches(6, 2, 0)), 1, 1)
    assert torch.equal(caught.value.images, images)
    assert [line.split()[0] for line in caught.value.made_of] == ["normal", "normal", "EA:", "HEA:"]


def test_a_gradient_that_is_not_finite_stops_where_the_loss_is_finite(synthesizer):
    """The step after which the weights would be lost, not the one that shows it in its loss."""
    learner = fresh_training(synthesizer, 5)

    def spoil(step):
        if step == 2:
            learner.model.decoder.logit.weight.register_hook(lambda g: g * math.inf)

    with pytest.raises(training.Diverged, match="at step 2 with seed 0"):
        learner.run(after_step=spoil)
    assert len(learner.losses) == 2
    assert all(map(math.isfinite, learner.losses))


def test_the_gradient_norm_is_that_of_all_trained_weights(synthesizer):
    learner = fresh_training(synthesizer, 1)
    seen = []
    learner.run(
        after_step=lambda _: seen.extend(
            p.grad.square().sum().item() for p in learner.model.parameters() if p.grad is not None
        )
    )
    assert learner.gradient_norms[0] == pytest.approx(math.sqrt(sum(seen)), rel=1e-4)


def test_stopping_and_going_on_changes_nothing(synthesizer):
    """At any step, through a copy of the state in another memory layout, to the last bit."""
    whole = fresh_training(synthesizer, 5)
    whole.run()
    for stop in (0, 1, 4):
        first = fresh_training(synthesizer, stop)
        first.run()
        state = {name: t.clone(memory_format=torch.contiguous_format)
                 for name, t in first.state().items()}  # fmt: skip
        second = fresh_training(synthesizer, 5)
        second.load_state(state, first.losses)
        second.run()
        assert second.losses == whole.losses
        ours, theirs = second.state(), whole.state()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_training_draws_no_random_number_of_its_own(synthesizer):
    """All draws follow from (seed, step), so that no generator's state needs to be kept."""
    learner = fresh_training(synthesizer, 2)
    before = torch.random.get_rng_state(), random.getstate()
    learner.run()
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert random.getstate() == before[1]


def test_losses_that_are_read_late_are_those_of_every_step(synthesizer):
    """As on a GPU, which is not waited for at each step; nor is a step that fails told wrongly."""
    each, late = fresh_training(synthesizer, 7), fresh_training(synthesizer, 7)
    each.run()
    read = []
    late.run(after_step=lambda step: read.append((step, len(late.losses))), read_every=3)
    assert read == [(3, 3), (6, 6), (7, 7)]
    assert late.losses == each.losses
    assert late.gradient_norms == each.gradient_norms
    spoilt = fresh_training(synthesizer, 7)
    spoilt.load_state(each.state(), each.losses[:4])
    spoilt.step = lambda *_: torch.tensor([math.nan, 1.0])
    with pytest.raises(training.Diverged, match="at step 4 with seed 0") as caught:
        spoilt.run(read_every=3)
    normals = list(zip(range(5), training.normal_batches(6, 2, 0), strict=False))[4][1]
    assert torch.equal(caught.value.images, synthesizer.batch(0, 4, normals, 1, 1)[0])


def test_a_step_asks_the_device_for_no_value(synthesizer, monkeypatch):
    """On the "meta" device tensors have no values: a GPU would have to be waited for."""
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # unknown there
    learner = fresh_training(synthesizer, 1)
    model = learner.model.to("meta")
    learner.trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    learner.optimizer = torch.optim.SGD(learner.trained.values(), lr=0.1)
    told = learner.step(torch.empty(4, 3, 64, 64, device="meta"),
                        torch.empty(4, 1, 64, 64, device="meta"))  # fmt: skip
    assert told.is_meta
    assert told.shape == (2,)


def test_a_schedule_falls_to_nothing_as_half_a_cosine(synthesizer):
    """By hand: of 4 steps, with 1, (1 + cos 45) / 2, 1/2 and (1 + cos 135) / 2 of the rate."""
    learner, rates = fresh_training(synthesizer, 4, schedule="cosine"), []
    learner.run(lambda _: rates.append(learner.optimizer.param_groups[0]["lr"] / 1e-3))
    assert rates == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-6)
    plain = fresh_training(synthesizer, 4)
    assert learner.losses[:2] == plain.run()[:2]  # the first rate is the whole one
    assert learner.losses[2:] != plain.losses[2:]


def test_memory_does_not_grow_with_steps(synthesizer):
    learner = fresh_training(synthesizer, 12)
    held = []

    def count(_):
        gc.collect()
        tensors = [x for x in gc.get_objects() if type(x) in (torch.Tensor, torch.nn.Parameter)]
        held.append((len(tensors), sum(t.nbytes for t in tensors)))

    learner.run(after_step=count)
    counts, sizes = zip(*held[2:-1], strict=True)  # after the last step, no batch waits
    assert max(counts) - min(counts) <= 2  # the queue of indices comes and goes
    assert max(sizes) - min(sizes) < synthesizer.normals[0].nbytes


def test_mixed_precision_sees_the_same_loss_and_gradient_but_for_rounding(synthesizer):
    """bfloat16 keeps 8 bits; weights, gradients and the optimizer stay in single precision."""
    losses, gradients = [], []
    for name in training.PRECISIONS:
        learner = fresh_training(synthesizer, 1, precision=name)
        losses += learner.run()
        grads = [p.grad for p in learner.trained.values()]
        assert {g.dtype for g in grads} == {torch.float32}
        gradients.append(torch.cat([g.flatten() for g in grads]))
    assert losses[0] != losses[1]
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert torch.cosine_similarity(*gradients, dim=0) > 0.99


def test_progress_tells_images_loss_and_step(synthesizer, monkeypatch, capsys):
    monkeypatch.setattr(training, "tqdm", functools.partial(tqdm, mininterval=0, file=None))
    fresh_training(synthesizer, 2).run()
    told = capsys.readouterr().err
    assert re.search(r"training: 100%.* 8/8 \[.*(image/s|s/image), loss=0\.\d+, step=2\]", told)
