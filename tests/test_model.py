import copy
import math
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from prn_lib.model import PRN, Encoder, fit_prototypes, load_weights
from prn_lib.model.attention import (
    EMBEDDINGS,
    EXPONENTS,
    RESIDUAL_BLOCKS,
    Head,
    MultiSizeAttention,
    from_tokens,
    patch_sizes,
    to_tokens,
)
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
    defaults = {"head_width": 0.125, "attention_blocks": 1, "image_size": size}
    return PRN(encoder, prototypes, **{**defaults, **options})


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


# Prototypes and residuals (Eq. 1); the clustering is in test_kmeans.py


def plain_nearest(features, prototypes):
    difference = features.double()[:, None] - prototypes.double()[None]
    return difference.square().sum((2, 3, 4)).argmin(1)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_nearest_prototype_and_residual_are_eq_1(layout):
    features, maps = random(5, 3, 4, 4), random(6, 3, 4, 4, seed=1)
    given = features.to(memory_format=layout)
    for b in range(5):
        distances = [(features[b] - p).square().sum().sqrt().item() for p in maps]
        k = int(np.argmin(distances))
        assert Prototypes(maps).nearest(given)[b] == k
        difference = features[b] - maps[k]
        assert torch.equal(Prototypes(maps)(given)[b], difference.abs())
        assert torch.equal(Prototypes(maps, "squared")(given)[b], difference**2)
        assert torch.equal(Prototypes(maps, "signed")(given)[b], difference)
    assert Prototypes(maps)(maps).abs().max() == 0


@pytest.mark.parametrize("offset", [0, 10, 100])
def test_the_nearest_is_that_of_double_precision_where_maps_are_much_alike(offset):
    """Maps that share an offset of up to 100 times their spread; norms alone would cancel."""
    common = random(1, 64, 16, 16) + offset
    maps = common + random(40, 64, 16, 16, seed=1)
    features = common + random(60, 64, 16, 16, seed=2)
    expected = plain_nearest(features, maps)
    assert torch.equal(Prototypes(maps).nearest(features), expected)
    if offset == 100:  # the usual expansion, in single precision: it cannot tell them apart
        x, p = features.flatten(1), maps.flatten(1)
        naive = (x.square().sum(1)[:, None] - 2 * x @ p.mT + p.square().sum(1)).argmin(1)
        assert not torch.equal(naive, expected)


def test_the_nearest_needs_no_tensor_over_batch_and_prototypes():
    maps, features = random(50, 16, 32, 32), random(8, 16, 32, 32, seed=1)
    prototypes = Prototypes(maps)
    with torch.profiler.profile(profile_memory=True) as recorded:
        prototypes.nearest(features.contiguous(memory_format=torch.channels_last))
    sizes = [
        e.nbytes() for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"
    ]
    assert features.nbytes <= max(sizes) < 2 * features.nbytes  # the naive way: 50 times as much


def test_features_of_another_size_are_refused():
    with pytest.raises(
        ValueError, match=r"features are \(3, 8, 8\), but the prototypes \(3, 4, 4\)"
    ):
        Prototypes(random(2, 3, 4, 4))(random(1, 3, 8, 8))


def test_fitted_prototypes_are_clusters_of_the_features_of_each_scale(encoder):
    normals = (torch.rand(10, 3, 64, 64) * 255).byte()
    settings = {"ratio": 0.3, "iterations": 300, "seed": 4}
    fitted = fit_prototypes(encoder, normals, **settings, batch_size=4)
    for scale, made in zip(encoder(normals.float() / 255), fitted, strict=False):
        assert torch.allclose(made, cluster_prototypes(scale, **settings), atol=1e-5)
    assert len(fitted) == 3


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


def cut(tensor, patch):
    """Patches of the first image of ``tensor``, one vector each: channels, rows, columns."""
    side = tensor.shape[-1]
    places = [(y, x) for y in range(0, side, patch) for x in range(0, side, patch)]
    return [(y, x, tensor[0, :, y : y + patch, x : x + patch]) for y, x in places]


@pytest.mark.parametrize("embedding", EMBEDDINGS)
@pytest.mark.parametrize("scale", ["c_s", "sqrt"])
def test_a_head_is_eq_3(scale, embedding):
    """Each number by loops over patches, in double precision."""
    torch.manual_seed(0)
    width = 5 if embedding == "convolution" else 3
    head = Head(3, 8, 2, width=width, embedding=embedding, scale=scale)  # 8 / 4: patches of 2 x 2
    x = random(1, 3, 8, 8)

    def embed(layer, patch):
        patch = patch.permute(1, 2, 0).flatten(0, 1)  # (p^2, C)
        if embedding == "convolution":
            patch = patch @ layer.weight.T + layer.bias
        else:
            patch = patch * layer.weight + layer.bias
        return patch.double().flatten()

    patches = cut(x, 2)
    queries, keys, values = (
        [embed(layer, patch) for _, _, patch in patches]
        for layer in (head.to_q, head.to_k, head.to_v)
    )
    c_s = width * 2 * 2
    divisor = c_s if scale == "c_s" else math.sqrt(c_s)
    out, found_weights = head(x), head.weights(x)
    assert out.shape == (1, width, 8, 8)
    for i, (y, x0, _) in enumerate(patches):
        logits = [(queries[i] @ keys[n]).item() / divisor for n in range(16)]
        weights = [math.exp(a) / sum(math.exp(b) for b in logits) for a in logits]
        mixed = sum(w * value for w, value in zip(weights, values, strict=True))
        found = out[0, :, y : y + 2, x0 : x0 + 2].permute(1, 2, 0).flatten().double()
        assert torch.allclose(found, mixed, atol=1e-5)
        assert found_weights[0, i].tolist() == pytest.approx(weights, abs=1e-6)


def test_cutting_into_patches_can_be_undone():
    x = random(2, 3, 12, 12)
    for patch in (1, 2, 3, 4, 6, 12):
        tokens = to_tokens(x, patch)
        assert tokens.shape == (2, (12 // patch) ** 2, patch * patch, 3)
        assert torch.equal(from_tokens(tokens, patch), x)
        for n, (_, _, expected) in enumerate(cut(x, patch)):
            assert torch.equal(tokens[0, n], expected.permute(1, 2, 0).flatten(0, 1))


def test_the_head_of_the_whole_map_is_a_projection():
    head = Head(3, 8, 0, width=4, embedding="convolution", scale="c_s")
    x = random(2, 3, 8, 8)
    expected = torch.einsum("bchw,oc->bohw", x, head.to_v.weight) + head.to_v.bias.view(-1, 1, 1)
    assert torch.allclose(head(x), expected, atol=1e-6)
    assert {name.split(".")[0] for name, _ in head.named_parameters()} == {"to_v"}
    assert head.weights(x).tolist() == [[[1.0]], [[1.0]]]


def test_the_printed_divisor_makes_attention_of_an_untrained_head_nearly_uniform():
    """With 1 / c_s the logits are means of products, with 1 / sqrt(c_s) sums of c_s of them."""
    torch.manual_seed(0)
    x = random(1, 16, 32, 32)
    strayed = {}
    for scale in EXPONENTS:
        head = Head(16, 32, 2, width=16, embedding="convolution", scale=scale)
        strayed[scale] = (16 * head.weights(x) - 1).abs().max().item()
    assert strayed["c_s"] < 0.1 < 0.5 < strayed["sqrt"]


def test_unknown_names_and_maps_that_are_not_square_are_refused():
    for option in ("embedding", "scale", "residual_block"):
        with pytest.raises(ValueError, match=f"unknown {option} 'other'; known: "):
            MultiSizeAttention(8, 16, **{option: "other"})
    with pytest.raises(ValueError, match="unknown residual 'other'; known: absolute"):
        Prototypes(random(2, 3, 4, 4), "other")
    with pytest.raises(ValueError, match=r"must be square .* not \(16, 4\)"):
        MultiSizeAttention(8, 16)(random(1, 8, 16, 4))


def test_elementwise_embeddings_fit_one_size_and_full_width():
    with pytest.raises(ValueError, match=r"head_width=1, not 0\.5"):
        MultiSizeAttention(8, 16, embedding="elementwise", head_width=0.5)
    block = MultiSizeAttention(8, 16, embedding="elementwise")
    assert block(random(2, 8, 16, 16)).shape == (2, 8, 16, 16)
    with pytest.raises(ValueError, match="are made for patches of 256 numbers"):
        block(random(2, 8, 8, 8))


def test_patch_sizes():
    assert patch_sizes(64) == [64, 32, 16, 8]  # scale 1 at 256 x 256
    assert patch_sizes(16) == [16, 8, 4, 2]
    assert patch_sizes(4) == [4, 2, 1, 1]
    assert patch_sizes(28) == [28, 14, 7, 2]
    for side in range(2, 65):
        assert all(side % patch == 0 for patch in patch_sizes(side))


@pytest.mark.parametrize("residual_block", RESIDUAL_BLOCKS)
def test_attention_block_keeps_its_shape_and_every_parameter_learns(residual_block):
    block = MultiSizeAttention(16, 8, head_width=0.5, scale="sqrt", residual_block=residual_block)
    x = random(2, 16, 8, 8)
    assert block(x).shape == x.shape
    block(x).square().sum().backward()
    for name, parameter in block.named_parameters():
        if not name.endswith("to_k.bias"):  # what is added to all keys cancels in the softmax
            assert parameter.grad.abs().sum() > 0, name


# The whole network (Fig. 3, Table 4)

VARIANTS = {
    "all": {},
    "no MF": {"fusion": False},
    "no MSA": {"attention_blocks": 0},
    "basic": {"residual_block": "basic"},
    "elementwise": {"embedding": "elementwise", "head_width": 1.0},
    "shared": {"shared_fusion": True},
}


@pytest.mark.parametrize("size", [64, 96, 160, 224])
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
        image_size=64,
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
    with pytest.raises(ValueError, match=r"not torch\.uint8: divide by 255"):
        model(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    with pytest.raises(ValueError, match="needed for 3 scales, not 2"):
        PRN(encoder, [random(2, 64, 16, 16), random(2, 128, 8, 8)])


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
    model = small_prn(Encoder(load_weights("random", 0), train_layer4=True))
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


def test_residuals_are_fused_by_a_block_of_their_own_unless_it_is_shared(encoder):
    images = torch.rand(2, 3, 64, 64)
    own, shared = small_prn(encoder), small_prn(encoder, shared_fusion=True)
    assert hasattr(own, "fuse_residuals")
    assert not hasattr(shared, "fuse_residuals")
    state = {k: v for k, v in own.state_dict().items() if not k.startswith("fuse_residuals")}
    shared.load_state_dict(state)
    assert not torch.allclose(own.eval()(images), shared.eval()(images), atol=1e-5)
    own.fuse_residuals.load_state_dict(own.fuse_features.state_dict())
    assert torch.allclose(own(images), shared(images), atol=1e-6)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_gradients_reach_every_trainable_parameter(encoder, options):
    model = small_prn(encoder, **({"attention_scale": "sqrt"} | options))
    model(torch.rand(2, 3, 64, 64)).square().sum().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not name.endswith("to_k.bias"):
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


# Precision, layout, compilation: all against float32 in the default layout


def seasoned_prn(encoder):
    """As after training: BatchNorm knows its statistics, so that logits differ."""
    model = small_prn(encoder).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    with torch.no_grad():
        model(torch.rand(8, 3, 64, 64))
    model.eval()
    logits = model(torch.rand(2, 3, 64, 64))
    assert logits.max() - logits.min() > 1
    return model


def test_single_precision_agrees_with_double(encoder):
    """The whole network, with everything but the frozen encoder and residuals in float64."""
    model = seasoned_prn(encoder)
    images = torch.rand(2, 3, 64, 64)
    expected = model(images)
    skips = [x.double() for x in encoder(images)]
    double = copy.deepcopy(model).double()
    residuals = [p(x).double() for p, x in zip(model.prototypes, encoder(images), strict=False)]
    joined = zip(double.fuse_features(skips[:3]), double.fuse_residuals(residuals), strict=True)
    attended = [f(torch.cat(pair, 1)) for f, pair in zip(double.attention, joined, strict=True)]
    found = double.decoder(skips[3], double.fuse_attended(attended))
    assert torch.allclose(found.float(), expected, atol=1e-4)


def test_memory_layout_changes_nothing(encoder):
    images = torch.rand(2, 3, 64, 64)
    model = seasoned_prn(encoder)
    expected = model(images)
    for kept in (model.decoder.blocks[0][0].weight, model.prototypes[0].maps):
        assert kept.is_contiguous(memory_format=torch.channels_last)
    last = images.to(memory_format=torch.channels_last)
    assert torch.allclose(model(last), expected, atol=1e-5)
    model.to(memory_format=torch.contiguous_format)
    assert torch.allclose(model(images), expected, atol=1e-5)


def test_bfloat16_autocast_agrees_and_leaves_features_and_picks_alone(encoder):
    """Stated tolerance: logits deviate by less than a tenth of their spread (root mean square)."""
    model, images = seasoned_prn(encoder), torch.rand(4, 3, 64, 64)
    features, expected = encoder(images), model(images)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(images)
        for scale, exact in zip(encoder(images), features, strict=True):
            assert scale.dtype == torch.float32
            assert torch.equal(scale, exact)
        maps, asked = random(40, 64, 16, 16) + 10, random(60, 64, 16, 16, seed=2) + 10
        assert torch.equal(Prototypes(maps).nearest(asked), plain_nearest(asked, maps))
    assert found.dtype == torch.float32
    assert (found - expected).square().mean().sqrt() < 0.1 * expected.std()
    assert not torch.equal(found, expected)


def test_bfloat16_autocast_trains(encoder):
    model = small_prn(encoder).train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(torch.rand(2, 3, 64, 64))
    logits.float().square().mean().backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad.dtype == torch.float32
            assert parameter.grad.isfinite().all(), name


@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler (g++)")
def test_a_compiled_network_agrees(encoder):
    """In one graph; stated tolerance: 1e-4 of the logits' range."""
    model, images = seasoned_prn(encoder), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = model(images)
        found = torch.compile(model, fullgraph=True)(images)
    assert (found - expected).abs().max() < 1e-4 * (expected.max() - expected.min())


def test_scores_start_near_the_prior(encoder):
    start = small_prn(encoder).train()(torch.rand(4, 3, 64, 64)).sigmoid().mean().item()
    assert PRIOR / 5 < start < PRIOR * 5
