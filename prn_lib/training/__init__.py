"""The network learns to draw the mask (Sec. 3.5, 4.1), and a training that is stopped goes on.

In come a network and anomaly synthesis; out come the network after its last step and the loss of
every step. Chapter: "Learning to draw the mask".
"""

from prn_lib.training.loop import Diverged, Training, count_steps, normal_batches
from prn_lib.training.losses import total_loss

__all__ = ["Diverged", "Training", "count_steps", "normal_batches", "total_loss"]
