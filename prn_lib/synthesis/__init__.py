"""Anomaly synthesis (Sec. 3.4, App. A.1): noise, augmentations, target areas, EA, HEA and HOA."""

from prn_lib.synthesis.anomalies import Anomaly
from prn_lib.synthesis.batch import Synthesizer
from prn_lib.synthesis.textures import folder_textures, generated_texture

__all__ = ["Anomaly", "Synthesizer", "folder_textures", "generated_texture"]
