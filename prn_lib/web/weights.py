"""Weights in fewer bytes: the file that a reader downloads.

The arithmetic stays float32: a weight is unpacked once, when the network is loaded. Large
convolutions and matrices take 8 bits a weight, with a factor for every output channel. What is
smaller, and the prototypes, are halved to float16: it is a small part of the file, and rounding it
to 8 bits moves scores five times as far as rounding all the rest.
"""

from typing import Any

import numpy as np

LARGE = 1024  # numbers; smaller tensors, such as biases, stay as they are
LARGEST = 20_000  # from here on 8 bits
MULTIPLIED = {"Conv": 0, "MatMul": 1, "Gemm": 0}  # the axis of output channels


def pack(file: Any, bits: int = 8) -> Any:
    """A copy of an ``onnx.ModelProto`` whose largest weights take ``bits``, 8 or 16, each.

    With 8, the weights w of an output channel become ``round(w / s)``, s = ``max(abs(w)) / 127``.
    Raises ValueError for other ``bits``.
    """
    import onnx

    if bits not in (8, 16):
        raise ValueError(f"weights of {bits} bits are not known; use 8 or 16")
    packed = onnx.ModelProto()
    packed.CopyFrom(file)
    axes = _axes_of_outputs(packed.graph)
    kept, unpacking = [], []
    for tensor in packed.graph.initializer:
        weights = onnx.numpy_helper.to_array(tensor)
        axis = axes.get(tensor.name) if bits == 8 and weights.size >= LARGEST else None
        if weights.dtype != np.float32 or weights.size < LARGE:
            kept.append(tensor)
            continue
        made = _half(tensor.name, weights) if axis is None else _eight(tensor.name, weights, axis)
        kept += made[0]
        unpacking += made[1]
    _replace(packed.graph.initializer, kept)
    _replace(packed.graph.node, [*unpacking, *packed.graph.node])
    _forget_origins(packed)
    return packed


def _axes_of_outputs(graph: Any) -> dict[str, int]:
    """The axis of output channels of every tensor that is multiplied, by its name."""
    return {
        node.input[1]: MULTIPLIED[node.op_type] for node in graph.node if node.op_type in MULTIPLIED
    }


def _eight(name: str, weights: np.ndarray, axis: int) -> tuple[list[Any], list[Any]]:
    """Whole numbers and the factor of each channel, and the operations that multiply them.

    ONNX' own DequantizeLinear would do, but runtimes then compute in 8 bits, too, without a word.
    """
    from onnx import helper, numpy_helper

    others = tuple(k for k in range(weights.ndim) if k != axis)
    factors = np.abs(weights).max(axis=others, keepdims=True) / 127
    factors = np.where(factors > 0, factors, 1).astype(np.float32)
    whole = np.rint(weights / factors).astype(np.int8)
    parts = [
        numpy_helper.from_array(whole, f"{name}.int8"),
        numpy_helper.from_array(factors, f"{name}.factors"),
    ]
    multiply = helper.make_node("Mul", [f"{name}.whole", f"{name}.factors"], [name])
    return parts, [_to_float(f"{name}.int8", f"{name}.whole"), multiply]


def _half(name: str, weights: np.ndarray) -> tuple[list[Any], list[Any]]:
    from onnx import numpy_helper

    half = numpy_helper.from_array(weights.astype(np.float16), f"{name}.float16")
    return [half], [_to_float(half.name, name)]


def _to_float(source: str, target: str) -> Any:
    from onnx import TensorProto, helper

    return helper.make_node("Cast", [source], [target], to=TensorProto.FLOAT)


def _forget_origins(file: Any) -> None:
    """Leave out what the exporter tells of every operation, a sixth of the file."""
    for node in file.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")


def _replace(field: Any, items: list[Any]) -> None:
    del field[:]
    field.extend(items)
