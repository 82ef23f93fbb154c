"""Weights in fewer bytes, against the rule written plainly and a graph small enough to check."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from prn_lib.web.weights import pack

WEIGHTS = {
    "kernel": (64, 36, 3, 3),
    "matrix": (8, 2560),
    "kept": (1, 64, 8, 8),  # subtracted, not multiplied: it stands for prototypes
    "few": (64, 64, 1, 1),  # multiplied, and too small for 8 bits
    "bias": (64,),
}


@pytest.fixture(scope="module")
def graph():
    """Two convolutions, a constant taken away between them, and a product of matrices."""
    rng = np.random.default_rng(0)
    tensors = [
        numpy_helper.from_array(rng.normal(0, 1, shape).astype(np.float32), name)
        for name, shape in WEIGHTS.items()
    ]
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "bias"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Sub", ["a", "kept"], ["b"]),
        helper.make_node("Conv", ["b", "few"], ["c"]),
        helper.make_node("MatMul", ["c", "matrix"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 36, 8, 8])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, 8, 2560])
    graph = helper.make_graph(nodes, "small", [given], [made], tensors)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def held(file):
    return {t.name: numpy_helper.to_array(t) for t in file.graph.initializer}


def output_of(file):
    onnx.checker.check_model(file, full_check=True)
    session = onnxruntime.InferenceSession(
        file.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    image = np.random.default_rng(1).random((1, 36, 8, 8), np.float32)
    return session.run(None, {"x": image})[0]


def unpacked(weights, axis):
    """The rule, number by number."""
    result = np.empty_like(weights)
    for channel in range(weights.shape[axis]):
        place = (slice(None),) * axis + (channel,)
        step = np.abs(weights[place]).max() / np.float32(127)
        result[place] = np.rint(weights[place] / step) * step
    return result


def test_eight_bits_are_what_the_rule_says_and_the_runtime_computes_with(graph):
    packed = pack(graph)
    old, new = held(graph), held(packed)
    assert new["kernel.int8"].dtype == new["matrix.int8"].dtype == np.int8
    assert new["kept.float16"].dtype == new["few.float16"].dtype == np.float16
    np.testing.assert_array_equal(new["bias"], old["bias"])
    by_hand = onnx.ModelProto()
    by_hand.CopyFrom(graph)
    expected = {
        "kernel": unpacked(old["kernel"], 0),
        "matrix": unpacked(old["matrix"], 1),
        "kept": old["kept"].astype(np.float16).astype(np.float32),
        "few": old["few"].astype(np.float16).astype(np.float32),
    }
    for tensor in by_hand.graph.initializer:
        if tensor.name in expected:
            tensor.CopyFrom(numpy_helper.from_array(expected[tensor.name], tensor.name))
    made = output_of(by_hand)
    np.testing.assert_allclose(output_of(packed), made, atol=1e-5 * np.abs(made).max())
    for name, axis in (("kernel", 0), ("matrix", 1)):  # no weight is off by more than half a step
        others = tuple(k for k in range(old[name].ndim) if k != axis)
        step = np.abs(old[name]).max(axis=others, keepdims=True) / 127
        assert (np.abs(expected[name] - old[name]) <= step / 2 + 1e-6).all()


def test_sixteen_bits_lose_less_and_the_given_file_stays_as_it_is(graph):
    before = graph.SerializeToString()
    exact = output_of(graph)
    off = {bits: np.abs(output_of(pack(graph, bits)) - exact).max() for bits in (8, 16)}
    assert 0 < off[16] < off[8] / 4
    assert {"kernel.float16", "matrix.float16", "kept.float16"} <= set(held(pack(graph, 16)))
    assert graph.SerializeToString() == before


def test_a_channel_of_zeros_stays_zero(graph):
    file = onnx.ModelProto()
    file.CopyFrom(graph)
    kernel = held(graph)["kernel"].copy()
    kernel[3] = 0
    file.graph.initializer[0].CopyFrom(numpy_helper.from_array(kernel, "kernel"))
    packed = held(pack(file))
    assert not packed["kernel.int8"][3].any()
    assert np.isfinite(packed["kernel.factors"]).all()


def test_other_bits_are_refused(graph):
    with pytest.raises(ValueError, match="weights of 4 bits are not known; use 8 or 16"):
        pack(graph, 4)
