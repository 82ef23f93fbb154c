"""Training that can stop after any step and go on (Sec. 4.1)."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.nn.utils import get_total_norm

from prn_lib.common.progress import tqdm
from prn_lib.model import PRN
from prn_lib.synthesis import Synthesizer
from prn_lib.training.graphs import RecordedStep
from prn_lib.training.losses import total_loss

PRECISIONS = ("float32", "bfloat16")
# The share of the learning rate that is left when a share of the steps is done; the paper has no
# schedule. Which is best with a short training is another question than which is the paper's.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": lambda done: 1.0,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
}
# Steps between two readings of the losses: to read one is to wait for the GPU.
READ_EVERY = {"cpu": 1, "cuda": 10}


class Diverged(RuntimeError):
    """A loss, gradient or weight that is not finite, with the batch that gave it.

    ``images`` ``(B, 3, S, S)``, ``masks`` ``(B, 1, S, S)``; ``made_of`` says of each image what it
    is; ``numbers`` has step, seed, loss, gradient norm and the largest weight.
    """

    def __init__(
        self,
        numbers: dict[str, float],
        images: torch.Tensor,
        masks: torch.Tensor,
        made_of: list[str],
    ) -> None:
        super().__init__(
            f"training diverged at step {numbers['step']} with seed {numbers['seed']}: the loss is "
            f"{numbers['loss']}, the gradient's norm {numbers['gradient_norm']}, the largest "
            f"weight {numbers['largest_weight']}; lower learning_rate or check the images"
        )
        self.numbers, self.images, self.masks, self.made_of = numbers, images, masks, made_of


def count_steps(n_normals: int, normals_per_batch: int, epochs: int, max_steps: int | None) -> int:
    """Training steps: an epoch passes once over the normals; ``max_steps`` may end it earlier."""
    steps = math.ceil(epochs * n_normals / normals_per_batch)
    return steps if max_steps is None else min(steps, max_steps)


def normal_batches(count: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Endless batches of indices into ``count`` normals: shuffled passes, one after the other."""
    generator = torch.Generator().manual_seed(seed)
    queue = torch.empty(0, dtype=torch.int64)
    while True:
        while len(queue) < size:
            queue = torch.cat([queue, torch.randperm(count, generator=generator)])
        yield queue[:size]
        queue = queue[size:]


class Training:
    """A network on its way through ``steps`` steps: weights, optimizer, the losses so far.

    The batch of a step follows from (seed, step) alone and no other random number is drawn, so
    that :meth:`state` and the losses are all that going on later needs. ``precision`` "bfloat16"
    runs the network under autocast, except for the parts that it keeps in single precision;
    ``schedule`` is one of :data:`SCHEDULES`.
    """

    def __init__(
        self,
        model: PRN,
        synthesizer: Synthesizer,
        *,
        steps: int,
        seed: int,
        normals_per_batch: int,
        extended_per_batch: int,
        simulated_per_batch: int,
        learning_rate: float,
        weight_decay: float,
        focal_weight: float,
        focal_alpha: float,
        focal_gamma: float,
        schedule: str = "constant",
        precision: str = "float32",
    ) -> None:
        self.model, self.synthesizer, self.steps, self.seed = model, synthesizer, steps, seed
        self.normals_per_batch = normals_per_batch
        self.anomalies_per_batch = (extended_per_batch, simulated_per_batch)
        self.loss_options: dict[str, Any] = {
            "weight": focal_weight,
            "alpha": focal_alpha,
            "gamma": focal_gamma,
        }
        self.learning_rate, self.schedule = learning_rate, schedule
        self.precision = precision
        self.losses: list[float] = []
        self.gradient_norms: list[float] = []  # of all trained weights together; since the start
        self.trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
        on_gpu = self.device.type == "cuda"
        moves = on_gpu and schedule != "constant"  # a recorded step reads it anew
        self.optimizer = torch.optim.Adam(
            self.trained.values(),
            lr=torch.tensor(learning_rate, device=self.device) if moves else learning_rate,
            weight_decay=weight_decay,
            fused=True,
            capturable=on_gpu,
        )

    @property
    def device(self) -> torch.device:
        """Where the network is trained."""
        return self.model.encoder.mean.device

    @property
    def images_per_batch(self) -> int:
        """Normals and anomalies of a step."""
        return self.normals_per_batch + sum(self.anomalies_per_batch)

    def run(
        self, after_step: Callable[[int], None] | None = None, *, read_every: int | None = None
    ) -> list[float]:
        """Train to the last step, in place; returns the loss of every step.

        Nothing is chosen on the way: the model after the last step is the result. Losses are read
        after every ``read_every`` steps and the last one: by default after each, on a GPU every
        ten. Then ``after_step`` is called with the number of steps done and may score with the
        model. Raises :class:`Diverged` if a loss or a gradient is not finite, or after the last
        step a weight.
        """
        every = read_every or READ_EVERY.get(self.device.type, 1)
        step = RecordedStep(self.step) if self.device.type == "cuda" else self.step
        self.model.train()
        done, unread = len(self.losses), []
        batches = self._batches(done)
        batch = next(batches, None)
        with tqdm(
            total=self.steps * self.images_per_batch,
            initial=done * self.images_per_batch,
            desc="training",
            unit="image",
        ) as progress:
            while batch is not None:
                self._set_learning_rate(done)
                unread.append(step(*batch))
                done += 1
                batch = next(batches, None)  # queued before a GPU is waited for
                if done % every and batch is not None:
                    continue
                self._read(unread)
                if batch is None and not self.has_finite_weights():
                    raise self._diverged(done - 1, self.losses.pop())
                progress.set_postfix(step=done, loss=f"{self.losses[-1]:.4f}", refresh=False)
                progress.update(done * self.images_per_batch - progress.n)
                if after_step is not None:
                    after_step(done)
                    self.model.train()  # scoring leaves it in evaluation mode
        return self.losses

    def _read(self, unread: list[torch.Tensor]) -> None:
        """Take what :meth:`step` returned for the last steps from the device."""
        for loss, norm in torch.stack(unread).tolist():
            self.gradient_norms.append(norm)
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise self._diverged(len(self.losses), loss)
            self.losses.append(loss)
        unread.clear()

    def step(self, images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """One step on a batch on the device; returns its loss and gradient norm ``(2,)``."""
        mixed = self.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=mixed):
            logits = self.model(images)
        loss = total_loss(logits, masks, **self.loss_options)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        gradients = [p.grad for p in self.trained.values() if p.grad is not None]
        norm = get_total_norm(gradients)
        self.optimizer.step()
        return torch.stack([loss.detach(), norm])

    def _set_learning_rate(self, done: int) -> None:
        rate = self.learning_rate * SCHEDULES[self.schedule](done / self.steps)
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def has_finite_weights(self) -> bool:
        """Whether the trained weights are numbers: a step too large shows in the next loss only."""
        return math.isfinite(self._largest_weight())

    def _largest_weight(self) -> float:
        weights = [parameter.detach() for parameter in self.trained.values()]
        return get_total_norm(weights, norm_type=math.inf).item()

    def state(self) -> dict[str, torch.Tensor]:
        """Weights, statistics and the optimizer's averages by name, as they are now."""
        tensors = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        for name, parameter in self.trained.items():
            for key, value in self.optimizer.state[parameter].items():
                tensors[f"optimizer.{key}.{name}"] = value
        return tensors

    def load_state(self, tensors: dict[str, torch.Tensor], losses: list[float]) -> None:
        """Go on where :meth:`state` and ``losses`` were taken. KeyError or RuntimeError if not."""
        weights = {n.removeprefix("model."): t for n, t in tensors.items() if n[:6] == "model."}
        self.model.load_state_dict(weights)
        self.losses = list(losses)
        if losses:
            for name, parameter in self.trained.items():
                kept = self.optimizer.state[parameter]
                kept["step"] = tensors[f"optimizer.step.{name}"].to(self.device)
                for key in ("exp_avg", "exp_avg_sq"):  # in the weight's own memory layout
                    kept[key] = torch.empty_like(parameter, requires_grad=False)
                    kept[key].copy_(tensors[f"optimizer.{key}.{name}"])

    def _batches(self, first: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for step, normals in self._normals(first):
            made = self.synthesizer.batch(self.seed, step, normals, *self.anomalies_per_batch)
            images, masks = made
            layout = torch.channels_last
            yield images.to(self.device, memory_format=layout), masks.to(self.device)

    def _normals(self, first: int) -> Iterator[tuple[int, torch.Tensor]]:
        drawn = normal_batches(len(self.synthesizer.normals), self.normals_per_batch, self.seed)
        for step, normals in zip(range(self.steps), drawn, strict=False):
            if step >= first:
                yield step, normals

    def _diverged(self, step: int, loss: float) -> Diverged:
        """The error of a step, with its batch made again."""
        images, masks = next(self._batches(step))
        anomalies = self.synthesizer.draw(self.seed, step, *self.anomalies_per_batch)
        numbers = {
            "step": step,
            "seed": self.seed,
            "loss": loss,
            "gradient_norm": self.gradient_norms[-1],
            "largest_weight": self._largest_weight(),
        }
        _, normals = next(self._normals(step))
        made_of = [f"normal image {i}" for i in normals.tolist()]
        made_of += [anomalies.describe(i) for i in range(len(anomalies))]
        return Diverged(numbers, images, masks, made_of)
