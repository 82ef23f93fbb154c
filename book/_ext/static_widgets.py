"""Sliders of a published page are rendered in every position, for there is no kernel to ask.

The notebooks that the build runs learn it by an environment variable.
"""

import os

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Runs before any notebook does."""
    os.environ["PRN_WIDGETS"] = "static"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
