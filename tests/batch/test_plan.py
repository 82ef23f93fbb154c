"""What a batch plans, counted by hand; and how long it says that it takes."""

import math
import os
from dataclasses import replace

import pytest
import torch

from prn_lib.batch.estimates import ASSUMED_SPEED, Estimates, work
from prn_lib.batch.plan import Finder, Job, Request, left_out, plan
from prn_lib.datasets import DATASETS
from prn_lib.model.costs import costs
from prn_lib.runs.building import build_model
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result

VARIANTS_OF_ABLATIONS = 17  # 7 of Table 4, 5, 3 and 2 more of Tables 5 to 7, all beside PRN's own


@pytest.fixture
def inventory(tmp_path):
    """The folders by which the paper's 29 categories are known, without an image."""
    for dataset, inside in {"mvtec": "train/good", "dagm": "Train", "btad": "train/ok"}.items():
        for category in DATASETS[dataset].published:
            (tmp_path / dataset / category / inside).mkdir(parents=True)
    (tmp_path / "ksdd2/train").mkdir(parents=True)
    for name in ("10000.png", "10000_GT.png"):
        (tmp_path / "ksdd2/train" / name).touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("targets", "runs"),
    [
        (["table1"], 15),
        (["table1", "table2", "table3", "figure6"], 15),
        (["figure8"], 0),
        (["table4"], 15 * 7),
        (["table5"], 15 * 6),
        (["table6"], 15 * 4),
        (["table7"], 15 * 3),
        (["table8"], 10 + 3 + 1),
        (["table8", "table9", "table10"], 14),
        (["all"], 15 * VARIANTS_OF_ABLATIONS + 14),
        (["readings"], 15 * (1 + 10)),
    ],
)
def test_every_run_of_the_tables_is_planned_once(inventory, targets, runs):
    jobs = plan(Request(targets, data_root=inventory, seeds=[0]))
    assert len(jobs) == runs
    assert len({job.folder for job in jobs}) == runs
    assert {job.experiment.preset for job in jobs} <= {"paper"}
    tripled = plan(Request(targets, data_root=inventory))
    assert len(tripled) == 3 * runs
    assert tripled[:runs] == jobs  # the first seed is whole before the second begins


def test_another_dataset_stands_in_for_the_papers(inventory):
    jobs = plan(Request(["table1"], dataset="btad", data_root=inventory, seeds=[4]))
    assert [job.experiment.category for job in jobs] == ["01", "02", "03"]
    assert {job.experiment.seed for job in jobs} == {4}
    assert all(job.experiment.data_root == f"{inventory}/btad" for job in jobs)
    inside = plan(Request(["table1"], dataset="btad", data_root=f"{inventory}/btad", seeds=[4]))
    assert inside == jobs  # the dataset's own folder may be named too


def test_some_categories_and_options(inventory):
    request = Request(
        ["table4"], data_root=inventory, categories=["screw"], overrides={"max_steps": 7}
    )
    jobs = plan(request)
    assert len(jobs) == 7 * 3
    assert {job.experiment.max_steps for job in jobs} == {7}
    unet = next(job for job in jobs if job.variant == "unet")
    e = unet.experiment
    assert (e.use_prototypes, e.use_attention, e.use_fusion) == (False, False, False)
    told = unet.parameters("events")
    assert told["overrides"] == {
        "max_steps": 7, "use_prototypes": False, "use_attention": False, "use_fusion": False
    }  # fmt: skip
    assert told["tensorboard"] == f"events/{unet.name}"
    named = ("dataset", "category", "data_root", "seed")
    again = Experiment.from_preset(
        told["preset"], **{name: told[name] for name in named}, **told["overrides"]
    )
    assert again == e


def test_what_a_preset_does_not_allow_is_left_out_and_told():
    request = Request(["readings"], dataset="mini", seeds=[0])
    assert len(plan(request)) == 3 * (1 + 9)
    assert left_out(request) == [
        "left out: layer 4 trained on mini, which preset quick does not allow"
    ]
    papers = replace(request, overrides={"encoder": "resnet18"})
    assert len(plan(papers)) == 3 * (1 + 10)
    assert left_out(papers) == []
    with pytest.raises(ValueError, match="n_anomalies"):  # the request's own fault
        plan(Request(["table7"], dataset="mini", overrides={"n_anomalies": 3}))


def test_a_job_is_found_again_by_its_folder(inventory):
    request = Request(["table5"], data_root=inventory, seeds=[0, 2])
    finder = Finder(request)
    for job in plan(request):
        assert finder.find(*job.name.split("/")) == job
    with pytest.raises(ValueError, match=r"no variant with the seeds \[0, 2\] makes a run named"):
        finder.find("mvtec", "screw", "paper-seed1")
    few = replace(request, targets=["table1"], overrides={"n_anomalies": 3})
    (job,) = [j for j in plan(few) if j.name.startswith("mvtec/screw/") and "seed2" in j.name]
    assert Finder(few).find(*job.name.split("/")) == job  # though Table 7 could not be run so


SMALL = Experiment.from_preset("smoke", category="button")


def test_the_work_of_a_run_is_counted():
    network = build_model(SMALL, torch.zeros(20, 3, 64, 64, dtype=torch.uint8))
    forward = costs(network, (1, 3, 64, 64)).flops
    assert work(SMALL, 60, 40) == pytest.approx(forward * (3 * 3 * 4 + 40), rel=0.01)
    longer = replace(SMALL, max_steps=6)
    assert work(longer, 60, 40) - work(SMALL, 60, 40) == pytest.approx(
        forward * 3 * 3 * 4, rel=0.01
    )


def past(experiment, seconds, hardware="this machine", threads=None):
    split = {"train_normals": ["a"] * 60, "test": ["b"] * 40}
    made = {"hardware": hardware, "seconds": {"train": seconds - 1, "test": 1}}
    made["threads"] = threads or os.cpu_count()
    return Result(experiment, {}, [], [], split, [], made, None)


def test_times_follow_from_past_runs_on_the_same_hardware():
    bottle = DATASETS["mvtec"].published["bottle"]
    e = replace(SMALL, dataset="mvtec", category="bottle")
    counts = (bottle.normals, bottle.test_normals + sum(bottle.anomalies.values()) - 10)
    records = [past(SMALL, s) for s in (10.0, 20.0, 1000.0)] + [past(SMALL, 1.0, "another")]
    estimates = Estimates(records, "this machine", on_gpu=False)
    assert estimates.measured
    speed = work(SMALL, 60, 40) / 20.0  # the median
    job = Job(e, "prn")
    assert estimates.seconds(job) == pytest.approx(work(e, *counts) / speed)
    other = Job(Experiment(dataset="mvtec", category="bottle"), "prn")  # no run of that preset
    assert estimates.seconds(other) == pytest.approx(work(other.experiment, *counts) / speed)


def test_a_run_on_some_of_the_threads_left_the_others_to_other_runs():
    job = Job(SMALL, "prn")
    whole = Estimates([past(SMALL, 10.0)], "this machine", on_gpu=False)
    shared = Estimates([past(SMALL, 10.0 * os.cpu_count(), threads=1)], "this machine", False)
    assert shared.seconds(job) == pytest.approx(whole.seconds(job))
    on_gpu = Estimates([past(SMALL, 10.0, threads=1)], "this machine", on_gpu=True)
    assert on_gpu.seconds(job) == pytest.approx(whole.seconds(job))


def test_without_past_runs_only_a_gpus_speed_is_assumed():
    job = Job(Experiment(dataset="mvtec", category="bottle"), "prn")
    unknown = Estimates([], "this machine", on_gpu=False)
    assert not unknown.measured
    assert unknown.seconds(job) is None
    assumed = Estimates([past(SMALL, 1.0, "another")], "a GPU", on_gpu=True)
    assert not assumed.measured
    assert assumed.seconds(job) == pytest.approx(assumed.work(job) / ASSUMED_SPEED)


def test_every_option_that_changes_the_networks_size_is_counted():
    """One by one: where the operations of an image change, the estimate knows the option."""
    other = {
        "encoder": "efficientnet_lite0", "use_prototypes": False, "use_attention": False,
        "use_fusion": False, "shared_fusion": True, "attention_blocks": 2, "head_width": 0.5,
        "residual_block": "basic", "embedding": "elementwise", "image_size": 96,
        "train_layer4": True, "residual": "squared",
        "attention_scale": "sqrt",
    }  # fmt: skip
    usual = Experiment(image_size=64, attention_blocks=1)  # quickly built
    before = work(usual, 60, 40)
    for name, value in other.items():
        changed = replace(usual, **{name: value})
        normals = torch.zeros(4, 3, changed.image_size, changed.image_size, dtype=torch.uint8)
        model = build_model(replace(changed, weights="random", kmeans_iterations=1), normals)
        flops = costs(model, (1, 3, changed.image_size, changed.image_size)).flops
        steps = 3 * 64 * math.ceil(700 * 60 / 32)
        assert work(changed, 60, 40) == flops * (steps + 40), name
    assert before == work(usual, 60, 40)


def test_a_category_that_cannot_be_read_has_no_estimate(tmp_path):
    job = Job(replace(SMALL, dataset="folder", data_root=str(tmp_path), category="x"), "prn")
    assert Estimates([past(SMALL, 1.0)], "this machine", on_gpu=False).seconds(job) is None
