"""The encoder that tests of the network share."""

import pytest

from prn_lib.model import load_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("resnet18", "random", 0)
