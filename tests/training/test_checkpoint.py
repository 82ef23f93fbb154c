"""Runs that are stopped, killed, or short of disk: nothing is lost, and nothing is different."""

import dataclasses
import json
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import time

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from prn_lib.runs import running as run
from prn_lib.runs.experiment import Experiment
from prn_lib.training import checkpoint

KILLS = 20
STEPS = 12


@pytest.fixture
def experiment(product_root):
    return Experiment.from_preset(
        "smoke",
        dataset="mvtec",
        category="plate",
        data_root=str(product_root),
        n_anomalies=3,
        max_steps=STEPS,
    )


def comparable(folder):
    record = json.loads((folder / "result.json").read_text())
    return {name: value for name, value in record.items() if name != "provenance"}


def assert_same_run(one, other):
    assert comparable(one) == comparable(other)
    ours, theirs = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    maps = [np.load(folder / "scores.npz")["score_maps"] for folder in (one, other)]
    assert np.array_equal(*maps)


def unfinished(folder):
    return folder.with_name(folder.name + ".unfinished")


def stop_after(steps, monkeypatch):
    """Have the next run interrupted after so many steps of its own, having saved each."""
    done = []
    save = checkpoint.Checkpoint.save

    def save_and_stop(self, training):
        save(self, training)
        done.append(1)
        if len(done) == steps:
            raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint.Checkpoint, "save", save_and_stop)


def compute(experiment, folder, ready):
    """In a process of its own; one thread, as in the run that it is compared with."""
    torch.set_num_threads(1)
    ready.set()
    run.run(experiment, folder, checkpoint_seconds=0)


def wait_for_a_checkpoint(path, process):
    """Until there is another one than now, or the process has ended."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    while process.is_alive() and (not path.exists() or path.stat().st_mtime_ns == before):
        time.sleep(0.002)


def test_killed_at_random_moments_a_run_ends_as_if_never_stopped(experiment, tmp_path):
    """``kill -9``, 20 times and more, anywhere: reading, training, writing a checkpoint, scoring.

    Every other process is first let get to a new checkpoint, so that the run advances however slow
    the machine is; the others die anywhere from their start on.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["prn_lib.runs.running"])
    rng = random.Random(0)

    def start(folder):
        ready = context.Event()
        process = context.Process(target=compute, args=(experiment, folder, ready))
        process.start()
        assert ready.wait(120)
        return process

    whole = tmp_path / "whole"
    begun = time.monotonic()
    process = start(whole)
    process.join()
    assert process.exitcode == 0
    duration = min(time.monotonic() - begun, 10)  # seconds; a busy machine kills as often
    kills, resumed, finished = 0, 0, []
    folder = tmp_path / "killed-0"
    while kills < KILLS or unfinished(folder).exists():
        process = start(folder)
        if kills < KILLS:
            if kills % 2:
                wait_for_a_checkpoint(unfinished(folder) / "checkpoint.safetensors", process)
            process.join(rng.uniform(0, 0.25 * duration))
        else:
            process.join()
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            kills += 1
            assert not folder.exists() or (folder / "result.json").is_file()
        if (folder / "result.json").is_file():
            run.run(experiment, folder)  # whatever the killed process left beside it is tidied up
            record = json.loads((folder / "result.json").read_text())
            resumed += len(record["provenance"].get("sessions", [0])) - 1
            assert_same_run(folder, whole)
            finished.append(folder)
            folder = tmp_path / f"killed-{len(finished)}"
    assert resumed > 0
    left = {path.name for path in tmp_path.iterdir()} - {"products", "whole"}
    assert left == {folder.name for folder in finished}


def test_killed_in_the_middle_of_writing_the_last_checkpoint_stays(experiment, tmp_path):
    """The process dies when a part of the file has been written, before it has its name."""
    folder = tmp_path / "a"
    script = f"""
import os, signal, sys
from prn_lib.training import checkpoint
from prn_lib.common import files
from prn_lib.runs import running as run
from prn_lib.runs.experiment import Experiment
saves = []
def save_a_part(state, path, header):
    save_file(state, path, header)
    saves.append(1)
    if len(saves) == 3:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
save_file, checkpoint.save_file = checkpoint.save_file, save_a_part
run.run(Experiment(**{dataclasses.asdict(experiment)!r}), {str(folder)!r}, checkpoint_seconds=0)
"""
    done = subprocess.run([os.sys.executable, "-c", script], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    place = unfinished(folder)
    assert len(list(place.glob(".checkpoint*"))) == 1  # the torn draft
    with safe_open(place / "checkpoint.safetensors", "pt") as file:
        assert len(json.loads(file.metadata()["prn"])["losses"]) == 2
    result = run.run(experiment, folder)
    assert [s["from_step"] for s in result.provenance["sessions"]] == [0, 2]
    assert not place.exists()


def test_a_stopped_run_goes_on_and_tells_its_sessions(experiment, tmp_path, monkeypatch):
    whole = run.run(experiment, tmp_path / "whole")
    assert "sessions" not in whole.provenance
    for _ in range(2):
        with monkeypatch.context() as patch:
            stop_after(4, patch)
            with pytest.raises(KeyboardInterrupt):
                run.run(experiment, tmp_path / "a", checkpoint_seconds=0)
        assert not (tmp_path / "a").exists()
    resumed = run.run(experiment, tmp_path / "a")
    assert [session["from_step"] for session in resumed.provenance["sessions"]] == [0, 4, 8]
    assert_same_run(tmp_path / "a", tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "products", "whole"]


def test_a_trained_run_is_not_trained_again_to_be_judged(experiment, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(run, "judge", None)
        with pytest.raises(TypeError):
            run.run(experiment, tmp_path / "a")
    monkeypatch.setattr(run.Training, "step", None)
    assert len(run.run(experiment, tmp_path / "a").losses) == STEPS


@pytest.fixture
def stopped(experiment, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(4, patch)
        with pytest.raises(KeyboardInterrupt):
            run.run(experiment, tmp_path / "a", checkpoint_seconds=0)
    return tmp_path / "a"


def test_a_checkpoint_of_another_experiment_is_refused_and_kept(experiment, stopped):
    path = unfinished(stopped) / "checkpoint.safetensors"
    before = path.read_bytes()
    other = dataclasses.replace(experiment, learning_rate=0.5, seed=3)
    with pytest.raises(
        FileExistsError,
        match=r"another experiment, which differs in seed \(0 there, 3 here\), "
        r"learning_rate \(0.001 there, 0.5 here\); .*delete .*a\.unfinished",
    ):
        run.run(other, stopped)
    assert path.read_bytes() == before


def test_a_checkpoint_on_other_images_is_refused(experiment, stopped):
    from conftest import save_image

    save_image(stopped.parent / "products/plate/test/good/099.png", 77)
    with pytest.raises(FileExistsError, match="of a run on other files than there are now: test;"):
        run.run(experiment, stopped)


@pytest.mark.parametrize("damage", ["cut", "other", "nothing in it"])
def test_a_damaged_checkpoint_is_named_with_the_remedy(experiment, stopped, damage):
    path = unfinished(stopped) / "checkpoint.safetensors"
    content = path.read_bytes()
    if damage == "other":
        checkpoint.save_file({"a": torch.zeros(1)}, path, {"prn": "{}"})
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors is no checkpoint .*; delete"):
        run.run(experiment, stopped)
    assert path.exists()


def test_two_processes_do_not_compute_one_run(experiment, tmp_path, monkeypatch):
    """Another one is refused while this one works, and leaves it alone; spellings do not matter."""
    script = f"""
from prn_lib.runs import running as run
from prn_lib.runs.experiment import Experiment
run.run(Experiment(**{dataclasses.asdict(experiment)!r}), "products/../a")
"""
    judge = run.judge

    def meanwhile(setup):
        command = [os.sys.executable, "-c", script]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert "FileExistsError: another process is computing" in done.stderr
        return judge(setup)

    monkeypatch.setattr(run, "judge", meanwhile)
    run.run(experiment, tmp_path / "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "products"]


def test_a_folder_that_is_filled_meanwhile_costs_no_training(experiment, tmp_path, monkeypatch):
    judge = run.judge

    def meanwhile(setup):
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "notes.txt").write_text("mine")
        return judge(setup)

    with monkeypatch.context() as patch:
        patch.setattr(run, "judge", meanwhile)
        with pytest.raises(OSError, match="the trained network is kept in"):
            run.run(experiment, tmp_path / "a")
    assert (unfinished(tmp_path / "a") / "checkpoint.safetensors").is_file()
    (tmp_path / "a" / "notes.txt").unlink()
    monkeypatch.setattr(run.Training, "step", None)
    assert len(run.run(experiment, tmp_path / "a").losses) == STEPS


@pytest.mark.skipif(os.getuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_cannot_be_made_is_named(experiment, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OSError, match=r"cannot make the folder .*choose another folder \(--out\)"):
        run.run(experiment, tmp_path / "locked" / "a")


def test_a_folder_below_a_file_is_named(experiment, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot make the folder .*choose another folder \(--out\)"):
        run.run(experiment, tmp_path / "file" / "a")


def test_checkpoints_are_as_far_apart_as_asked(experiment, tmp_path, monkeypatch):
    """One a step with 0 seconds; with an hour only the one at the end."""
    counts = []
    for seconds in (0, 3600):
        written = []
        save_file = checkpoint.save_file
        with monkeypatch.context() as patch:
            patch.setattr(
                checkpoint, "save_file", lambda *a, to=written, by=save_file: to.append(by(*a))
            )
            run.run(experiment, tmp_path / f"every-{seconds}", checkpoint_seconds=seconds)
        counts.append(len(written))
    assert counts == [STEPS, 1]


def test_time_in_earlier_sessions_counts(experiment, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(4, patch)
        clock = checkpoint.Checkpoint.seconds
        patch.setattr(checkpoint.Checkpoint, "seconds", lambda self: 1000 + clock(self))
        with pytest.raises(KeyboardInterrupt):
            run.run(experiment, tmp_path / "a", checkpoint_seconds=0)
    seconds = run.run(experiment, tmp_path / "a").provenance["seconds"]
    assert 1000 < seconds["train"] < 1060
    assert seconds["prepare"] < 60
    assert seconds["test"] < 60


def test_who_trained_no_step_is_not_told(experiment, tmp_path, monkeypatch):
    """Three sessions, of which the second ends before its first step and the last only judges."""
    with monkeypatch.context() as patch:
        stop_after(STEPS, patch)
        with pytest.raises(KeyboardInterrupt):
            run.run(experiment, tmp_path / "a", checkpoint_seconds=0)
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(run, "judge", None)
            with pytest.raises(TypeError):
                run.run(experiment, tmp_path / "a")
    assert "sessions" not in run.run(experiment, tmp_path / "a").provenance


@pytest.fixture
def full_disk(monkeypatch):
    """From now on no file can be larger than 8 MB, less than a checkpoint needs."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 * 2**20, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_loses_nothing_that_was_saved(experiment, stopped, full_disk):
    path = unfinished(stopped) / "checkpoint.safetensors"
    before = path.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    full_disk()
    with pytest.raises(OSError, match=r"could not be written .*the last one is kept\. Make room"):
        run.run(experiment, stopped, checkpoint_seconds=0)
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["checkpoint.safetensors", "lock"]
    assert len(run.run(experiment, stopped).losses) == STEPS


def test_a_disk_that_is_full_at_the_end_keeps_the_training(
    experiment, tmp_path, full_disk, monkeypatch
):
    judge = run.judge
    monkeypatch.setattr(run, "judge", lambda setup: (judge(setup), full_disk())[0])
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(OSError, match=r"could not be written .*the trained network is kept in"):
        run.run(experiment, tmp_path / "a")
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert not (tmp_path / "a").exists()
    monkeypatch.setattr(run.Training, "step", None)
    monkeypatch.setattr(run, "judge", judge)
    assert len(run.run(experiment, tmp_path / "a").losses) == STEPS


def test_a_diverged_run_keeps_its_batch(experiment, tmp_path, monkeypatch):
    step = run.Training.step

    def diverge(self, images, masks):
        told = step(self, images, masks)
        return told * (torch.nan if len(self.losses) == 2 else 1)

    monkeypatch.setattr(run.Training, "step", diverge)
    with pytest.raises(RuntimeError, match=r"step 2 with seed 0: .* are in .*diverged-step2"):
        run.run(experiment, tmp_path / "a")
    folder = unfinished(tmp_path / "a") / "diverged-step2"
    told = json.loads((folder / "batch.json").read_text())
    batch = load_file(folder / "batch.safetensors")
    assert (told["step"], told["seed"]) == (2, 0)
    assert len(told["images"]) == len(batch["images"]) == len(batch["masks"]) == 4
    assert batch["masks"][:2].sum() == 0  # the normals
    assert batch["masks"][2:].sum() > 0


def test_a_diverged_run_whose_batch_cannot_be_kept_still_says_why(
    experiment, tmp_path, monkeypatch
):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "save_file", full)
    wild = dataclasses.replace(experiment, learning_rate=1e30)
    with pytest.raises(
        RuntimeError, match=r"diverged at step \d .* lost, for they .*No space left"
    ):
        run.run(wild, tmp_path / "a")
    assert not unfinished(tmp_path / "a").exists()


def test_weights_lost_in_the_last_step_are_seen(experiment, tmp_path):
    """Loss and gradient of that step are still finite, and no broken state is kept."""
    wild = dataclasses.replace(experiment, learning_rate=1e38, max_steps=1)
    with pytest.raises(
        RuntimeError, match=r"step 0 with seed 0: the loss is 0\.\d+, .* weight (nan|inf);"
    ):
        run.run(wild, tmp_path / "a", checkpoint_seconds=0)
    assert not (unfinished(tmp_path / "a") / "checkpoint.safetensors").exists()


def test_events_that_cannot_be_written_are_refused_at_once(experiment, tmp_path):
    pytest.importorskip("tensorboard", reason="needs the package tensorboard")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="is a file; name a folder"):
        run.run(experiment, tmp_path / "a", tensorboard=tmp_path / "file")
    with pytest.raises(ValueError, match="lies in the run's own folder"):
        run.run(experiment, tmp_path / "a", tensorboard=tmp_path / "a" / "events")


def test_tensorboard_events_follow_the_losses_over_a_stop(experiment, tmp_path, monkeypatch):
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator",
        reason="needs the package tensorboard",
    )
    with monkeypatch.context() as patch:
        stop_after(4, patch)
        with pytest.raises(KeyboardInterrupt):
            run.run(
                experiment, tmp_path / "a", checkpoint_seconds=0, tensorboard=tmp_path / "events"
            )
    result = run.run(experiment, tmp_path / "a", tensorboard=tmp_path / "events")
    events = accumulator.EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "gradient norm", "images a second"}
    told = events.Scalars("loss")
    assert [event.step for event in told] == list(range(1, STEPS + 1))
    assert [event.value for event in told] == pytest.approx(result.losses)
