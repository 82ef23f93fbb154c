"""What a copy of a dataset holds (:class:`Inventory`) and the one shape that every dataset takes
once it is split (:class:`Category`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from prn_lib.datasets.reading.samples import EXACT, Reading, read_samples
from prn_lib.datasets.sample import Sample


@dataclass(frozen=True)
class Inventory:
    """What a copy of one category holds, before any split.

    ``notes`` say what is unusual and how it is taken, ``troubles`` what must be mended before the
    copy can be used; each is one sentence that names files.
    """

    normals: tuple[Sample, ...]  # for training; all of them where there is no official split
    test_normals: tuple[Sample, ...] = ()
    anomalies: tuple[Sample, ...] = ()  # the training anomalies are drawn from these
    left_out: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    reading: Reading = EXACT  # of photographs and masks
    folders: tuple[Path, ...] = ()  # where the category's files lie
    known: frozenset[Path] = frozenset()  # files there that belong to it and are no sample's
    blank_masks: Mapping[str, Path] = field(default_factory=dict)  # of normals, by sample name

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Every sample once."""
        return self.normals + self.test_normals + self.anomalies + self.left_out


@dataclass(frozen=True)
class Background:
    """The plain background of an object, which differs from it by more than a tolerance.

    ``grey`` and ``tolerance`` are grey values in 0..255; None has them found in every image.
    """

    grey: int | None = None
    tolerance: int | None = None


@dataclass(frozen=True)
class Category:
    """One category under the general supervised setting (App. A.2).

    ``train_anomalies`` were drawn from all anomalies and are in no other list. ``left_out`` holds
    images that neither train nor test may use, ``notes`` says why, in sentences for the reader.
    """

    dataset: str
    name: str
    train_normals: tuple[Sample, ...]
    train_anomalies: tuple[Sample, ...]
    test: tuple[Sample, ...]
    left_out: tuple[Sample, ...] = ()
    notes: tuple[str, ...] = ()
    background: Background | None = None  # an object before it can be segmented; None: a texture
    reading: Reading = EXACT  # of photographs and masks

    @property
    def is_outlined(self) -> bool:
        """Whether each anomaly of the test set has a mask, so that its pixels can be scored."""
        return all(sample.mask for sample in self.test if sample.is_anomaly)

    def load(self, samples: Sequence[Sample], size: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Images ``(N, 3, size, size)`` and masks ``(N, 1, size, size)`` uint8 of ``samples``.

        A sample without a mask has zeros, an anomaly too. See
        ``prn_lib.datasets.reading.samples.read_samples``.
        """
        return read_samples(samples, size, self.reading)
