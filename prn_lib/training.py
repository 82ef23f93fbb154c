"""The loss, the training loop and inference (Sec. 3.5, 4.1)."""

import math
from collections.abc import Callable, Iterator

import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from prn_lib.model import PRN, image_score
from prn_lib.progress import tqdm
from prn_lib.synthesis import Synthesizer


def total_loss(
    logits: torch.Tensor, masks: torch.Tensor, *, weight: float, alpha: float, gamma: float
) -> torch.Tensor:
    """Eq. 5: smooth L1 between score map and mask, plus ``weight`` (lambda) times the focal loss.

    ``logits`` and ``masks`` {0, 1} are ``(B, 1, S, S)``; the score map M_o is the logits' sigmoid.
    Both terms are means over all pixels. ``alpha`` weighs anomalous pixels, 1 - alpha the others.
    """
    smooth_l1 = F.smooth_l1_loss(logits.sigmoid(), masks)
    focal = sigmoid_focal_loss(logits, masks, alpha=alpha, gamma=gamma, reduction="mean")
    return smooth_l1 + weight * focal


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


def train(
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
    after_step: Callable[[int], None] | None = None,
) -> list[float]:
    """Train in place on the model's device; returns the loss of every step.

    Nothing is chosen on the way: the model after the last step is the result. ``after_step`` is
    called with the number of steps done and may score with the model. Raises RuntimeError, with
    step and seed, if the loss is not finite.
    """
    device = model.encoder.mean.device
    model.train()
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(trainable, lr=learning_rate, weight_decay=weight_decay, fused=True)
    batches = normal_batches(len(synthesizer.normals), normals_per_batch, seed)
    losses = []

    def synthesized(step: int) -> tuple[torch.Tensor, torch.Tensor] | None:
        if step == steps:
            return None
        counts = extended_per_batch, simulated_per_batch
        images, masks = synthesizer.batch(seed, step, next(batches), *counts)
        return images.to(device, memory_format=torch.channels_last), masks.to(device)

    batch = synthesized(0)
    with tqdm(total=steps, desc="training", unit="step") as progress:
        for step in range(steps):
            images, masks = batch
            loss = total_loss(
                model(images), masks, weight=focal_weight, alpha=focal_alpha, gamma=focal_gamma
            )
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            batch = synthesized(step + 1)  # queued before the loss, for which a GPU is waited for
            losses.append(loss.item())
            if not math.isfinite(losses[-1]):
                raise RuntimeError(
                    f"the loss is {losses[-1]} at step {step} with seed {seed}; "
                    "lower learning_rate or check the images"
                )
            progress.update()
            progress.set_postfix(loss=f"{losses[-1]:.4f}", refresh=False)
            if after_step is not None:
                after_step(step + 1)
                model.train()  # scoring leaves it in evaluation mode
    return losses


@torch.inference_mode()
def predict(
    model: PRN, images: torch.Tensor, *, top_k: int, batch_size: int = 16
) -> tuple[torch.Tensor, torch.Tensor]:
    """Score maps ``(N, S, S)`` and image scores ``(N,)`` in [0, 1] of uint8 ``(N, 3, S, S)``."""
    device = model.encoder.mean.device
    model.eval()
    maps, scores = [], []
    for batch in tqdm(images.split(batch_size), desc="scoring", unit="batch", leave=False):
        score_maps = model(batch.to(device).float() / 255).sigmoid()
        maps.append(score_maps[:, 0].cpu())
        scores.append(image_score(score_maps, top_k).cpu())
    return torch.cat(maps), torch.cat(scores)
