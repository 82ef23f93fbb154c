"""How a residual is computed from the difference between features and prototype: D in Eq. 1.

The paper's D is an "element-wise Euclidean distance", which is no standard operation (Sec. 3.1).
Each entry reads it in one way: F_j - P_j* in, D_j of the same shape out.
"""

import torch

RESIDUALS = {
    "absolute": torch.abs,
    "squared": torch.square,
    "signed": lambda difference: difference,
}
