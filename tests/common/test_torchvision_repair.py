import subprocess
import sys

import pytest

from prn_lib.common import torchvision_repair

ROOMS = ("synthesis", "model", "evaluation", "training", "runs", "studies", "figures", "widgets")


@pytest.mark.parametrize("room", ROOMS)
def test_torchvision_imports_with_each_room_without_a_warning(room):
    """Each alone, since the one that comes first has to repair it."""
    code = (
        f"import prn_lib.{room}, torchvision.models, torchvision.ops\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(torchvision.__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_a_working_torchvision_is_left_alone(monkeypatch):
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: True)
    assert torchvision_repair.declare_missing_operators() is None
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: False)
    monkeypatch.setattr(torchvision_repair.torch.version, "cuda", "13.0")
    assert torchvision_repair.declare_missing_operators() is None
