import html

import matplotlib.pyplot as plt
import pytest

from prn_lib import figures
from prn_lib.experiment import Experiment, build_synthesizer, read_category
from prn_lib.run import run
from prn_lib.scoring import score_photos
from prn_lib.selection import watch


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
