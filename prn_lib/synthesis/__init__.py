"""Anomalies made from normal images (Sec. 3.4, App. A.1): EA, HEA and HOA.

In come normal images, seen anomalies with masks, and textures; out come batches of images with
masks. Noise, augmentations and target areas have a file each. Chapters: those of the part "Making
anomalies".
"""

from prn_lib.synthesis.anomalies import KINDS, Anomalies
from prn_lib.synthesis.batch import Synthesizer
from prn_lib.synthesis.textures import generated_textures

__all__ = ["KINDS", "Anomalies", "Synthesizer", "generated_textures"]
