"""Refusals of bad values that several modules share."""

from collections.abc import Iterable


def check_choice(name: str, value: str, known: Iterable[str]) -> None:
    """Raise ValueError, naming the option and what it may be, unless ``value`` is ``known``."""
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")
