"""Words of a command line read as options; the options themselves are in ``experiment.py``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

from prn_lib.datasets import find_dataset
from prn_lib.runs.experiment import Experiment

_BOOLEANS = {"true": True, "false": False}


def usual_preset(dataset: str) -> str:
    """The paper's preset, but ``quick`` for embedded images. ValueError for an unknown dataset."""
    return "quick" if find_dataset(dataset).generate else "paper"


def read_options(words: Sequence[str]) -> dict[str, Any]:
    """``["max_steps=50", "extended=false", "textures=/data/dtd"]`` as values of their types.

    ``none`` stands for None. Unknown names are left to :class:`Experiment`, which suggests the
    right ones. Raises ValueError, naming the word, for one that cannot be read.
    """
    hints = get_type_hints(Experiment)
    options = {}
    for word in words:
        name, sign, text = word.partition("=")
        if not sign:
            raise ValueError(f"{word!r} is no option: write name=value, such as max_steps=50")
        if name in options:
            raise ValueError(f"option {name} is given twice")
        options[name] = _value(name, text, get_args(hints.get(name)) or (hints.get(name, str),))
    return options


def read_overrides(given: Mapping[str, Any] | str) -> dict[str, Any]:
    """Options by name, also from JSON text, as papermill's ``-p overrides`` hands it over.

    Raises ValueError for text that is no JSON object.
    """
    told = given
    if isinstance(given, str):
        try:
            told = json.loads(given)
        except ValueError as error:
            raise ValueError(f"overrides={given!r} is no JSON ({error}); {_EXAMPLE}") from None
    if not isinstance(told, Mapping):
        raise ValueError(f"overrides={given!r} holds no options by name; {_EXAMPLE}")
    return dict(told)


_EXAMPLE = 'write it as {"max_steps": 300}'


def _value(name: str, text: str, kinds: tuple[type, ...]) -> Any:
    if text.lower() == "none" and type(None) in kinds:
        return None
    if bool in kinds:
        if text.lower() not in _BOOLEANS:
            raise ValueError(f"option {name}={text!r} must be true or false")
        return _BOOLEANS[text.lower()]
    for kind, called in ((int, "a whole number"), (float, "a number")):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                raise ValueError(f"option {name}={text!r} must be {called}") from None
    return text
