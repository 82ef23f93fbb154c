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
        self.last = time.monotonic()

    def __enter__(self) -> "Events":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.writer.close()

    def write(self, step: int) -> None:
        """Write what the training knows after ``step`` steps."""
        now = time.monotonic()
        rate = self.training.images_per_batch / max(now - self.last, 1e-9)
        self.last = now
        self.writer.add_scalar("loss", self.training.losses[-1], step)
        self.writer.add_scalar("gradient norm", self.training.gradient_norm, step)
        self.writer.add_scalar("images a second", rate, step)

    def flush(self) -> None:
        """Have all that was written on the disk, so that it is no less than a checkpoint has."""
        self.writer.flush()
