"""What tests of sliders share: an encoder, and what a page hands to ``explore``."""

import pytest

from prn_lib.model import load_encoder
from prn_lib.widgets import features as features_page
from prn_lib.widgets import prototypes as prototypes_page


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("resnet18", "random", 0)


@pytest.fixture
def rendered(monkeypatch):
    """What a page passes to ``explore``: its render function and its keywords."""
    caught = {}

    def catch(render, controls, **options):
        caught.update(render=render, controls=controls, **options)

    for page in (features_page, prototypes_page):
        monkeypatch.setattr(page, "explore", catch)
    return caught
