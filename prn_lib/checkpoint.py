"""What an unfinished run keeps, so that a run that was killed goes on where it was.

One safetensors file holds all: weights, optimizer and losses, and as JSON in its header the
experiment, the split and who worked on it. It is replaced as a whole, so that there is always
either the last one or the new one.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from prn_lib.files import whole_file
from prn_lib.training import Training

FILE = "checkpoint.safetensors"
HEADER = "prn"
NOT_COMPARED = ("data_root",)  # images may move


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> str:
    """The options that differ between two experiments, in words; empty if none does."""
    return ", ".join(
        f"{name} ({theirs.get(name)!r} there, {ours[name]!r} here)"
        for name in ours
        if name not in NOT_COMPARED and ours[name] != theirs.get(name)
    )


class Checkpoint:
    """The state of an unfinished run in ``folder``, written every ``interval`` seconds.

    ``experiment`` and ``split`` (names of the images) say whose it is; ``session``, the provenance
    of who works on it now, joins those who did before in ``sessions``.
    """

    def __init__(
        self,
        folder: Path,
        experiment: dict[str, Any],
        split: dict[str, list[str]],
        session: dict[str, Any],
        interval: float,
    ) -> None:
        self.path = folder / FILE
        self.experiment, self.split, self.interval = experiment, split, interval
        told = {name: session[name] for name in ("date", "commit", "hardware", "threads")}
        self.sessions = [{"from_step": 0, **told}]
        self.earlier = 0.0  # seconds of training in earlier sessions
        self.started = self.saved = time.monotonic()

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
            self.earlier = header["seconds"]
            last = {**self.sessions[0], "from_step": len(training.losses)}
            self.sessions = [*header["sessions"], last]
        except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(
                f"{self.path} is no checkpoint of this version ({reason}); {remedy}"
            ) from None

    def save_if_due(self, training: Training) -> None:
        """Save if the interval has passed since the last time."""
        if time.monotonic() - self.saved >= self.interval:
            self.save(training)

    def save(self, training: Training) -> None:
        """Replace the last state by ``training``'s. OSError, saying what is kept, if it fails."""
        header = {
            "experiment": self.experiment,
            "split": self.split,
            "losses": training.losses,
            "seconds": self.seconds(),
            "sessions": self.sessions,
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
        self.saved = time.monotonic()

    def seconds(self) -> float:
        """How long the run has been trained, in all sessions."""
        return self.earlier + time.monotonic() - self.started

    def history(self) -> dict[str, Any]:
        """For the record: who trained from which step on, if the run was ever stopped."""
        return {"sessions": self.sessions} if len(self.sessions) > 1 else {}

    def _check(self, header: dict[str, Any], remedy: str) -> None:
        different = differences(header["experiment"], self.experiment)
        if different:
            raise FileExistsError(
                f"{self.path} is of another experiment, which differs in {different}; choose "
                f"another out_dir, or {remedy}"
            )
        if header["split"] != self.split:
            raise FileExistsError(
                f"{self.path} is of a run on other images than there are now; choose another "
                f"out_dir, or {remedy}"
            )
