import dataclasses

import pytest

from prn_lib.runs.experiment import PRESETS, Experiment


def test_defaults_are_the_papers():
    """Sec. 4.1 and App. A.2, typed again from the text."""
    paper = Experiment.from_preset("paper")
    assert (
        dataclasses.asdict(paper).items()
        >= {
            "image_size": 256,
            "n_anomalies": 10,
            "weights": "imagenet",
            "prototype_ratio": 0.1,
            "kmeans_iterations": 300,
            "attention_blocks": 3,
            "normals_per_batch": 32,
            "extended_per_batch": 16,
            "simulated_per_batch": 16,
            "epochs": 700,
            "max_steps": None,
            "learning_rate": 1e-4,
            "weight_decay": 1e-5,
            "focal_weight": 5.0,
            "focal_alpha": 0.5,
            "focal_gamma": 4.0,
            "top_pixels": 100,
        }.items()
    )
    assert paper.top_k == 100
    assert paper.anomaly_kinds == ("EA", "HEA", "HOA")


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_keep_the_papers_proportions(preset):
    e = Experiment.from_preset(preset)
    assert e.normals_per_batch == 2 * e.extended_per_batch == 2 * e.simulated_per_batch
    assert e.preset == preset


def test_top_pixels_scale_with_the_area():
    assert Experiment(image_size=128).top_k == 25
    assert Experiment(image_size=64).top_k == 6
    assert Experiment(image_size=512).top_k == 400
    assert Experiment(image_size=64, top_pixels=1).top_k == 1


def test_unknown_overrides_are_refused_with_a_suggestion():
    with pytest.raises(ValueError, match=r"unknown option 'max_stepz' .*did you mean 'max_steps'"):
        Experiment.from_preset("quick", max_stepz=3)
    with pytest.raises(ValueError, match="unknown option 'zzz' in overrides; known: dataset"):
        Experiment.from_preset("quick", zzz=3)
    with pytest.raises(ValueError, match="unknown option 'preset'"):
        Experiment.from_preset("quick", preset="paper")
    with pytest.raises(
        ValueError, match="unknown preset 'fast'; known: paper, narrow, quick, smoke"
    ):
        Experiment.from_preset("fast")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("image_size", 100),
        ("image_size", 32),
        ("image_size", "128"),
        ("seed", -1),
        ("seed", 1.5),
        ("epochs", 0),
        ("epochs", True),
        ("extended", 1),
        ("prototype_ratio", 0),
        ("prototype_ratio", 1.5),
        ("learning_rate", 0),
        ("learning_rate", "fast"),
        ("residual", "cubed"),
        ("attention_scale", "none"),
        ("max_steps", -1),
        ("n_normals", 0),
        ("method", "magic"),
        ("seed", 2**32),
        ("top_pixels", 256 * 256 + 1),
    ],
)
def test_wrong_values_name_the_field(field, value):
    with pytest.raises(ValueError, match=field) as error:
        Experiment(**{field: value})
    assert "\n" not in str(error.value)


def test_whole_numbers_are_welcome_where_real_ones_are_meant():
    assert Experiment(prototype_ratio=1, focal_gamma=2).prototype_ratio == 1


def test_something_must_be_synthesized():
    with pytest.raises(ValueError, match="all False"):
        Experiment(extended=False, heterologous=False, homologous=False)


def test_a_whole_and_a_real_number_are_one_experiment():
    whole, real = (Experiment.from_preset("paper", prototype_ratio=r) for r in (1, 1.0))
    assert whole == real
    assert whole.run_name == real.run_name
    assert repr(whole) == repr(real)


@pytest.mark.parametrize(
    ("switch", "option", "value"),
    [
        ("use_prototypes", "residual", "signed"),
        ("use_prototypes", "kmeans_starts", 5),
        ("use_prototypes", "prototypes_apart", True),
        ("use_fusion", "shared_fusion", True),
        ("use_attention", "attention_scale", "sqrt"),
        ("use_attention", "residual_block", "basic"),
    ],
)
def test_options_of_a_module_that_is_left_out_are_refused(switch, option, value):
    """Else two runs of the same network would carry different names."""
    Experiment.from_preset("quick", **{option: value})
    Experiment.from_preset("quick", **{switch: False})
    with pytest.raises(ValueError, match=f"{option}=.* would do nothing, since {switch} is False"):
        Experiment.from_preset("quick", **{option: value, switch: False})


def test_elementwise_embeddings_need_full_width():
    with pytest.raises(ValueError, match=r"head_width=0\.5 must be 1"):
        Experiment.from_preset("quick", embedding="elementwise")
    Experiment.from_preset("quick", embedding="elementwise", head_width=1)


def test_run_names_tell_experiments_apart():
    quick = Experiment.from_preset("quick")
    assert quick.run_name == "quick-seed0"
    assert Experiment.from_preset("quick", seed=3).run_name == "quick-seed3"
    assert Experiment.from_preset("quick", category="grain", data_root="/x").run_name == (
        "quick-seed0"
    )
    names = {
        Experiment.from_preset("quick", **o).run_name
        for o in ({}, {"max_steps": 5}, {"max_steps": 6}, {"use_fusion": False})
    }
    assert len(names) == 4


def test_an_experiment_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Experiment().seed = 3


def test_what_was_changed_is_told_by_the_presets_values_not_by_the_images_and_the_seed():
    plain = Experiment.from_preset(
        "quick", dataset="mvtec", category="pill", data_root="/x", seed=3
    )
    assert plain.changed == {}
    other = Experiment.from_preset("quick", schedule="constant", max_steps=320)
    assert other.changed == {"schedule": "constant"}


def test_paths_are_taken_as_text_is(tmp_path):
    text = Experiment(dataset="folder", data_root=str(tmp_path), textures=str(tmp_path / "dtd"))
    path = Experiment(dataset="folder", data_root=tmp_path, textures=tmp_path / "dtd")
    assert path == text
    assert path.run_name == text.run_name


@pytest.mark.parametrize("method", ["nearest_patch", "padim", "patchcore", "stfpm", "draem"])
def test_rivals_take_no_options_of_the_network(method):
    Experiment.from_preset("quick", method=method, n_anomalies=0, n_normals=10, image_size=256)
    with pytest.raises(ValueError, match=f"max_steps would do nothing, since method is '{method}'"):
        Experiment.from_preset("quick", method=method, max_steps=5)
    if method in ("stfpm", "draem"):
        Experiment.from_preset("quick", method=method, epochs=5)
    else:
        with pytest.raises(ValueError, match="epochs would do nothing"):
            Experiment.from_preset("quick", method=method, epochs=5)
