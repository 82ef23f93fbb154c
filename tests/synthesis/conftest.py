"""The synthesizer that tests of its parts share."""

import pytest

from synthesizers import a_synthesizer


@pytest.fixture
def synthesizer():
    return a_synthesizer()
