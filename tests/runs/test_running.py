import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from conftest import save_image, save_mask
from prn_lib.evaluation.metrics import evaluate
from prn_lib.runs import results
from prn_lib.runs import running as run
from prn_lib.runs.building import read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.scoring import predict


@pytest.fixture
def experiment(product_root):
    return Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3
    )


@pytest.fixture
def finished(experiment, tmp_path):
    return run.run(experiment, tmp_path / "runs" / "a")


def comparable(folder):
    record = json.loads((folder / "result.json").read_text())
    return {name: value for name, value in record.items() if name != "provenance"}


def test_the_record_tells_everything(finished, experiment):
    record = json.loads((finished.folder / "result.json").read_text())
    assert record["experiment"] == dataclasses.asdict(experiment)
    assert set(record["metrics"]) == {"image_auroc", "pixel_auroc", "pro", "pixel_ap"}
    assert len(record["scores"]) == len(record["split"]["test"]) == 8
    assert len(record["losses"]) == 3
    assert not set(record["split"]["train_anomalies"]) & set(record["split"]["test"])
    provenance = record["provenance"]
    assert provenance["versions"]["torch"] == torch.__version__
    assert set(provenance["seconds"]) == {"prepare", "train", "test"}
    assert {"date", "commit", "hardware", "threads"} <= set(provenance)


def test_metrics_follow_from_the_saved_maps(finished, experiment):
    category = read_category(experiment)
    _, masks = category.load(category.test, experiment.image_size)
    maps = finished.score_maps()
    scores = np.sort(maps.reshape(len(maps), -1))[:, -experiment.top_k :].mean(1)
    assert np.allclose(scores, [entry["score"] for entry in finished.scores], atol=1e-6)
    labels = np.array([sample.is_anomaly for sample in category.test])
    again = evaluate(scores, labels, maps, masks[:, 0].numpy())
    assert again == pytest.approx(finished.metrics, abs=1e-9)


def test_same_seed_same_result_twice(experiment, finished, tmp_path):
    second = run.run(experiment, tmp_path / "runs" / "b")
    assert comparable(finished.folder) == comparable(second.folder)
    assert np.array_equal(finished.score_maps(), second.score_maps())
    first_weights = load_file(finished.folder / "model.safetensors")
    second_weights = load_file(second.folder / "model.safetensors")
    assert all(torch.equal(first_weights[n], second_weights[n]) for n in first_weights)


def test_a_finished_run_is_read_not_computed(experiment, finished, monkeypatch):
    monkeypatch.setattr(run, "_compute", None)
    again = run.run(experiment, finished.folder)
    assert again.metrics == finished.metrics


def test_images_may_move_but_not_change(experiment, finished, product_root):
    elsewhere = product_root.rename(product_root.with_name("elsewhere"))
    moved = dataclasses.replace(experiment, data_root=str(elsewhere))
    assert run.run(moved, finished.folder).metrics == finished.metrics
    mask = next((elsewhere / "plate/ground_truth/cut").iterdir())
    save_mask(mask, (1, 1, 40, 40))
    with pytest.raises(FileExistsError, match=r"on other files .* not the same: (test|train_an)"):
        run.run(moved, finished.folder)


def test_a_run_of_another_experiment_is_refused_and_kept(experiment, finished):
    other = dataclasses.replace(experiment, seed=1, max_steps=2)
    before = (finished.folder / "result.json").read_bytes()
    with pytest.raises(FileExistsError, match=r"differs in seed \(0 there, 1 here\), max_steps"):
        run.run(other, finished.folder)
    assert (finished.folder / "result.json").read_bytes() == before


def test_a_folder_with_other_files_is_refused(experiment, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep me")
    with pytest.raises(FileExistsError, match="holds no finished run; delete it or choose"):
        run.run(experiment, tmp_path / "mine")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep me"


def test_a_run_interrupted_while_it_is_written_leaves_no_half(experiment, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "save_file", stop)
    with pytest.raises(KeyboardInterrupt):
        run.run(experiment, tmp_path / "runs" / "a")
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["a.unfinished"]
    kept = {path.name for path in (tmp_path / "runs" / "a.unfinished").iterdir()}
    assert kept == {"checkpoint.safetensors", "lock"}


def test_a_run_that_fails_before_its_first_step_leaves_nothing(experiment, tmp_path):
    wrong = dataclasses.replace(experiment, weights=str(tmp_path / "nowhere.pth"))
    with pytest.raises(FileNotFoundError):
        run.run(wrong, tmp_path / "runs" / "a")
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_damaged_record_is_named(finished):
    (finished.folder / "result.json").write_text('{"experiment": {"sead": 1}}')
    with pytest.raises(ValueError, match=r"result\.json is not a run record .*delete"):
        results.load_result(finished.folder)
    with pytest.raises(FileNotFoundError, match="holds no finished run"):
        results.load_result(finished.folder / "nowhere")


@pytest.mark.parametrize("use_prototypes", [True, False])
def test_the_saved_model_gives_the_saved_maps(experiment, tmp_path, use_prototypes):
    experiment = dataclasses.replace(experiment, use_prototypes=use_prototypes)
    result = run.run(experiment, tmp_path / "run")
    category = read_category(experiment)
    images, _ = category.load(category.test, experiment.image_size)
    maps, _ = predict(results.load_model(result.folder), images, top_k=1)
    assert np.allclose(maps.numpy(), result.score_maps(), atol=1e-5)


def test_weights_of_another_version_are_named(finished):
    path = finished.folder / "model.safetensors"
    state = load_file(path)
    save_file({name: t for name, t in state.items() if "decoder" not in name}, path)
    with pytest.raises(ValueError, match=r"model\.safetensors .* Missing key.*decoder.*delete"):
        results.load_model(finished.folder)
    path.write_bytes(b"cut short")
    with pytest.raises(ValueError, match=r"model\.safetensors does not hold the weights"):
        results.load_model(finished.folder)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors is missing"):
        results.load_model(finished.folder)


def test_a_device_that_is_not_there_is_not_blamed_on_the_weights(finished):
    with pytest.raises(RuntimeError, match="nonsense"):
        results.load_model(finished.folder, "nonsense")
    assert results.load_model(finished.folder).has_prototypes


def test_nothing_is_chosen_on_the_test_set(experiment, product_root, tmp_path):
    """Whatever the test images and masks are, the trained weights are the same, bit for bit.

    The other public implementation keeps the epoch that scores best on the test set.
    """
    first = run.run(experiment, tmp_path / "a")
    for i, sample in enumerate(read_category(experiment).test):
        save_image(sample.image, 900 + i)
    second = run.run(experiment, tmp_path / "b")
    assert first.scores != second.scores
    weights = [load_file(r.folder / "model.safetensors") for r in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert first.losses == second.losses


def test_masks_that_vanish_are_reported(experiment, product_root, tmp_path):
    for i in range(4):
        save_mask(product_root / f"plate/ground_truth/cut/{i:03d}_mask.png", (1, 1, 2, 2))
    result = run.run(dataclasses.replace(experiment, extended=False), tmp_path / "run")
    tested = [name for name in result.split["test"] if "cut" in name]
    assert tested
    assert any(name in note for note in result.notes for name in tested)


def test_finished_runs_are_found_below_a_folder(finished):
    assert [r.folder for r in results.find_results(finished.folder.parent)] == [finished.folder]


def test_a_method_that_learns_nothing_leaves_the_same_kind_of_record(product_root, tmp_path):
    told = {"dataset": "mvtec", "category": "plate", "data_root": str(product_root)}
    rival = Experiment.from_preset("smoke", method="nearest_patch", n_anomalies=3, **told)
    result = run.run(rival, tmp_path / "rival")
    prn = run.run(Experiment.from_preset("smoke", n_anomalies=3, **told), tmp_path / "prn")
    assert result.losses == []
    assert result.split == prn.split
    assert set(result.metrics) == set(prn.metrics)
    assert comparable(tmp_path / "rival").keys() == comparable(tmp_path / "prn").keys()
    category = read_category(rival)
    images, _ = category.load(category.test, rival.image_size)
    maps, scores = predict(results.load_model(tmp_path / "rival"), images, top_k=rival.top_k)
    np.testing.assert_allclose(maps, result.score_maps(), atol=1e-6)
    np.testing.assert_allclose(scores, [s["score"] for s in result.scores], atol=1e-6)
    assert run.run(rival, tmp_path / "rival").metrics == result.metrics  # read again
    again = run.run(rival, tmp_path / "again")
    assert again.scores == result.scores


@pytest.mark.parametrize("option", [{"max_steps": 9}, {"use_prototypes": False}, {"epochs": 3}])
def test_options_of_what_is_not_learnt_are_refused(option):
    (name,) = option
    with pytest.raises(ValueError, match=f"{name} would do nothing, since method is"):
        Experiment.from_preset("quick", method="nearest_patch", **option)
