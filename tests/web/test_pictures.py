"""Which pictures a page offers, and which normals stand for its prototypes."""

import numpy as np
import torch
from PIL import Image

from networks import small_prn
from prn_lib.datasets import load_category
from prn_lib.model import load_encoder
from prn_lib.web.pictures import choose_pictures, nearest_normals, write_pictures


def test_two_good_ones_and_the_first_of_each_kind_are_offered():
    category = load_category("mini", "grain")
    kinds = [category.test[k].defect for k in choose_pictures(category)]
    assert kinds[:2] == ["good", "good"]
    assert kinds[2:] == sorted({s.defect for s in category.test} - {"good"})
    for k in choose_pictures(category)[2:]:
        first = next(i for i, s in enumerate(category.test) if s.defect == category.test[k].defect)
        assert k == first


def test_pictures_are_kept_without_loss(tmp_path):
    images = torch.randint(0, 256, (3, 3, 16, 16), dtype=torch.uint8)
    names = write_pictures(tmp_path, images, [2, 0])
    assert names == ["test/0002.png", "test/0000.png"]
    read = np.asarray(Image.open(tmp_path / names[0]))
    np.testing.assert_array_equal(read, images[2].permute(1, 2, 0))


@torch.inference_mode()
def test_the_normal_nearest_to_a_prototype_is_found_by_the_plain_distance():
    torch.manual_seed(1)
    model = small_prn(load_encoder("resnet18", "random", 0)).eval()
    normals = (torch.rand(40, 3, 64, 64) * 255).byte()  # more than a batch
    found = nearest_normals(model, normals)
    features = model.encoder(normals.float() / 255, layers=3)
    for j, x in enumerate(features):
        for k, prototype in enumerate(model.prototypes[j].maps):
            distances = (x - prototype).double().square().sum((1, 2, 3))
            assert found[j][k] == distances.argmin()
