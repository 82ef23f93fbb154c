"""Make ``import torchvision`` work beside a CPU build of torch.

torchvision's compiled library is built for one torch build only. A CUDA build of torchvision beside
a CPU build of torch cannot load it, and ``import torchvision`` then ends in ``operator
torchvision::nms does not exist``, although nothing that this project uses needs that library.
Declaring the two missing operator schemas first is enough: models and their weights,
``transforms.v2``, and the losses then work. ``ops.nms`` and ``io.decode_image`` stay unavailable.

Where the compiled library loads, or torch is itself a CUDA build, nothing is declared.
``import prn_lib`` has this done when torchvision is first imported, and imports neither of them.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_OPERATORS = ("nms", "qnms")


def _compiled_library_loads() -> bool:
    import torch

    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True  # not installed: let the import itself say so
    libraries = list(Path(spec.origin).parent.glob("_C*.so"))
    libraries += list(Path(spec.origin).parent.glob("_C*.pyd"))
    for library in libraries:
        try:
            torch.ops.load_library(str(library))
            return True
        except OSError:
            continue
    return False


def is_needed() -> bool:
    """Whether torchvision's compiled library cannot be loaded beside this torch."""
    import torch

    return torch.version.cuda is None and not _compiled_library_loads()


def declare_missing_operators() -> "torch.library.Library | None":
    """Declare torchvision's operator schemas where its compiled library cannot provide them.

    Returns the library object that keeps the declarations alive, or ``None`` if nothing was needed.
    """
    if not is_needed():
        return None
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in _OPERATORS:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


class _BeforeTorchvision(MetaPathFinder):
    """Finds nothing; when torchvision is first looked for, it repairs and is gone."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: Any = None) -> None:
        if name == "torchvision":
            sys.meta_path.remove(self)
            _declared.append(declare_missing_operators())


_declared: list[Any] = []  # references: the schemas live as long as these


def repair_at_import() -> None:
    """Have torchvision repaired just before it is imported, if it is not yet."""
    if "torchvision" not in sys.modules:
        sys.meta_path.insert(0, _BeforeTorchvision())
