"""List, check and download datasets: ``python -m prn_lib.datasets --help``."""

import argparse
import shlex
import sys
from pathlib import Path

from prn_lib.datasets import DATASETS, find_dataset, find_root, overview
from prn_lib.datasets.check import check
from prn_lib.datasets.dataset import Dataset
from prn_lib.datasets.download import DownloadError, download, verify
from prn_lib.datasets.unpack import unpack

KNOWN = ", ".join(DATASETS)


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if all is well, 1 if a person must act, 2 if the request itself is wrong."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "list":
            print(overview().to_string(index=False))
            return 0
        dataset = find_dataset(options.dataset)
        if options.command == "check":
            return _check(dataset, find_root(dataset, options.root))
        root = Path(options.root or dataset.default_root).expanduser()
        return _get(dataset, root, options.archive, options.accept_licence)
    except KeyboardInterrupt:
        print("\nstopped; what was downloaded is kept, run the same command to go on")
        return 130
    except DownloadError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prn_lib.datasets", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every dataset: counts, licence, how to get it")
    checking = commands.add_parser("check", help="read a copy whole and name what is wrong with it")
    getting = commands.add_parser("get", help="download a dataset, or say how to get it")
    for command in (checking, getting):
        command.add_argument("--dataset", required=True, help=KNOWN)
        command.add_argument("--root", help="folder of its images; default data/<dataset>")
    getting.add_argument("--archive", type=Path, help="unpack this file, which you downloaded")
    getting.add_argument(
        "--accept-licence", action="store_true", help="do not ask; you have read and accept it"
    )
    return parser


def _check(dataset: Dataset, root: Path) -> int:
    print(f"{dataset.title} in {root}")
    report = check(dataset, root)
    if not report.table.empty:
        print(f"\n{report.table.to_string(index=False)}")
    for title, sentences in (("worth knowing", report.notes), ("TROUBLE", report.troubles)):
        if sentences:
            print(f"\n{title}:")
            print(*(f"  {sentence}" for sentence in sentences), sep="\n")
    print("\nthis copy is not whole" if report.troubles else "\nno trouble found")
    return 1 if report.troubles else 0


def _get(dataset: Dataset, root: Path, given: Path | None, accepted: bool) -> int:
    if root.is_dir() and dataset.categories(root):
        print(f"{dataset.title} is already in {root}; 'check' tells whether it is whole")
        return 0
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DownloadError(f"{root} exists and is not {dataset.title}; choose another --root")
    if given is not None and dataset.archive is None:
        raise ValueError(f"no checksum of an archive of {dataset.key} is known; unpack it by hand")
    _introduce(dataset, root)
    if dataset.generate is not None:
        dataset.generate(root)
    elif dataset.archive is not None and (given is not None or dataset.archive.url is not None):
        if given is None:
            if not (accepted or _accepts()):
                print("nothing was downloaded")
                return 1
            archive = download(dataset.archive, root.parent)
        else:
            archive = given.expanduser()
            verify(dataset.archive, archive)
        unpack(archive, dataset, root)
        if given is None:
            archive.unlink()
    else:
        return _explain(dataset, root)
    print(f"ready in {root}")
    return 0


def _introduce(dataset: Dataset, root: Path) -> None:
    print(dataset.title)
    print(f"  licence   {dataset.licence}")
    if dataset.page:
        print(f"  page      {dataset.page}")
    if dataset.archive is not None:
        print(f"  archive   {dataset.archive.name}, {dataset.archive.size / 1e6:,.0f} MB")
        print(f"  from      {dataset.archive.url or 'that page, by a form'}")
        print(f"  checksum  {dataset.archive.checksum}")
    print(f"  goes to   {root}")


def _accepts() -> bool:
    try:
        return input("Type yes to accept the licence and start: ").strip().lower() == "yes"
    except EOFError:
        print("\nno answer; --accept-licence accepts without being asked")
        return False


def _explain(dataset: Dataset, root: Path) -> int:
    where = shlex.quote(str(root))
    command = f"{sys.executable} -m prn_lib.datasets {{}} --dataset {dataset.key} --root {where}"
    steps = [step.format(root=where) for step in dataset.steps]
    if dataset.archive is not None:
        steps.append(f"Run: {command.format('get')} --archive <the downloaded file>")
    steps.append(f"Run: {command.format('check')}")
    print("\nA person must do this:")
    print(*(f"  {number}. {step}" for number, step in enumerate(steps, start=1)), sep="\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
