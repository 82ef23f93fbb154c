"""The encoder against torchvision's layers; its weights, and that they stay frozen."""

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from networks import small_prn
from prn_lib.model import load_encoder
from prn_lib.model.encoder import MEAN, STD
from prn_lib.model.resnet18 import load_weights


def test_encoder_equals_torchvisions_layers(encoder):
    network = resnet18(weights=None)
    network.load_state_dict(load_weights("random", 0))
    network.eval()
    images = torch.rand(2, 3, 64, 64)
    x = (images - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    x = network.maxpool(network.relu(network.bn1(network.conv1(x))))
    for j, features in enumerate(encoder(images), start=1):
        x = getattr(network, f"layer{j}")(x)
        assert torch.equal(features, x)
        assert features.shape == (2, 64 * 2 ** (j - 1), 64 // 2 ** (j + 1), 64 // 2 ** (j + 1))


def test_random_weights_follow_the_seed_and_leave_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = load_weights("random", 1)["conv1.weight"]
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, load_weights("random", 1)["conv1.weight"])
    assert not torch.equal(first, load_weights("random", 2)["conv1.weight"])


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_from_a_file_in_torchvisions_format(tmp_path, suffix):
    state = load_weights("random", 7)
    path = tmp_path / f"resnet18{suffix}"
    torch.save(state, path) if suffix == ".pth" else save_file(state, path)
    loaded = load_weights(str(path), seed=0)
    assert all(torch.equal(loaded[name], state[name]) for name in state)


def test_bad_weights_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'nothing\.pth' is neither 'imagenet', 'random'"):
        load_weights("nothing.pth", 0)
    path = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(
        ValueError, match=r"other\.pth is no ResNet-18 state dict .*\"bn1\.weight\""
    ):
        load_weights(str(path), 0)
    path.write_bytes(b"cut short")
    with pytest.raises(ValueError, match=r"other\.pth cannot be read \(it is damaged"):
        load_weights(str(path), 0)


def test_a_pickle_that_runs_code_is_not_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("exploded").touch, ())

    torch.save({"conv1.weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(ValueError, match="holds more than tensors"):
        load_weights(str(tmp_path / "bomb.pth"), 0)
    assert not (tmp_path / "exploded").exists()


def test_imagenet_weights_offline_end_in_one_line_and_never_in_random_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("torch.hub.download_url_to_file", refuse)
    with pytest.raises(OSError, match=r"weights='imagenet' cannot be had \(no route") as error:
        load_weights("imagenet", 0)
    assert "weights='random'" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_encoder_is_truly_frozen(encoder):
    """The other public implementation's BatchNorm statistics move, because train() reaches them."""
    model = small_prn(encoder)
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    prototypes = {name: tensor.clone() for name, tensor in model.prototypes.state_dict().items()}
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.1)
    for _ in range(3):
        model.train()
        model(torch.rand(2, 3, 64, 64)).sum().backward()
        optimizer.step()
    for name, tensor in model.encoder.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert not any(module.training for module in model.encoder.modules())
    assert all(p.grad is None for p in model.encoder.parameters())
    assert model.decoder.training
    for name, tensor in model.prototypes.state_dict().items():
        assert torch.equal(tensor, prototypes[name]), name


def test_a_trainable_layer_4_learns_and_the_layers_before_it_do_not():
    model = small_prn(load_encoder("resnet18", "random", 0, train_layer4=True))
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=0.1)
    model.train()
    model(torch.rand(2, 3, 64, 64)).sum().backward()
    optimizer.step()
    for name, tensor in model.encoder.state_dict().items():
        moved = not torch.equal(tensor, before[name])
        assert moved == name.startswith("layers.3."), name
    model.eval()
    assert not any(module.training for module in model.encoder.modules())
