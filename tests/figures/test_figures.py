import base64
import html
import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from prn_lib import figures
from prn_lib.runs.building import build_synthesizer, read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import run
from prn_lib.runs.scoring import score_photos
from prn_lib.studies.selection import watch


@pytest.fixture
def shown(product_root, tmp_path):
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3
    )
    category = read_category(experiment)
    result = run(experiment, tmp_path / "run")
    return {
        "category": figures.show_category(category, 64),
        "anomalies": figures.show_anomalies(build_synthesizer(experiment, category), 0, 3),
        "loss": figures.show_loss(result.losses),
        "maps": figures.show_score_maps(result, category, figures.one_of_each_type(category)),
        "scores": figures.show_image_scores(result),
        "areas": figures.show_defect_areas({"plate": [0.01, 0.2], "tile": [0.0005]}),
        "split": figures.show_split(category),
        "lattice": figures.show_lattice(2, 3, 0),
        "fade": figures.show_fade(),
        "watched": figures.show_watched([watch(experiment, 1)]),
        "scored": figures.show_scored(
            score_photos(result.folder, [s.image for s in category.test[:2]]), ["a", "b"]
        ),
    }


def test_every_figure_is_a_png_with_alt_text_that_names_what_is_seen(shown):
    for name, picture in shown.items():
        assert picture.png.startswith(b"\x89PNG"), name
        assert len(picture.alt) > 40, name
        assert f'alt="{picture.alt}"' in html.unescape(picture._repr_html_())
    assert "hole" in shown["category"].alt
    assert "HOA" in shown["anomalies"].alt
    assert "plate, 2 anomalies, median 10.50%" in shown["areas"].alt
    assert "train: 6 good, " in shown["split"].alt
    assert plt.get_fignums() == []


def test_alt_text_is_required_and_escaped():
    with pytest.raises(ValueError, match="needs alt text"):
        figures.picture(plt.figure(), " ")
    assert 'alt="a &lt; &quot;b&quot;"' in figures.Picture(b"", 'a < "b"')._repr_html_()


def test_figures_of_synthesis_tell_how_their_anomalies_were_made(product_root):
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3
    )
    synthesizer = build_synthesizer(experiment, read_category(experiment))
    generator = torch.Generator().manual_seed(0)
    extended = synthesizer.make(["EA"], generator)
    simulated = synthesizer.make(["HOA"], generator)
    images, regions = synthesizer.banks["EA"], synthesizer.seen_masks
    made = synthesizer.make(["EA"] * 20, generator)
    share = regions[0].float().mean().item()
    for picture, told in (
        (figures.show_extension(extended, (images[0], regions[0])), extended.describe(0)),
        (figures.show_simulation(simulated, images[0]), simulated.describe(0)),
        (figures.show_made(made), f"{made.masks[19].float().mean():.1%} of the image"),
        (figures.show_seen(images, regions), "3 anomalous images"),
        (figures.show_tries(made), "that 20 extended anomalies took"),
        (figures.show_foregrounds(images, regions, ["a", "b", "c"]), f"a {share:.0%}"),
        (figures.show_maps(regions[:, 0], ["a", "b", "c"], "Three regions"), "Three regions"),
    ):
        assert picture.png.startswith(b"\x89PNG")
        assert told in picture.alt
    assert plt.get_fignums() == []


def test_a_large_picture_is_shown_smaller_and_looks_the_same():
    ramp = np.linspace(0, 1, 400)
    photograph = np.stack(
        [np.outer(ramp, ramp), np.outer(ramp, ramp[::-1]), np.ones((400, 400))], 2
    )
    photograph += np.random.default_rng(0).normal(scale=0.05, size=photograph.shape)
    figure, axis = plt.subplots(figsize=(7, 7))
    axis.imshow(photograph.clip(0, 1))
    picture = figures.picture(figure, "a ramp with noise")
    kind, data = picture._repr_html_().split('src="data:image/')[1].rstrip('">').split(";base64,")
    assert kind == "webp"
    assert len(base64.b64decode(data)) < len(picture.png) / 2
    pixels = [
        np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), dtype=float)
        for each in (picture.png, base64.b64decode(data))
    ]
    assert pixels[0].shape == pixels[1].shape
    assert np.abs(pixels[0] - pixels[1]).mean() < 8  # of 255, of which the noise is 13
