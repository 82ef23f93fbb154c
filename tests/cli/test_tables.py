"""How ``prn tables`` reads what is asked of it; the batch itself is tested in tests/workflow."""

import pytest

from prn_lib.batch.request import read_request
from prn_lib.cli import main, tables


def told(**asked):
    usual = dict.fromkeys(("dataset", "data_root", "categories", "preset", "seeds"), "")
    rest = {"targets": ("table4",), "words": (), "overrides": "", "tensorboard": ""}
    return tables._told({**usual, **rest, **asked})


def test_paths_mean_what_they_mean_where_the_command_is_given(tmp_path, monkeypatch):
    """Runs are made elsewhere: in the project's folder."""
    monkeypatch.chdir(tmp_path)
    asked = told(data_root="images", tensorboard="events", words=("textures=dtd",))
    assert asked["data_root"] == str(tmp_path / "images")
    assert asked["tensorboard"] == str(tmp_path / "events")


def test_options_come_in_two_ways_and_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = told(words=("max_steps=5", "textures=dtd"), overrides='{"epochs": 3}')
    overrides = {"max_steps": 5, "textures": str(tmp_path / "dtd"), "epochs": 3}
    assert asked == {"targets": ["table4"], "overrides": overrides}
    assert read_request(asked).overrides == overrides
    with pytest.raises(ValueError, match="option epochs is given by --set and in --overrides"):
        told(words=("epochs=5",), overrides='{"epochs": 3}')


def test_what_the_request_says_itself_is_no_option(capsys):
    assert main(["tables", "plan", "--set", "seed=1"]) == 2
    assert "overrides has 'seed'; say it by --seeds" in capsys.readouterr().err
