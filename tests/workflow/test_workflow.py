"""The batch as a user starts it: real notebooks, papermill and Snakemake, the smallest preset."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import nbformat
import psutil
import pytest
import torch

import one_run
from prn_lib.batch.causes import remedy, unexplained
from prn_lib.batch.plan import Request, plan
from prn_lib.batch.state import is_held
from prn_lib.cli import main
from prn_lib.runs.results import load_result
from prn_lib.runs.running import run

PROJECT = Path(__file__).parents[2]
RUN = "smoke-seed0-*"
FEW = ("--overrides", '{"n_anomalies": 3}')  # as many as the small product has of each type


@pytest.fixture
def checkout(tmp_path):
    """A project folder of its own, so that the batch writes its runs there."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("prn_lib", "workflow", "book", "_toc.yml"):
        source = PROJECT / name
        ignore = shutil.ignore_patterns("_build", "__pycache__", "node_modules")
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        else:
            shutil.copy(source, folder)
    return folder


@pytest.fixture
def lean(checkout):
    """The checkout with a notebook that trains and draws no more: figures are not the point."""
    path = checkout / "book" / "reproduce.ipynb"
    notebook = nbformat.read(path, 4)
    needed = {"parameters", "experiment", "run"}
    notebook.cells = [cell for cell in notebook.cells if cell.id in needed]
    assert len(notebook.cells) == len(needed)
    nbformat.write(notebook, path)
    return checkout


@pytest.fixture
def products(product_root):
    """``product_root`` with the categories of these names, all alike."""

    def make(*names):
        for name in names:
            if not (product_root / name).exists():
                shutil.copytree(product_root / "plate", product_root / name)
        return product_root

    return make


def start(checkout, root, *options):
    """The batch over every category of ``root`` in a process of its own."""
    request = ("reproduce", "--dataset", "mvtec", "--data-root", str(root), "--seeds", "0")
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "prn_lib",
            "tables",
            "run",
            *request,
            "--preset",
            "smoke",
            *FEW,
            *options,
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # What runs behind a shell ignores SIGINT, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def finish(process):
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def the_run(checkout, category):
    (record,) = (checkout / "runs/mvtec" / category).glob(f"{RUN}/result.json")
    return record.parent


def kernels_of(category):
    """The processes that compute a category's run: children of its ``one_run.py``."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if "one_run.py" in words and f'"category": "{category}"' in words:
            with suppress(psutil.Error):  # it may end at any moment
                found += [p for p in process.children(recursive=True) if is_kernel(p)]
    return found


def runs_below(root):
    """The processes that compute a run on the images in ``root``."""
    words = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
    return [told for told in words if "one_run.py" in told and str(root) in told]


def wait_until(holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "still not so"
        time.sleep(0.2)


def is_kernel(process):
    with suppress(psutil.Error):
        return "ipykernel" in " ".join(process.cmdline())
    return False


def test_what_fails_is_named_and_does_not_stop_the_others(checkout, products):
    root = products("broken", "doomed")
    (root / "broken/train/good/001.png").write_bytes(b"not an image")
    process = start(checkout, root, "--tensorboard", "events", "--jobs", "2")
    killed = set()
    while process.poll() is None:  # whenever a kernel works on "doomed", out of memory, so to say
        for kernel in kernels_of("doomed"):
            killed.add(kernel.pid)
            with suppress(psutil.Error):
                kernel.kill()
        time.sleep(0.2)
    status, out, err = finish(process)
    assert status == 1, err
    assert len(killed) == 2  # it was tried once more
    failed = [line for line in err.splitlines() if line.startswith("FAILED ")]
    assert len(failed) == 2
    assert re.match(r"FAILED mvtec/broken/\S+: ValueError: cannot read image .*001.png", failed[0])
    assert "; read " in failed[0]
    assert re.match(r"FAILED mvtec/doomed/\S+: Killed: .*; if memory ran out, .*--jobs", failed[1])
    assert re.search(r"^\| plate ", out, re.MULTILINE)  # the table has the good one
    assert len(list((checkout / "events/mvtec/plate").glob(f"{RUN}/events*"))) == 1
    (notebook,) = (checkout / "runs/mvtec/broken").glob("*.failed.ipynb")
    assert nbformat.read(notebook, 4).metadata.papermill.exception

    folder = the_run(checkout, "plate")
    executed = nbformat.read(folder / "reproduce.ipynb", 4)
    assert not executed.metadata.papermill.exception
    shown = [o for c in executed.cells if c.cell_type == "code" for o in c.outputs]
    assert sum("<img alt=" in o.get("data", {}).get("text/html", "") for o in shown) >= 4

    shutil.copy(root / "plate/train/good/001.png", root / "broken/train/good")
    before = (folder / "result.json").stat().st_mtime_ns
    status, out, err = finish(start(checkout, root, "--categories", "broken,plate"))
    assert status == 0, err
    assert (folder / "result.json").stat().st_mtime_ns == before
    assert all(f"| {name} " in out for name in ("broken", "plate"))
    assert not list((checkout / "runs/mvtec").glob("broken/*.failed.*"))


def test_a_batch_that_is_killed_computes_no_finished_run_again(lean, products, tmp_path):
    names = ["plate", "slab", "tray"]
    root = products(*names)
    draw = random.Random(0)

    def count_records():
        return len(list((lean / "runs/mvtec").glob(f"*/{RUN}/result.json")))

    finished: dict[str, int] = {}
    for there, sent in enumerate((signal.SIGKILL, signal.SIGINT, signal.SIGKILL)):
        process = start(lean, root, "--jobs", "2")
        wait_until(lambda: count_records() >= there or process.poll() is not None, 120)  # noqa: B023
        end = time.monotonic() + draw.uniform(2, 8)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        ended_before = process.poll() is not None
        process.send_signal(sent)
        status, _, err = finish(process)
        if sent == signal.SIGINT and not ended_before:
            assert status == 130
            assert "stopped; give the same command again to go on" in err
        wait_until(lambda: not runs_below(root))  # nothing goes on behind the reader's back
        for record in (lean / "runs/mvtec").glob(f"*/{RUN}/result.json"):
            stamp = record.stat().st_mtime_ns
            assert finished.setdefault(record.parents[1].name, stamp) == stamp
    assert finished  # before the last start
    status, _, err = finish(start(lean, root, "--jobs", "2"))
    assert status == 0, err
    for name, stamp in finished.items():
        assert (the_run(lean, name) / "result.json").stat().st_mtime_ns == stamp
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, os.cpu_count() // 2))  # as the batch does
    for name in names:
        record = load_result(the_run(lean, name))
        never_stopped = run(record.experiment, tmp_path / name)
        assert record.losses == never_stopped.losses
        assert record.metrics == never_stopped.metrics
    torch.set_num_threads(threads)
    assert not list((lean / "runs/mvtec").glob("*/*.unfinished"))


def test_a_full_disk_is_named_with_the_remedy(lean, products):
    (lean / "runs").mkdir()
    size = "size=220m"  # a run leaves 71 MB and needs 191 on the way: room for one, not for two
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(lean / "runs")]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        root = products("slab")
        status, out, err = finish(start(lean, root))
        assert status == 1
        assert ("| plate " in out) + ("| slab " in out) == 1
        (line,) = (line for line in err.splitlines() if line.startswith("FAILED "))
        assert "make room on that disk and start again" in line
        subprocess.run(["mount", "-o", "remount,size=400m", str(lean / "runs")], check=True)
        status, out, err = finish(start(lean, root))
        assert status == 0, err
    finally:
        subprocess.run(["umount", "--lazy", str(lean / "runs")], check=True)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_batch_takes_its_runs_with_it(lean, products, sent):
    """Also runs that would go on for days."""
    root = products()
    process = start(lean, root, "--overrides", '{"n_anomalies": 3, "max_steps": 1000000}')
    lock = "runs/mvtec/plate/*.unfinished/lock"
    wait_until(lambda: list(lean.glob(lock)) or process.poll() is not None, 120)
    assert process.poll() is None
    process.send_signal(sent)
    _, _, err = finish(process)
    assert ("stopped; give the same command again to go on" in err) == (sent == signal.SIGINT)
    wait_until(lambda: not runs_below(root), 10)
    (place,) = lean.glob("runs/mvtec/plate/*.unfinished")
    wait_until(lambda: not is_held(place.with_suffix("")), 10)  # nothing computes it any more


def tables(capsys, *words):
    """``prn tables`` in this process: exit status, output, errors."""
    status = main(["tables", *words])
    return status, *capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("table4", "--dataset", "mini2"), "error: unknown dataset 'mini2'"),
        (("table4", "--data-root", "/none"), "error: no mvtec category found in /none"),
        (("table11",), "error: unknown target 'table11'; known: reproduce, table1"),
        (("table1", "--overrides", '{"epochz": 3}'), "did you mean 'epochs'?"),
        (("table1", "--overrides", "{3"), "error: overrides='{3' is no JSON"),
        (
            ("table1", "--overrides", "[1]"),
            "error: overrides='[1]' holds no options by name",
        ),
        (("table1", "--preset", "slow"), "error: unknown preset 'slow'"),
        (("table1", "--seeds", "0,x"), "error: seeds must be whole numbers"),
        (("table1", "--categories", "plat"), "unknown category of mvtec 'plat'; known: plate"),
        (("figure8", "--data-root", "/none"), "error: no mvtec category found in /none"),
        (
            ("table1", "--overrides", '{"seed": 5}'),
            "overrides has 'seed'; say it by --seeds",
        ),
        (("table1", "--overrides", '{"textures": ""}'), "option textures is empty"),
        (
            ("table7", "--overrides", '{"n_anomalies": 3}'),
            "error: overrides has 'n_anomalies', which the variant 'anomalies_1' sets itself",
        ),
    ],
)
def test_a_wrong_request_ends_in_one_line(options, message, product_root, capsys):
    if "--dataset" not in options and "--data-root" not in options:
        options = (*options, "--data-root", str(product_root))
    status, _, err = tables(capsys, "plan", *options)
    assert status == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_what_make_is_given_reaches_the_batch_as_it_is():
    given = {"DATA_ROOT": "/it's/a folder", "OVERRIDES": '{"textures": "/d\'td"}', "SEEDS": "0, 1"}
    told = [f"{name}={value}" for name, value in given.items()]
    printed = subprocess.run(
        ["make", "--dry-run", "table9", *told], cwd=PROJECT, capture_output=True, text=True
    ).stdout
    (line,) = [line for line in printed.splitlines() if "prn tables" in line]
    words = shlex.split(line)
    for name, value in given.items():
        assert words[words.index(f"--{name.lower().replace('_', '-')}") + 1] == value


def test_a_dry_run_lists_the_runs_and_starts_none(product_root, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("prn_lib.runs.results.project_folder", lambda: tmp_path)
    request = ("table6", "--data-root", str(product_root), "--seeds", "0,1", "--preset", "smoke")
    status, out, _ = tables(capsys, "plan", *request)
    assert status == 0
    assert len(re.findall(r"^waiting  mvtec/plate/smoke-seed", out, re.MULTILINE)) == 8
    assert "(100%" in out
    assert "8 runs: 0 done, 0 running, 0 failed, 8 waiting" in out
    assert re.search(r"^on a GPU at 20 TFLOP/s \(assumed.*: \d+ min$", out, re.MULTILINE)
    assert not list(tmp_path.glob("runs/*"))

    jobs = plan(Request(["table6"], data_root=str(product_root), preset="smoke", seeds=[0, 1]))
    done, broken = jobs[0].folder, jobs[1].folder
    done.mkdir(parents=True)
    (done / "reproduce.ipynb").write_text("{}")
    broken.parent.mkdir(parents=True, exist_ok=True)
    told = {"cause": "ValueError: no", "remedy": "read it"}
    broken.with_name(f"{broken.name}.failed.json").write_text(json.dumps(told))
    status, out, _ = tables(capsys, "status", *request)
    assert "8 runs: 1 done, 0 running, 1 failed, 6 waiting" in out
    assert "ValueError: no; read it" in out


def test_snakemake_itself_knows_the_targets(checkout, product_root):
    words = ["table5", "--cores", "1", "--dry-run", "--config", "seeds=0", "preset=smoke"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", "workflow/Snakefile", *words,
         f"data_root={product_root}"],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ *run +6 *$", done.stdout, re.MULTILINE), done.stdout


def test_each_run_gets_a_gpu_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(one_run, "project_folder", lambda: tmp_path)
    monkeypatch.setattr(one_run, "POLL", 0.05)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)

    @contextmanager
    def take(shown="4,GPU-5"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
        with one_run.own_gpu():
            yield os.environ["CUDA_VISIBLE_DEVICES"]

    with take() as first, ExitStack() as second:
        assert (first, second.enter_context(take())) == ("4", "GPU-5")
        threading.Timer(0.5, second.close).start()
        start = time.monotonic()
        with take() as third:  # waits until one is given back
            assert third == "GPU-5"
        assert time.monotonic() - start > 0.4
        monkeypatch.setenv("SLURM_JOB_ID", "1")
        with take("4") as chosen:  # by the cluster, whatever is locked here
            assert chosen == "4"


def test_causes_have_remedies():
    notebook = Path("x.failed.ipynb")
    assert "smaller batches" in remedy("OutOfMemoryError", "CUDA out of memory.", notebook)
    allocator = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
    assert "fewer runs at once (--jobs)" in remedy("RuntimeError", allocator, notebook)
    full = OSError(28, "No space left on device")
    assert "make room" in remedy("OSError", str(full), notebook)
    assert remedy("ValueError", "no such option", notebook) == "read x.failed.ipynb"
    assert unexplained(0)[0] == "the disk is full"
    assert "killed, cancelled" in unexplained(10**10)[0]


def test_the_notebooks_parameters_are_those_of_a_job(product_root):
    notebook = json.loads((PROJECT / "book/reproduce.ipynb").read_text())
    (cell,) = (c for c in notebook["cells"] if "parameters" in c["metadata"].get("tags", []))
    names = {line.split(" = ")[0] for line in "".join(cell["source"]).splitlines()}
    (job,) = plan(Request(["table1"], data_root=str(product_root), seeds=[0]))
    assert names == {*job.parameters(), "out_dir"}
