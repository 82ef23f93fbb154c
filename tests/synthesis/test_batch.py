"""Batches of normal and anomalous images: make-up, seeds, options and what is refused."""

from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from prn_lib.datasets.layouts.dtd import read_textures
from prn_lib.model import load_encoder
from prn_lib.model.encoder import MEAN, STD
from prn_lib.synthesis import KINDS, Synthesizer, batch
from synthesizers import SIDE, a_synthesizer, generator

REAL = Path(__file__).parents[3] / "shared" / "data" / "dtd_subset"


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"photographs of textures are not beside the project ({REAL})"
)
def test_real_textures_make_anomalies(synthesizer):
    textures = read_textures(REAL / "images", SIDE)
    assert len(textures) == 400
    grey = (textures == textures[:, :1]).flatten(1).all(1)
    assert 0 < grey.sum() < 40  # some are stored in grey, and read as RGB like the others
    normals, masks = synthesizer.normals, torch.ones(5, 1, SIDE, SIDE)
    images, made = Synthesizer(normals, normals, masks, textures, kinds=("HEA",)).batch(
        0, 0, torch.tensor([0]), 10, 10
    )
    assert made[1:].flatten(1).any(1).all()
    assert images[1:].std() > 0.05


def test_batches_have_the_papers_make_up(synthesizer):
    images, masks = synthesizer.batch(0, 0, torch.tensor([0, 3, 1, 2]), 2, 2)
    assert images.shape == (8, 3, SIDE, SIDE)
    assert masks.shape == (8, 1, SIDE, SIDE)
    assert torch.equal(images[:4], synthesizer.normals[[0, 3, 1, 2]] / 255)
    assert masks.flatten(1).any(1).tolist() == [False] * 4 + [True] * 4
    assert set(masks.unique().tolist()) == {0.0, 1.0}


def test_composed_in_0_to_1_and_normalized_last(synthesizer):
    """The order is pinned: normals and pasted regions are normalized alike, by the encoder."""
    images, masks = synthesizer.batch(0, 1, torch.tensor([0]), 4, 4)
    assert images.min() >= 0
    assert images.max() <= 1
    encoder, seen = load_encoder("resnet18", "random", 0), []
    encoder.stem.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    encoder(images)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    assert torch.allclose(seen[0], (images - mean) / std, atol=1e-5)
    inside = masks.bool().expand_as(images)
    assert seen[0][inside].min() < -0.5  # pasted regions too are on the normalized scale
    assert (seen[0][inside] * std.expand_as(images)[inside]).min() >= -mean.max() - 1e-5


def test_batches_depend_on_seed_and_step_alone(synthesizer):
    indices = torch.tensor([0, 1])
    first = synthesizer.batch(3, 7, indices, 2, 2)
    torch.manual_seed(99)
    synthesizer.batch(1, 1, indices, 1, 1)
    again = a_synthesizer().batch(3, 7, indices, 2, 2)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], synthesizer.batch(3, 8, indices, 2, 2)[0])
    assert not torch.equal(first[0], synthesizer.batch(4, 7, indices, 2, 2)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_makes_the_same_choices(synthesizer):
    indices = torch.tensor([0, 1])
    images, masks = synthesizer.batch(3, 7, indices, 8, 8)
    on_gpu = a_synthesizer(device="cuda").batch(3, 7, indices, 8, 8)
    assert (masks != on_gpu[1].cpu()).float().mean() < 1e-3
    assert (images - on_gpu[0].cpu()).abs().mean() < 1e-3


@pytest.mark.parametrize("kinds", [("EA",), ("HEA",), ("HEA", "HOA"), KINDS])
def test_left_out_kinds_give_their_places_to_the_others(kinds, monkeypatch):
    made = []
    real = Synthesizer.make
    monkeypatch.setattr(
        Synthesizer, "make", lambda self, k, g: made.append(list(k)) or real(self, k, g)
    )
    _, masks = a_synthesizer(kinds=kinds).batch(0, 0, torch.tensor([0]), 8, 8)
    assert masks.flatten(1).any(1).sum() == 16
    assert len(made[0]) == 16
    assert set(made[0]) == set(kinds)
    if kinds == KINDS:
        assert made[0].count("EA") == 8


def test_foregrounds_and_switched_off_areas():
    foregrounds = torch.zeros(5, 1, SIDE, SIDE, dtype=torch.bool)
    foregrounds[:, :, 16:48, 16:48] = True
    _, masks = a_synthesizer(foregrounds=foregrounds).batch(0, 0, torch.tensor([0]), 20, 20)
    assert (masks.bool() <= foregrounds[:1]).all()
    made = a_synthesizer(use_target_area=False).make(["HEA"] * 30, generator())
    assert set(made.areas.geometries) == {"whole"}
    assert made.masks[:, :, :10].any()


def test_no_seen_anomaly_to_extend_is_refused():
    normals = torch.zeros(2, 3, SIDE, SIDE, dtype=torch.uint8)
    empty = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.uint8)
    with pytest.raises(ValueError, match="the masks of all 1 are empty at this size"):
        Synthesizer(normals, normals[:1], empty, normals)
    with pytest.raises(ValueError, match="there is none: raise n_anomalies, or set extended=False"):
        Synthesizer(normals, normals[:0], empty[:0], normals)
    Synthesizer(normals, normals[:1], empty, None, kinds=("HOA",))


@pytest.mark.parametrize(("changed", "message"), [
    ({"kinds": ("EA", "X")}, r"kinds=.* must be some of EA, HEA, HOA"),
    ({"kinds": ()}, "must be some of"),
    ({"normals": torch.zeros(2, 1, 64, 64, dtype=torch.uint8)}, r"normals are .* \(2, 1, 64, 64\)"),
    ({"normals": torch.rand(2, 3, 64, 64)}, "normals are torch.float32"),
    ({"textures": torch.zeros(2, 3, 64, 32, dtype=torch.uint8)}, "textures are"),
    ({"textures": None}, "HEA needs textures"),
    ({"textures": torch.zeros(0, 3, 64, 64, dtype=torch.uint8)}, "HEA needs textures"),
    ({"seen_masks": torch.ones(2, 1, 64, 64)}, r"seen_masks are .* must be \(1, 1, 64, 64\)"),
    ({"foregrounds": torch.ones(3, 1, 64, 64, dtype=torch.bool)}, "foregrounds are"),
    ({"foregrounds": torch.zeros(2, 1, 64, 64, dtype=torch.bool)}, "a foreground has no pixel"),
])  # fmt: skip
def test_what_would_fail_at_some_step_is_refused_at_once(changed, message):
    images = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    given = {
        "normals": images, "seen_images": images[:1], "textures": images,
        "seen_masks": torch.ones(1, 1, 64, 64, dtype=torch.uint8),
    }  # fmt: skip
    Synthesizer(**given)
    with pytest.raises(ValueError, match=message):
        Synthesizer(**{**given, **changed})


def test_sides_that_do_not_divide_by_8_have_no_shuffled_grid():
    images = torch.zeros(2, 3, 60, 64, dtype=torch.uint8)
    masks = torch.ones(2, 1, 60, 64)
    with pytest.raises(ValueError, match="multiples of 8"):
        Synthesizer(images, images, masks, images)
    made = Synthesizer(images, images, masks, images, kinds=("EA", "HEA")).make(
        ["EA", "HEA"], generator()
    )
    assert made.render().images.shape == (2, 3, 60, 64)


def test_images_need_not_be_square():
    images = (torch.rand(4, 3, 64, 96, generator=generator()) * 255).byte()
    masks = torch.zeros(4, 1, 64, 96)
    masks[:, :, 50:60, 80:94] = 1
    foregrounds = torch.zeros(4, 1, 64, 96, dtype=torch.bool)
    foregrounds[:, :, 8:30, 60:90] = True
    synthesizer = Synthesizer(images, images, masks, images, foregrounds=foregrounds)
    _, made = synthesizer.batch(0, 0, torch.tensor([0]), 30, 30)
    assert made[1:].flatten(1).any(1).all()
    assert (made.bool() <= foregrounds[:1]).all()


def test_a_batch_without_anomalies(synthesizer):
    images, masks = synthesizer.batch(0, 0, torch.tensor([2, 0]), 0, 0)
    assert torch.equal(images, synthesizer.normals[[2, 0]] / 255)
    assert not masks.any()


class OneDevice(TorchDispatchMode):
    """Fails where an operation mixes tensors of the device with others that it must fetch."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        tensors = [x for x in tree_leaves((arguments, options)) if isinstance(x, torch.Tensor)]
        devices = {x.device.type for x in tensors if x.ndim}
        moves = function in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
        assert moves or len(devices) <= 1, f"{function} mixes devices"
        return function(*arguments, **(options or {}))


@pytest.mark.parametrize("options", [{}, {"use_target_area": False}, {"foregrounds": True}])
def test_no_step_asks_the_device_for_a_value(options):
    """What a batch draws is drawn on the processor; no result of the device decides what is next.

    On the "meta" device tensors have no values, so that asking for one is an error. As on a GPU,
    tensors of the processor must be moved there by name.
    """
    if "foregrounds" in options:
        options = {"foregrounds": torch.ones(5, 1, SIDE, SIDE, dtype=torch.bool)}
    synthesizer = a_synthesizer(**options)
    synthesizer.normals = synthesizer.normals.to("meta")
    synthesizer.seen_masks = synthesizer.seen_masks.to("meta")
    synthesizer.banks = {kind: bank.to("meta") for kind, bank in synthesizer.banks.items()}
    if synthesizer.foregrounds is not None:
        synthesizer.foregrounds = synthesizer.foregrounds.to("meta")
    with OneDevice():
        images, masks = synthesizer.batch(0, 0, torch.tensor([0, 1]), 8, 8)
    assert (images.shape, masks.shape) == ((18, 3, SIDE, SIDE), (18, 1, SIDE, SIDE))
    assert batch.PARTS.get("meta") is None  # all at once, as on a GPU
