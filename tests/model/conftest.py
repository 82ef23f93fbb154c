"""The encoder that tests of the network share."""

import pytest

from prn_lib.model import Encoder, load_weights


@pytest.fixture(scope="module")
def encoder():
    return Encoder(load_weights("random", 0))
