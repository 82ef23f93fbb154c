"""Refusals of bad values, and words for them, that several modules share."""

from collections.abc import Iterable


def check_choice(name: str, value: str, known: Iterable[str]) -> None:
    """Raise ValueError, naming the option and what it may be, unless ``value`` is ``known``."""
    if value not in known:
        raise ValueError(f"unknown {name} {value!r}; known: {', '.join(known)}")


def one_line(error: Exception) -> str:
    """An error's message without line breaks, cut to 200 characters; its type if it has none."""
    return " ".join(str(error).split())[:200] or type(error).__name__
