"""What a module costs: its numbers and its operations, counted and not estimated.

Counting runs the module on torch's "meta" device, which knows shapes and computes nothing, so that
even the largest network is counted in a moment.
"""

import copy
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from prn_lib.model.prn import PRN

Made = torch.Tensor | list[torch.Tensor]


@dataclass(frozen=True)
class Costs:
    """Numbers that are trained, frozen, or stored (prototypes, BatchNorm statistics).

    ``flops`` are floating-point operations of matrix products and convolutions in one forward pass;
    a multiplication and an addition count as two.
    """

    trainable: int
    frozen: int
    stored: int
    flops: int


def costs(module: nn.Module, *shapes: tuple[int, ...]) -> Costs:
    """The costs of ``module`` for inputs of these shapes."""
    return _count(module, *shapes)[0]


def costs_of_parts(model: PRN, image_size: int) -> pd.DataFrame:
    """A row for each part of the network in the order of the data, and their sum.

    Columns: millions of trainable, frozen and stored numbers; 10^9 operations an image; their share
    in percent.
    """
    whole, flops = _count(model, (1, 3, image_size, image_size))
    rows = {}
    for label, module, names in _parts(model):
        counted = sum(flops.get(f"PRN.{name}", 0) for name in names)
        numbers = _numbers(module)
        rows[label] = [*(n / 1e6 for n in numbers), counted / 1e9, 100 * counted / whole.flops]
    rows["PRN"] = [*(n / 1e6 for n in _numbers(model)), whole.flops / 1e9, 100.0]
    columns = ["trainable", "frozen", "stored", "GFLOP", "share"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def output_shapes(model: PRN, image_size: int) -> dict[str, list[tuple[int, ...]]]:
    """What every module gives for one image, at its last call: its name -> its outputs' shapes."""
    hollow = _hollow(model)
    shapes: dict[str, list[tuple[int, ...]]] = {}
    for name, module in hollow.named_modules():

        def note(_module: nn.Module, _given: object, made: Made, name: str = name) -> None:
            shapes[name] = [tuple(x.shape) for x in (made if isinstance(made, list) else [made])]

        module.register_forward_hook(note)
    with torch.no_grad():
        hollow(torch.empty(1, 3, image_size, image_size, device="meta"))
    return shapes


def _parts(model: PRN) -> list[tuple[str, nn.Module, list[str]]]:
    """Label, module and the names under which its operations are counted."""
    listed: list[tuple[str, nn.Module, list[str]]] = []
    for name, module in model.named_children():
        if name == "attention":
            for j, block in enumerate(module.children()):
                listed.append((f"attention {j + 1}", block, [f"attention.{j}"]))
        elif isinstance(module, nn.ModuleList):
            listed.append((name, module, [f"{name}.{j}" for j in range(len(module))]))
        else:
            listed.append((name.replace("_", " "), module, [name]))
    return listed


def _count(module: nn.Module, *shapes: tuple[int, ...]) -> tuple[Costs, dict[str, int]]:
    hollow = _hollow(module)
    inputs = [torch.empty(shape, device="meta") for shape in shapes]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        hollow(*inputs)
    counts = {name: sum(ops.values()) for name, ops in counter.get_flop_counts().items()}
    return Costs(*_numbers(module), counts["Global"]), counts


def _hollow(module: nn.Module) -> nn.Module:
    """A copy on the meta device, in evaluation mode; the numbers themselves are not copied."""
    tensors = (*module.parameters(), *module.buffers())
    shells = {id(t): torch.empty_like(t, device="meta") for t in tensors}
    return copy.deepcopy(module, shells).eval()


def _numbers(module: nn.Module) -> tuple[int, int, int]:
    learns = sum(p.numel() for p in module.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in module.parameters() if not p.requires_grad)
    return learns, frozen, sum(b.numel() for b in module.buffers())
