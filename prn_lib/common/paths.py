"""Where generated data and finished runs go by default."""

from pathlib import Path


def project_folder() -> Path:
    """The checkout that this library runs from, or else the working folder."""
    checkout = Path(__file__).parents[2]
    return checkout if is_checkout(checkout) else Path.cwd()


def is_checkout(folder: Path) -> bool:
    """Whether a folder is a checkout of the whole project, and not of the library alone."""
    return (folder / "_toc.yml").is_file()
