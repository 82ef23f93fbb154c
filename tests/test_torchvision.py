import subprocess
import sys


def test_torchvision_imports_after_the_library_without_a_warning():
    code = (
        "import prn_lib, torchvision.models, torchvision.ops\n"
        "from torchvision.transforms.v2 import functional\n"
        "print(torchvision.__version__)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_a_working_torchvision_is_left_alone(monkeypatch):
    from prn_lib import _torchvision

    monkeypatch.setattr(_torchvision, "_compiled_library_loads", lambda: True)
    assert _torchvision.declare_missing_operators() is None
    monkeypatch.setattr(_torchvision, "_compiled_library_loads", lambda: False)
    monkeypatch.setattr(_torchvision.torch.version, "cuda", "13.0")
    assert _torchvision.declare_missing_operators() is None
