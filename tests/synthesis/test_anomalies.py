"""Anomalies of every kind: what they change, and that their record tells how they were made."""

import pytest
import torch

from prn_lib.synthesis import KINDS
from prn_lib.synthesis.blend import OPACITY
from prn_lib.synthesis.simulated import shuffle_grids
from synthesizers import generator


@pytest.mark.parametrize("kind", KINDS)
def test_anomalies_change_nothing_outside_their_mask(synthesizer, kind):
    made = synthesizer.make([kind] * 60, generator())
    stages = made.render()
    taken = synthesizer.normals[made.normal_indices] / 255
    assert torch.equal(stages.normals, taken)
    outside = ~made.masks.expand(-1, 3, -1, -1)
    assert torch.equal(stages.images[outside], taken[outside])  # bit for bit
    assert made.masks.flatten(1).any(1).all()
    assert (made.masks <= made.areas.masks).all()
    assert stages.images.min() >= 0
    assert stages.images.max() <= 1
    low, high = OPACITY
    assert low <= made.opacity.min() < 0.1
    assert high - 0.1 < made.opacity.max() < high
    inside = made.masks.expand(-1, 3, -1, -1)
    beta = made.opacity.view(-1, 1, 1, 1)
    expected = (1 - beta) * stages.pasted + beta * taken
    assert torch.allclose(stages.images[inside], expected[inside], atol=1e-6)


@pytest.mark.parametrize("kinds", [KINDS, ("EA",), ("HOA",), ("EA", "HOA")])
def test_anomalies_rendered_in_parts_are_the_same(synthesizer, kinds):
    made = synthesizer.make(list(kinds) * 4, generator(3))
    whole = made.render().images
    for size in (1, 3, 5):
        parts = [made.render(start, start + size).images for start in range(0, len(made), size)]
        assert torch.allclose(torch.cat(parts), whole, atol=1e-6)


def test_sources_are_what_the_record_says(synthesizer):
    """Without changes of colour the source is the very image that the indices name."""
    made = synthesizer.make(["EA", "HEA", "HEA", "HOA"], generator(2))
    for pair in made.operations:
        assert pair[0][0] != pair[1][0]
    made.operations[:] = [(("invert", None), ("invert", None))] * 4
    sources = made.render().sources
    for i, (kind, index) in enumerate(zip(made.kinds, made.source_indices, strict=True)):
        taken = synthesizer.banks[kind][index] / 255
        if kind == "HOA":
            taken = shuffle_grids(taken[None], made.tiles)[0]
        assert torch.allclose(sources[i], taken, atol=1e-6)


def test_descriptions_tell_how_an_anomaly_was_made(synthesizer):
    made = synthesizer.make(list(KINDS), generator(1))
    ea, hea, hoa = (made.describe(i) for i in range(3))
    assert ea.startswith(f"EA: seen anomaly {made.source_indices[0]}, {made.operations[0][0][0]}")
    assert f"draw {int(made.placements.tries[0])}" in ea
    assert f"beta {made.opacity[0]:.2f}" in ea
    rows, columns = made.noise.periods[0].tolist()
    assert f"{rows} x {columns} periods" in hea
    assert hoa.startswith("HOA: normal image")
    made.placements.tries[0] = made.noise.tries[0] = 0
    assert "no draw met the area" in made.describe(0)
    assert "threshold lowered" in made.describe(1)
