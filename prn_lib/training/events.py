"""A training's curves as TensorBoard events, for those who watch there."""

import time
from pathlib import Path
from types import TracebackType

from prn_lib.training.loop import Training


def check_events(folder: Path) -> None:
    """Raise ImportError or FileExistsError, with the remedy, where no events can be written."""
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        raise ImportError(
            "TensorBoard events need the package 'tensorboard': pip install tensorboard"
        ) from None
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"tensorboard={folder} is a file; name a folder")


class Events:
    """Writes loss, gradient norm and images a second of every step to ``folder``.

    A training that goes on from a checkpoint replaces what was written beyond it.
    """

    def __init__(self, folder: Path, training: Training) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.training = training
        self.writer = SummaryWriter(str(folder), purge_step=len(training.losses) + 1)
        self.done, self.last = len(training.losses), time.monotonic()

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()

    def write(self, done: int) -> None:
        """Write what the training has read since the last time, with ``done`` steps behind it."""
        now = time.monotonic()
        rate = (done - self.done) * self.training.images_per_batch / max(now - self.last, 1e-9)
        for step in range(self.done, done):
            self.writer.add_scalar("loss", self.training.losses[step], step + 1)
            norm = self.training.gradient_norms[step - done]
            self.writer.add_scalar("gradient norm", norm, step + 1)
            self.writer.add_scalar("images a second", rate, step + 1)
        self.done, self.last = done, now

    def flush(self) -> None:
        """Have all that was written on the disk, so that it is no less than a checkpoint has."""
        self.writer.flush()
