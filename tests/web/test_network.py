"""What a page is told, against the network itself and the plain definitions."""

import pytest
import torch
from torch.nn import functional as F

from networks import plain_nearest, small_prn
from prn_lib.model import PRN, load_encoder
from prn_lib.web.network import PageNetwork, residuals

SIDE, TOP_K = 64, 7


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return small_prn(load_encoder("resnet18", "random", 0), SIDE).eval()


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(2))


@torch.inference_mode()
def test_it_says_what_the_network_says_and_how_it_came_to_it(model, image):
    network = PageNetwork(model, "top", TOP_K)
    told = dict(zip(network.outputs, network(image), strict=True))
    torch.testing.assert_close(told["score_map"], model(image).sigmoid())
    highest = told["score_map"].flatten().sort().values[-TOP_K:]
    torch.testing.assert_close(told["image_score"], highest.mean()[None])
    features = model.encoder(image, layers=3)
    for j, x in enumerate(features):
        maps = model.prototypes[j].maps
        (near,) = plain_nearest(x, maps)
        assert told["nearest"][j].tolist() == [near]
        left = (x[0] - maps[near]).abs().mean(0)  # Eq. 1, the mean over channels
        expected = F.interpolate(left[None, None], size=SIDE, mode="bilinear")[0, 0]
        torch.testing.assert_close(told["residuals"][0, j], expected)


def test_a_residual_of_a_normal_that_is_its_own_prototype_is_zero(model, image):
    features = [p.maps[:1].clone() for p in model.prototypes]
    assert not residuals(model, features, SIDE).any()


@torch.inference_mode()
def test_without_prototypes_there_is_nothing_to_explain(model, image):
    plain = PRN(model.encoder, None, head_width=0.125, attention_blocks=0, image_size=SIDE).eval()
    network = PageNetwork(plain, "top", TOP_K)
    assert network.outputs == ("score_map", "image_score")
    assert len(network(image)) == 2
