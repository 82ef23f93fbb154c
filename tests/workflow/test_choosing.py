"""The tiles' halves, and the file that keeps what was tried."""

import json
from pathlib import Path

import choosing
from choose_on_tiles import half_of_groups
from prn_lib.datasets.sample import Sample


def test_halves_divide_both_kinds_of_group_and_no_group():
    samples = [
        Sample(
            f"{g}-{k}", Path("x.jpg"), None, "crack" if g % 3 == 0 and k == 0 else "good", str(g)
        )
        for g in range(30)
        for k in range(1 + g % 4)
    ]
    chosen = half_of_groups(samples, seed=0)
    with_crack = {str(g) for g in range(0, 30, 3)}
    assert len(chosen & with_crack) == 5
    assert len(chosen - with_crack) == 10
    assert half_of_groups(samples[::-1], seed=0) == chosen
    assert half_of_groups(samples, seed=1) != chosen


def test_rows_of_a_candidate_are_replaced_and_others_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(choosing, "CHOICES", tmp_path)
    choosing.keep("x.json", [{"candidate": "a", "n": 1}, {"candidate": "b", "n": 1}], ["a", "b"])
    choosing.keep("x.json", [{"candidate": "a", "n": 2}], ["a"])
    rows = json.loads((tmp_path / "x.json").read_text())
    assert rows == [{"candidate": "b", "n": 1}, {"candidate": "a", "n": 2}]
