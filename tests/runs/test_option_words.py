"""Options as words, against the types of the fields."""

import dataclasses

import pytest

from prn_lib.runs.experiment import Experiment
from prn_lib.runs.option_words import read_options, read_overrides, usual_preset


def test_words_become_values_of_their_fields_types():
    told = read_options([
        "max_steps=50", "extended=False", "learning_rate=1e-3", "textures=/data/d=td", "seed=7",
        "weight_decay=0", "category=01",
    ])  # fmt: skip
    assert told == {
        "max_steps": 50, "extended": False, "learning_rate": 0.001, "textures": "/data/d=td",
        "seed": 7, "weight_decay": 0.0, "category": "01",
    }  # fmt: skip
    assert read_options(["max_steps=none", "textures=None"]) == {
        "max_steps": None,
        "textures": None,
    }


def test_every_default_can_be_said_in_words():
    """Written as text and read again, each field has the value that it had."""
    usual = Experiment()
    words = [f"{f.name}={getattr(usual, f.name)}" for f in dataclasses.fields(usual)]
    assert Experiment(**read_options(words)) == usual


@pytest.mark.parametrize(("word", "message"), [
    ("max_steps", "write name=value"),
    ("extended=yes", "must be true or false"),
    ("extended=1", "must be true or false"),
    ("seed=1.5", "must be a whole number"),
    ("learning_rate=fast", "must be a number"),
    ("seed=none", "must be a whole number"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(word, message):
    with pytest.raises(ValueError, match=message):
        read_options([word])


def test_an_option_is_given_once_and_its_name_is_left_to_the_experiment():
    with pytest.raises(ValueError, match="seed is given twice"):
        read_options(["seed=1", "seed=2"])
    assert read_options(["epochz=3"]) == {"epochz": "3"}
    with pytest.raises(ValueError, match="did you mean 'epochs'"):
        Experiment.from_preset("quick", **read_options(["epochz=3"]))


def test_embedded_images_are_run_quickly():
    assert usual_preset("mini") == "quick"
    assert usual_preset("mvtec") == "paper"
    with pytest.raises(ValueError, match="unknown dataset"):
        usual_preset("mini2")


def test_overrides_are_read_from_text_and_from_options_by_name():
    """Papermill's ``-p`` hands over text."""
    assert read_overrides('{"max_steps": 1, "extended": false}') == {
        "max_steps": 1,
        "extended": False,
    }
    assert read_overrides({"max_steps": 1}) == {"max_steps": 1}
    for wrong in ("max_steps=1", "[1]", "", "3"):
        with pytest.raises(ValueError, match=r"overrides=.* write it as \{\"max_steps\": 300\}"):
            read_overrides(wrong)
