import subprocess
import sys

import torch

from prn_lib.common import torchvision_repair


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torchvision_imports_after_the_library_without_a_warning():
    code = (
        "import prn_lib, torchvision.models, torchvision.ops\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(torchvision.__version__)"
    )
    assert _python(code)


def test_the_library_alone_imports_neither_torch_nor_torchvision():
    code = "import prn_lib, sys; print({'torch', 'torchvision'} & set(sys.modules))"
    assert _python(code) == "set()"


def test_a_working_torchvision_is_left_alone(monkeypatch):
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: True)
    assert torchvision_repair.declare_missing_operators() is None
    monkeypatch.setattr(torchvision_repair, "_compiled_library_loads", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    assert torchvision_repair.declare_missing_operators() is None
