import numpy as np
import pytest
import torch

from prn_lib.common.exercises import check


@pytest.mark.parametrize(
    ("answer", "right", "said"),
    [
        (..., 3, "No answer yet"),
        (3, 3, "Right."),
        (3.00001, 3, "Right."),
        (3.1, 3, "Not yet: the largest difference is 0.1. Halve it."),
        (torch.tensor([1.0, 2.0]), np.array([1, 2]), "Right."),
        ([[1.0, 2.0]], np.array([1, 2]), "its shape is (1, 2), and should be (2,)."),
        (float("nan"), 3, "Not yet"),
        (torch.ones(2, requires_grad=True), np.ones(2), "Right."),
        (torch.ones(2, dtype=torch.bfloat16), [1, 1], "Right."),
        ("weave", "weave", "Right."),
        ("grain", "weave", "Not yet: another word."),
        ("three", 3, "a str is no number"),
        (None, 3, "Not yet"),
        (True, True, "Right."),
    ],
)
def test_an_answer_is_told_what_it_is(capsys, answer, right, said):
    check(answer, right, "Halve it.")
    assert said in capsys.readouterr().out


def test_the_tolerance_is_the_readers_choice(capsys):
    check(10.4, 10, tolerance=0.1)
    assert capsys.readouterr().out == "Right.\n"
