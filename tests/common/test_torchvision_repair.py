import re
import subprocess
import sys
from pathlib import Path

import prn_lib
from prn_lib.common import torchvision_repair

LIBRARY = Path(prn_lib.__file__).parent


def test_torchvision_imports_after_a_room_without_a_warning():
    code = (
        "import prn_lib.model, torchvision.models, torchvision.ops\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(torchvision.__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_room_that_needs_torchvision_repairs_it_first():
    """A room's ``__init__`` runs before any of its modules, whichever comes first."""
    needing = {
        path.relative_to(LIBRARY).parts[0]
        for path in LIBRARY.rglob("*.py")
        if re.search(r"^(from|import) torchvision", path.read_text(), re.MULTILINE)
    }
    assert needing >= {"model", "evaluation", "synthesis", "training"}
    for room in needing:
        lines = (LIBRARY / room / "__init__.py").read_text().splitlines()
        (first, *_) = (line for line in lines if line.startswith(("import ", "from ")))
        assert "torchvision_repair" in first, room


def test_a_working_torchvision_is_left_alone(monkeypatch):
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: True)
    assert torchvision_repair.declare_missing_operators() is None
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: False)
    monkeypatch.setattr(torchvision_repair.torch.version, "cuda", "13.0")
    assert torchvision_repair.declare_missing_operators() is None
