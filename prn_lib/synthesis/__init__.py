"""Anomaly synthesis (Sec. 3.4, App. A.1): noise, augmentations, target areas, EA, HEA and HOA."""

from prn_lib.synthesis.anomalies import KINDS, Anomalies
from prn_lib.synthesis.batch import Synthesizer
from prn_lib.synthesis.textures import generated_textures

__all__ = ["KINDS", "Anomalies", "Synthesizer", "generated_textures"]
