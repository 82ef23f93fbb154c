"""Names in the order in which people count."""

import re


def natural(name: str) -> str:
    """A key to sort by: img2 comes before img10. Numbers of more than 20 digits sort as text."""
    return re.sub(r"\d+", lambda digits: digits[0].rjust(20), name)
