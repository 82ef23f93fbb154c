"""Where generated data and finished runs go by default."""

from pathlib import Path


def project_folder() -> Path:
    """The checkout that this library runs from, or else the working folder."""
    checkout = Path(__file__).parents[2]
    return checkout if (checkout / "_toc.yml").is_file() else Path.cwd()
