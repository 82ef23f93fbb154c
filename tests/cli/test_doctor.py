"""``prn doctor``: all that a bug report needs, and what is missing."""

import re

from prn_lib.cli import doctor, main


def test_the_report_names_versions_devices_and_the_project(capsys):
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for title in ("machine", "packages", "devices", "project", "extras"):
        assert re.search(rf"^{title}$", told, re.MULTILINE)
    assert re.search(r"^  torch +\d+\.\d+", told, re.MULTILINE)
    assert re.search(r"^  processor +\S+", told, re.MULTILINE)
    assert re.search(r"^  folder +/", told, re.MULTILINE)
    assert re.search(r"^  figures of GPUs +.*NVIDIA H200 \(smoke, rate", told, re.MULTILINE)
    assert told.rstrip().endswith("all is well")


def test_what_is_missing_is_named_with_the_remedy(capsys, monkeypatch):
    real = doctor._version
    lacking = {"safetensors", "onnxscript"}
    monkeypatch.setattr(doctor, "_version", lambda p: "missing" if p in lacking else real(p))
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "WRONG: the package safetensors is missing: pip install safetensors" in told
    assert re.search(r"^  prn export +needs: pip install onnxscript$", told, re.MULTILINE)
    assert "all is well" not in told
