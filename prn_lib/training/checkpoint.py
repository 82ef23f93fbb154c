"""What an unfinished run keeps, so that a run that was killed goes on where it was.

One safetensors file holds all: weights, optimizer (``Training.state``) and losses, and as
JSON in its header the experiment, digests of its files and who worked on it. It is replaced as a
whole, so that there is always either the last one or the new one.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from prn_lib.common.checks import one_line
from prn_lib.common.files import whole_file
from prn_lib.training.loop import Training

FILE = "checkpoint.safetensors"
CHECKPOINT_SECONDS = 120.0  # between two of them
HEADER = "prn"
NOT_COMPARED = ("data_root",)  # images may move


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The options that differ between two experiments, in words; empty if none does."""
    return ", ".join(
        f"{name} ({_told(theirs, name)} there, {_told(ours, name)} here)"
        for name in dict.fromkeys([*ours, *theirs])
        if name not in NOT_COMPARED and _told(ours, name) != _told(theirs, name)
    )


def other_contents(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """The parts of what a run is made from that are not the same, in words; empty if all are."""
    parts = dict.fromkeys([*ours, *theirs])
    return ", ".join(part for part in parts if theirs.get(part) != ours.get(part))


def _told(options: Mapping[str, Any], name: str) -> str:
    return repr(options[name]) if name in options else "unknown"


class Checkpoint:
    """The state of an unfinished run in ``folder``, written every ``interval`` seconds.

    ``experiment`` and ``contents`` (digests of the files that it is made from) say whose it is;
    ``session``, the provenance of who works on it now, joins those who did before in ``sessions``.
    """

    def __init__(
        self,
        folder: Path,
        experiment: dict[str, Any],
        contents: dict[str, str],
        session: dict[str, Any],
        interval: float,
    ) -> None:
        self.path = folder / FILE
        self.experiment, self.contents, self.interval = experiment, contents, interval
        told = {name: session[name] for name in ("date", "commit", "hardware", "threads")}
        self.sessions = [{"from_step": 0, **told}]
        self.earlier = 0.0  # seconds of training in earlier sessions
        self.started = self.saved = time.monotonic()
        self.saved_steps = -1

    def resume(self, training: Training) -> None:
        """Load the last state into ``training``, if there is one.

        Raises FileExistsError if it is of another experiment (the differing options are named) or
        of other images, and ValueError, naming the file, if it cannot be read.
        """
        if not self.path.is_file():
            return
        remedy = f"delete {self.path.parent} to start anew"
        try:
            with safe_open(self.path, "pt") as file:
                header = json.loads(file.metadata()[HEADER])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            self._check(header, remedy)
            training.load_state(tensors, header["losses"])
            self.earlier, self.saved_steps = header["seconds"], len(header["losses"])
            last = {**self.sessions[0], "from_step": len(training.losses)}
            self.sessions = [*header["sessions"], last]
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"{self.path} is no checkpoint of this version ({one_line(error)}); {remedy}"
            ) from None

    def is_due(self) -> bool:
        """Whether the interval has passed since the last time."""
        return time.monotonic() - self.saved >= self.interval

    def save(self, training: Training) -> None:
        """Replace the last state by ``training``'s, unless it is the same.

        Raises OSError, saying what is kept, if it cannot be written.
        """
        steps = len(training.losses)
        if steps == self.saved_steps:
            return
        header = {
            "experiment": self.experiment,
            "contents": self.contents,
            "losses": training.losses,
            "seconds": self.seconds(),
            "sessions": self._sessions(steps),
        }
        state = {name: t.contiguous().cpu() for name, t in training.state().items()}
        try:
            with whole_file(self.path) as draft:
                save_file(state, draft, {HEADER: json.dumps(header)})
        except (OSError, SafetensorError) as error:
            kept = "the last one is kept" if self.path.is_file() else "there is none yet"
            raise OSError(
                f"the checkpoint {self.path} could not be written ({error}); {kept}. Make room on "
                "that disk and start again: the run goes on from there"
            ) from error
        self.saved, self.saved_steps = time.monotonic(), steps

    def seconds(self) -> float:
        """How long the run has been trained, in all sessions."""
        return self.earlier + time.monotonic() - self.started

    def history(self, steps: int) -> dict[str, Any]:
        """For the record of ``steps`` steps: who trained from which one on, if more than one did.

        Threads and hardware are told, since another number of threads gives other last digits.
        """
        sessions = self._sessions(steps)
        return {"sessions": sessions} if len(sessions) > 1 else {}

    def _sessions(self, steps: int) -> list[dict[str, Any]]:
        """Those that trained at least a step."""
        ends = [*(session["from_step"] for session in self.sessions[1:]), steps]
        pairs = zip(self.sessions, ends, strict=True)
        return [session for session, end in pairs if end > session["from_step"]]

    def _check(self, header: dict[str, Any], remedy: str) -> None:
        different = differences(header["experiment"], self.experiment)
        if different:
            raise FileExistsError(
                f"{self.path} is of another experiment, which differs in {different}; choose "
                f"another folder (--out), or {remedy}"
            )
        other = other_contents(header["contents"], self.contents)
        if other:
            raise FileExistsError(
                f"{self.path} is of a run on other files than there are now: {other}; choose "
                f"another folder (--out), or {remedy}"
            )
