"""The command ``prn`` as a person meets it: help, errors of one line, quick answers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from prn_lib.cli import main
from prn_lib.cli.app import prn


def words_of(command, words=()):
    """The words of every command and of the groups above it."""
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from words_of(child, (*words, name))


COMMANDS = list(words_of(prn))


def test_there_is_a_command_for_everything():
    assert [words[0] for words in COMMANDS if len(words) == 1] == [
        "data", "foregrounds", "run", "threshold", "predict", "export", "report", "tables",
        "doctor", "completion",
    ]  # fmt: skip
    assert [words[1] for words in COMMANDS if len(words) == 2] == [
        "list", "check", "get", "import", "plan", "run", "status",
    ]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_fits_a_terminal_and_explains_every_option(words, capsys):
    assert main([*words, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: {' '.join(['prn', *words])} ")
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in re.sub(r"\[\w+\]\.\.\.|PHOTO\.\.\.|ARGS\]\.\.\.|/\.\.\.", "", text)
    command = prn
    for word in words:
        command = command.commands[word]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help or parameter.required or "[default" in text, parameter.name


@pytest.mark.parametrize(("words", "message"), [
    (["rum"], "No such command 'rum'"),
    (["run", "--categry", "x"], "No such option '--categry'"),
    (["run"], "Missing option '--category'; see 'prn run --help'"),
    (["run", "--category", "weave", "--set", "max_steps"], "'max_steps' is no option"),
    (["run", "--category", "weave", "--set", "max_step=3"], "did you mean 'max_steps'?"),
    (["run", "--category", "weave", "--set", "seed=x"], "option seed='x' must be a whole number"),
    (["run", "--category", "weave", "--set", "seed=1"], "say --seed"),
    (["run", "--category", "weave", "--set", "data_root=/x"], "say --data-root"),
    (["run", "--category", "weave", "--preset", "slow"], "unknown preset 'slow'"),
    (["run", "--category", "loom"], "unknown category 'loom'"),
    (["run", "--category", "weave", "--dataset", "mini2"], "unknown dataset 'mini2'"),
    (["predict", "/none", "/none.png"], "/none holds no finished run"),
    (["export", "/none", "--out", "a.onnx"], "holds no finished run"),
    (["report", "/none"], "holds no finished run"),
    (["tables", "plan", "table99"], "unknown target 'table99'"),
    (["data", "check", "--dataset", "mvtec"], "'prn data get --dataset mvtec' says how"),
])  # fmt: skip
def test_a_wrong_request_is_one_line_and_the_status_2(words, message, capsys):
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert message in told
    assert len(told.strip().splitlines()) == 1


def test_a_traceback_is_shown_when_asked_for():
    with pytest.raises(ValueError, match="unknown dataset"):
        main(["--traceback", "run", "--category", "weave", "--dataset", "mini2"])


def test_help_imports_nothing_heavy():
    """Completion asks the command at every key."""
    code = (
        "import sys\n"
        "from prn_lib.cli import main\n"
        "main(['--help'])\n"
        "print({'torch', 'numpy', 'pandas', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_the_package_is_the_command():
    command = [sys.executable, "-m", "prn_lib", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"prn, version [\d.]+\n", done.stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_told_how_to_complete(shell, capsys):
    assert main(["completion", shell]) == 0
    assert f"_PRN_COMPLETE={shell}_source prn" in capsys.readouterr().out


def test_words_are_completed_as_the_shell_asks():
    words = {"COMP_WORDS": "prn tables run --da", "COMP_CWORD": "3"}
    done = subprocess.run(
        [Path(sys.executable).with_name("prn")],
        env={**os.environ, "_PRN_COMPLETE": "bash_complete", **words},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["plain,--dataset", "plain,--data-root"]
