import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from sklearn.cluster import KMeans
from torchvision.models import resnet18

from prn_lib.model import PRN, Encoder, fit_prototypes, image_score, load_weights
from prn_lib.model.attention import Head, MultiSizeAttention, patch_sizes
from prn_lib.model.decoder import PRIOR
from prn_lib.model.encoder import MEAN, STD
from prn_lib.model.fusion import FusionBlock
from prn_lib.model.prototypes import Prototypes, cluster_prototypes


@pytest.fixture(scope="module")
def encoder():
    return Encoder(load_weights("random", 0))


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def small_prn(encoder, size=64, **options):
    normals = (torch.rand(6, 3, size, size) * 255).byte()
    prototypes = fit_prototypes(encoder, normals, ratio=0.34, iterations=10, seed=0)
    return PRN(encoder, prototypes, **{"head_width": 0.125, "attention_blocks": 1, **options})


# Encoder


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


def test_bad_weights_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"'nothing\.pth' is neither 'imagenet', 'random'"):
        load_weights("nothing.pth", 0)
    path = tmp_path / "other.pth"
    torch.save({"conv1.weight": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"other\.pth is no ResNet-18 state dict"):
        load_weights(str(path), 0)
    path.write_bytes(b"cut short")
    with pytest.raises(ValueError, match=r"other\.pth is no ResNet-18 state dict"):
        load_weights(str(path), 0)


def test_a_pickle_that_runs_code_is_not_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("exploded").touch, ())

    torch.save({"conv1.weight": Bomb()}, tmp_path / "bomb.pth")
    with pytest.raises(ValueError, match="no ResNet-18 state dict"):
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


# Prototypes and residuals (Eq. 1)


def test_prototypes_of_clear_clusters():
    """One random start may end in a poor local optimum; most starts find clusters this clear."""
    centres = 10 * random(3, 2, 4, 4)
    features = torch.cat([c + 0.01 * random(10, 2, 4, 4, seed=i) for i, c in enumerate(centres)])
    means = torch.stack([features[10 * i : 10 * i + 10].mean(0) for i in range(3)])
    found = 0
    for seed in range(12):
        prototypes = cluster_prototypes(features, ratio=0.1, iterations=300, seed=seed)
        assert prototypes.shape == (3, 2, 4, 4)
        distance = torch.cdist(prototypes.flatten(1), means.flatten(1))
        found += bool(distance.min(0).values.max() < 1e-3)
    assert found >= 2  # a start with one centre in each cluster has probability 0.25


def test_prototypes_are_a_fixed_point_of_lloyds_step():
    features = random(40, 3, 4, 4)
    prototypes = cluster_prototypes(features, ratio=0.1, iterations=300, seed=0)
    nearest = nearest_prototype(features, prototypes)
    for k in range(4):
        assert torch.allclose(features[nearest == k].mean(0), prototypes[k], atol=1e-5)
    inertia = (features - prototypes[nearest]).square().sum().item()
    points = features.flatten(1).numpy()
    best = KMeans(4, n_init=20, random_state=0).fit(points).inertia_
    assert inertia < 1.1 * best


def test_prototype_counts():
    features = random(25, 2, 2, 2)
    for ratio, expected in ((0.01, 1), (0.1, 2), (0.2, 5), (1.0, 25)):
        made = cluster_prototypes(features, ratio=ratio, iterations=9, seed=0)
        assert len(made) == expected
    assert torch.equal(made, features)  # 100%: every normal is a prototype
    one = cluster_prototypes(features, ratio=0.01, iterations=9, seed=0)
    assert torch.allclose(one[0], features.mean(0), atol=1e-6)
    with pytest.raises(ValueError, match="prototype_ratio=0 must lie in"):
        cluster_prototypes(features, ratio=0, iterations=9, seed=0)
    features[3, 0, 0, 0] = math.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        cluster_prototypes(features, ratio=0.1, iterations=9, seed=0)


def test_nearest_prototype_and_residual_are_eq_1():
    features, prototypes = random(5, 3, 4, 4), random(6, 3, 4, 4, seed=1)
    for b in range(5):
        distances = [(features[b] - p).square().sum().sqrt().item() for p in prototypes]
        k = int(np.argmin(distances))
        assert nearest_prototype(features, prototypes)[b] == k
        difference = features[b] - prototypes[k]
        assert torch.equal(residual(features, prototypes)[b], difference.abs())
        assert torch.equal(residual(features, prototypes, "squared")[b], difference**2)
        assert torch.equal(residual(features, prototypes, "signed")[b], difference)
    assert residual(prototypes, prototypes).abs().max() == 0


# Fusion (Eq. 2)


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
                assert transform[1].scale_factor == 2 ** (r - j)
                assert transform[1].mode == "bilinear"


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


# Attention (Eq. 3)


@pytest.mark.parametrize("scale", ["c_s", "sqrt"])
def test_patch_attention_is_eq_3(scale):
    q, k, v = (random(1, 3, 8, 8, seed=i) for i in range(3))
    patch, count = 2, 16
    cut = [(y, x) for y in range(0, 8, patch) for x in range(0, 8, patch)]

    def flat(tensor):
        return [tensor[0, :, y : y + patch, x : x + patch].flatten().double() for y, x in cut]

    queries, keys, values = flat(q), flat(k), flat(v)
    c_s = 3 * patch * patch
    divisor = c_s if scale == "c_s" else math.sqrt(c_s)
    out = patch_attention(q, k, v, patch, scale)
    for i, (y, x) in enumerate(cut):
        logits = [float(queries[i] @ keys[n]) / divisor for n in range(count)]
        weights = [math.exp(a) / sum(math.exp(b) for b in logits) for a in logits]
        mixed = sum(w * value for w, value in zip(weights, values, strict=True))
        found = out[0, :, y : y + patch, x : x + patch].flatten().double()
        assert torch.allclose(found, mixed, atol=1e-5)


def test_patch_sizes():
    assert patch_sizes(64) == [64, 32, 16, 8]  # scale 1 at 256 x 256
    assert patch_sizes(16) == [16, 8, 4, 2]
    assert patch_sizes(4) == [4, 2, 1, 1]
    assert patch_sizes(28) == [28, 14, 7, 2]
    for side in range(2, 65):
        assert all(side % patch == 0 for patch in patch_sizes(side))


def test_attention_block_keeps_its_shape_and_every_parameter_learns():
    block = MultiSizeAttention(16, head_width=0.5, scale="sqrt")
    x = random(2, 16, 8, 8)
    assert block(x).shape == x.shape
    block(x).square().sum().backward()
    for name, parameter in block.named_parameters():
        if name != "to_k.bias":  # a constant added to all keys cancels in the softmax
            assert parameter.grad.abs().sum() > 0, name


# The whole network (Fig. 3, Table 4)

VARIANTS = {
    "all": {},
    "no MF": {"fusion": False},
    "no MSA": {"attention_blocks": 0},
}


@pytest.mark.parametrize("size", [64, 96, 128])
def test_output_has_the_inputs_size(encoder, size):
    model = small_prn(encoder, size).eval()
    assert model(torch.rand(2, 3, size, size)).shape == (2, 1, size, size)


@pytest.mark.parametrize("prototypes", [True, False])
@pytest.mark.parametrize("fusion", [True, False])
@pytest.mark.parametrize("attention_blocks", [0, 2])
def test_every_module_can_be_left_out(encoder, prototypes, fusion, attention_blocks):
    normals = (torch.rand(4, 3, 64, 64) * 255).byte()
    fitted = fit_prototypes(encoder, normals, ratio=0.5, iterations=5, seed=0)
    model = PRN(
        encoder,
        fitted if prototypes else None,
        fusion=fusion,
        attention_blocks=attention_blocks,
        head_width=0.125,
    )
    names = [name for name, _ in model.named_parameters()]
    assert any("fuse" in name for name in names) == fusion
    assert any("attention" in name for name in names) == (attention_blocks > 0)
    assert any("prototypes" in name for name, _ in model.named_buffers()) == prototypes
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, 1, 64, 64)


def test_scales_and_channels_at_256(encoder):
    """The sizes of Sec. 4.1: 64 x 64 x 64, 128 x 32 x 32, 256 x 16 x 16; the skips have 2 c_j."""
    normals = (torch.rand(2, 3, 256, 256) * 255).byte()
    prototypes = fit_prototypes(encoder, normals, ratio=0.5, iterations=5, seed=0)
    assert [tuple(p.shape) for p in prototypes] == [
        (1, 64, 64, 64),
        (1, 128, 32, 32),
        (1, 256, 16, 16),
    ]
    model = PRN(encoder, prototypes, head_width=0.0625, attention_blocks=1)
    shapes = []
    for attention in model.attention:
        attention.register_forward_hook(lambda _, x, y: shapes.append((x[0].shape, y.shape)))
    model.eval()(torch.rand(1, 3, 256, 256))
    for j, (before, after) in enumerate(shapes):
        assert before == after == (1, 2 * 64 * 2**j, 64 // 2**j, 64 // 2**j)


def test_wrong_inputs_are_refused(encoder):
    model = small_prn(encoder)
    with pytest.raises(ValueError, match=r"must be \(B, 3, S, S\), not \(1, 1, 64, 64\)"):
        model(torch.rand(1, 1, 64, 64))
    with pytest.raises(ValueError, match="70 must be a multiple of 32"):
        model(torch.rand(1, 3, 70, 70))


def test_the_encoder_is_truly_frozen(encoder):
    """The other public implementation's BatchNorm statistics move, because train() reaches them."""
    model = small_prn(encoder)
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    prototypes = [p.clone() for p in model.prototypes]
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
    for old, new in zip(prototypes, model.prototypes, strict=True):
        assert torch.equal(old, new)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_gradients_reach_every_trainable_parameter(encoder, options):
    model = small_prn(encoder, **({"attention_scale": "sqrt"} | options))
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not name.endswith("to_k.bias"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


def test_scores_start_near_the_prior(encoder):
    start = small_prn(encoder).train()(torch.rand(4, 3, 64, 64)).sigmoid().mean().item()
    assert PRIOR / 5 < start < PRIOR * 5


def test_image_score_is_the_mean_of_the_highest_pixels():
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, 0] = torch.tensor([0.9, 0.5, 0.7, 0.1])
    maps[1] = 0.25
    assert image_score(maps, 3).tolist() == pytest.approx([0.7, 0.25])
