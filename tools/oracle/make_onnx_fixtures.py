#!/usr/bin/env python3
"""Write the tiny ONNX files that ECONNXTests reads, with onnx.

    make_onnx_fixtures.py OUTDIR        normally fixtures/onnx

In encodings.onnx and constants.onnx every tensor holds the values 0, 1, 2, ... in row-major order,
so that a test needs no second copy of the numbers. Files named broken_* must be refused.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

NAMES = {
    "float32": T.FLOAT, "uint8": T.UINT8, "int8": T.INT8, "uint16": T.UINT16, "int16": T.INT16,
    "int32": T.INT32, "int64": T.INT64, "bool": T.BOOL, "float16": T.FLOAT16,
    "float64": T.DOUBLE, "uint32": T.UINT32, "uint64": T.UINT64, "bfloat16": T.BFLOAT16,
}


def value(name, shape=(1, 4), type=T.FLOAT):
    return h.make_tensor_value_info(name, type, shape)


def model(nodes, inputs=None, outputs=None, initializers=(), opset=17, ir=8, **kw):
    graph = h.make_graph(nodes, "fixture", inputs or [value("x")], outputs or [value("y")],
                         list(initializers), **kw)
    m = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)], producer_name="fixtures",
                     producer_version="1")
    m.ir_version = ir
    return m


def relu(x="x", y="y", name=""):
    return h.make_node("Relu", [x], [y], name=name)


def numbers(name):
    """Six elements that the type can hold: 0 to 5, or truth values."""
    count = np.arange(6)
    return (count % 2 if name == "bool" else count).reshape(2, 3)


def bits(name):
    a = numbers(name)
    if name == "bfloat16":
        return (a.astype("<f4").view("<u4") >> 16).astype("<u2")
    if name == "bool":
        return a.astype("u1")
    return a.astype(np.dtype(name).newbyteorder("<"))


def raw(name):
    return T(name=f"raw/{name}", dims=[2, 3], data_type=NAMES[name], raw_data=bits(name).tobytes())


def typed(name):
    t = T(name=f"typed/{name}", dims=[2, 3], data_type=NAMES[name])
    a = bits(name).ravel()
    if name == "float32":
        t.float_data.extend(a.tolist())
    elif name == "float64":
        t.double_data.extend(a.tolist())
    elif name == "int64":
        t.int64_data.extend(a.tolist())
    elif name in ("uint32", "uint64"):
        t.uint64_data.extend(a.tolist())
    elif name == "float16":
        t.int32_data.extend(a.view("<u2").tolist())
    else:
        t.int32_data.extend(int(v) for v in a)
    return t


def varint(n):
    n &= (1 << 64) - 1
    out = b""
    while n > 0x7F:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def field(number, payload, kind=2):
    return varint(number << 3 | kind) + (varint(len(payload)) if kind == 2 else b"") + payload


def unpacked(name):
    """The same tensors with one field per number, as some writers do."""
    head = b"".join(field(1, varint(n), 0) for n in (2, 3)) + field(2, varint(NAMES[name]), 0)
    a = bits(name).ravel()
    if name == "float32":
        body = b"".join(field(4, v.tobytes(), 5) for v in a)
    elif name == "int64":
        body = b"".join(field(7, varint(int(v)), 0) for v in a)
    else:
        body = b"".join(field(5, varint(int(v)), 0) for v in a)
    return head + body + field(8, f"unpacked/{name}".encode())


def encodings(path):
    tensors = [f(n) for n in NAMES for f in (raw, typed)]
    tensors.append(T(name="negative/int8", dims=[2], data_type=T.INT8, int32_data=[-1, -128]))
    tensors.append(T(name="empty/float32", dims=[0, 3], data_type=T.FLOAT))
    tensors.append(T(name="scalar/float32", data_type=T.FLOAT, float_data=[0.0]))
    names = [t.name for t in tensors] + [f"unpacked/{n}" for n in ("float32", "int64", "int32")]
    m = model([h.make_node("Use", ["x"] + names, ["y"])], initializers=tensors)
    # Appended by hand: a message written in two parts is the same as one.
    extra = b"".join(field(5, unpacked(n)) for n in ("float32", "int64", "int32"))
    with open(path, "wb") as f:
        f.write(m.SerializeToString() + field(7, extra))


def sparse(name, linear=True):
    # A dense [2, 3] of 0 1 2 3 4 5 has five entries that are not zero.
    positions = np.arange(1, 6, dtype=np.int64)
    indices = positions if linear else np.stack([positions // 3, positions % 3], 1)
    return h.make_sparse_tensor(
        numpy_helper.from_array(np.arange(1, 6, dtype=np.float32), name),
        numpy_helper.from_array(indices, name + "_indices"), [2, 3])


def constants(path):
    c = lambda y, **kw: h.make_node("Constant", [], [y], **kw)
    nodes = [
        c("value", value=numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3))),
        c("value_float", value_float=0.0), c("value_floats", value_floats=[0.0, 1.0]),
        c("value_int", value_int=0), c("value_ints", value_ints=[0, 1, 2]),
        c("sparse_value", sparse_value=sparse("")),
    ]
    names = [n.output[0] for n in nodes] + ["linear", "tuples"]
    nodes.append(h.make_node("Use", ["x"] + names, ["y"], name="use", ints=[4, 5],
                             floats=[0.5, 1.0], strings=["a", "b"], text="größe", number=3,
                             real=0.1))
    nodes[-1].attribute.append(h.make_attribute("none", [], attr_type=onnx.AttributeProto.INTS))
    m = model(nodes, sparse_initializer=[sparse("linear"), sparse("tuples", False)])
    onnx.save(m, path)


def function(name, nodes, inputs=("a",), outputs=("b",), opset=17, domain="local", **kw):
    return h.make_function(domain, name, list(inputs), list(outputs), nodes,
                           [h.make_opsetid("", opset), h.make_opsetid("local", 1)], **kw)


def refers(node, **names):
    """The node with attributes that are those of the function's call."""
    for name, outer in names.items():
        node.attribute.add(name=name, type=onnx.AttributeProto.FLOAT, ref_attr_name=outer)
    return node


def with_functions(nodes, functions, **kw):
    m = model(nodes, **kw)
    m.opset_import.append(h.make_opsetid("local", 1))
    m.functions.extend(functions)
    return m


def functions(path):
    """Calls: nested, with an attribute given, defaulted and absent, an operand left out, results
    that are operands, a name that the graph has already, and one of another operator set."""
    call = lambda op, x, y, **kw: h.make_node(op, x, y, domain="local", **kw)
    slope = lambda: [refers(h.make_node("Use", ["a", "", "c"], ["t"], name="inner", fixed=7),
                            alpha="slope", beta="other"),
                     h.make_node("Relu", ["t"], ["b"])]
    m = with_functions(
        [call("Slope", ["x", "x"], ["p/t"], name="p", slope=0.25),
         call("Slope", ["p/t"], ["q"], name="q"),
         call("Outer", ["q"], ["r"], name="outer", steep=0.75),
         call("Same", ["r"], ["s", "u"], name="same"),
         call("Older", ["s"], ["v"], name="older"),
         h.make_node("Use", ["u", "v"], ["y"], name="last")],
        [function("Slope", slope(), ("a", "c"), attributes=["other"],
                  attribute_protos=[h.make_attribute("slope", 0.5)]),
         function("Outer", [refers(call("Slope", ["a", "a"], ["b"], name="call"),
                                   slope="steep")], attributes=["steep"]),
         function("Same", [h.make_node("Relu", ["a"], ["t"])], outputs=("t", "a")),
         function("Older", [h.make_node("Relu", ["a"], ["b"])], opset=13)])
    onnx.save(m, path)


def net(path):
    """IR 3: every initializer is an input too; the nodes are out of order."""
    rng = np.random.RandomState(0)
    t = lambda name, *shape: numpy_helper.from_array(
        rng.uniform(0.1, 1, shape).astype(np.float32), name)
    weights = [t("c/w", 4, 3, 3, 3), t("c/b", 4), t("bn/g", 4), t("bn/b", 4), t("bn/m", 4),
               t("bn/v", 4), t("d/w", 4, 2), t("d/b", 2)]
    nodes = [
        h.make_node("Gemm", ["f", "d/w", "d/b"], ["logits"], name="d"),
        h.make_node("Conv", ["image", "c/w", "c/b"], ["c:0"], name="c", pads=[1, 1, 1, 1],
                    kernel_shape=[3, 3]),
        h.make_node("Flatten", ["p"], ["f"]),
        h.make_node("BatchNormalization", ["c:0", "bn/g", "bn/b", "bn/m", "bn/v"], ["n"], name="c"),
        h.make_node("GlobalAveragePool", ["r"], ["p"]),
        h.make_node("Relu", ["n"], ["r"]),
        h.make_node("Loop", ["p"], ["never read"]),
    ]
    inputs = [value("image", ["batch", 3, 8, 8])]
    inputs += [value(w.name, list(w.dims)) for w in weights]
    m = model(nodes, inputs, [value("logits", ["batch", 2])], weights, opset=8, ir=3)
    h.set_model_props(m, {"b": "2", "a": "1"})
    onnx.save(m, path)


def external_tensor(**entries):
    t = T(name="w", dims=[4], data_type=T.FLOAT, data_location=T.EXTERNAL)
    for key, text in entries.items():
        t.external_data.add(key=key, value=text)
    return t


def external(out, name, **entries):
    m = model([h.make_node("Use", ["x", "w"], ["y"])], initializers=[external_tensor(**entries)])
    with open(os.path.join(out, name), "wb") as f:
        f.write(m.SerializeToString())


def externals(out):
    with open(os.path.join(out, "external.bin"), "wb") as f:
        f.write(b"\xff" * 8 + np.arange(4, dtype="<f4").tobytes())
    external(out, "external.onnx", location="external.bin", offset="8", length="16")
    external(out, "external_short.onnx", location="external.bin", offset="8")
    for name, entries in {
        "parent": dict(location="../onnx/external.bin", offset="8"),
        "inner_parent": dict(location="a/../external.bin"),
        "absolute": dict(location="/etc/hostname"),
        "missing": dict(location="absent.bin"),
        "folder": dict(location="."),
        "length": dict(location="external.bin", offset="8", length="12"),
        "beyond": dict(location="external.bin", offset="12"),
        "offset": dict(location="external.bin", offset="-8"),
        "overflow": dict(location="external.bin", offset=str(2**63 - 1)),
        "location": dict(offset="8"),
        "link": dict(location="link.bin", offset="8"),
    }.items():
        external(out, f"broken_external_{name}.onnx", **entries)


def carried_external(path, type=T.FLOAT, **entries):
    """External data in attributes: of a node without a rule, and of a graph in it."""
    w = external_tensor(location="external.bin", offset="8", **entries)
    w.data_type = type
    body = h.make_graph([h.make_node("Add", ["x", "w"], ["t"])], "body", [], [value("t")], [w])
    onnx.save(model([h.make_node("Use", ["x"], ["y"], name="use", body=body, weight=w)]), path)


def bomb(levels):
    """Graph in attribute in node in graph ...: three messages a level."""
    graph = b""
    for _ in range(levels):
        graph = field(1, field(5, field(6, graph)))
    return field(1, varint(8), 0) + field(7, graph)


def broken(out):
    w = lambda dims, count: T(name="w", dims=dims, data_type=T.FLOAT, raw_data=bytes(4 * count))
    use = h.make_node("Use", ["x", "w"], ["y"], name="use")
    no_shape = model([relu()])
    no_shape.graph.input[0].type.tensor_type.ClearField("shape")
    no_opset = model([relu()])
    del no_opset.opset_import[:]
    no_graph = model([relu()])
    no_graph.ClearField("graph")
    no_type = model([relu()])
    no_type.graph.node[0].attribute.add(name="alpha", f=1)
    twice = model([relu()])
    twice.graph.node[0].attribute.extend([h.make_attribute("a", 1), h.make_attribute("a", 2)])
    outside = model([use])
    outside.graph.sparse_initializer.add().CopyFrom(sparse("w"))
    outside.graph.sparse_initializer[0].dims[:] = [1, 3]
    calls = lambda op: h.make_node(op, ["a"], ["b"], domain="local")
    call = h.make_node("First", ["x"], ["y"], name="call", domain="local")
    then = h.make_graph([relu("x", "t")], "then", [], [value("t")])
    for name, m in {
        "dims": model([use], initializers=[w([2, 2], 3)]),
        "dims_typed": model([use], initializers=[
            T(name="w", dims=[3], data_type=T.INT32, int32_data=[1, 2])]),
        "dims_negative": model([use], initializers=[w([-1, 4], 4)]),
        "dims_overflow": model([use], initializers=[w([2**32, 2**32], 4)]),
        "element_type": model([use], initializers=[
            T(name="w", dims=[1], data_type=T.STRING, string_data=[b"a"])]),
        "sparse": outside,
        "duplicate_initializer": model([use], initializers=[w([1], 1), w([1], 1)]),
        "duplicate_value": model([relu(name="a"), relu(name="b")]),
        "duplicate_input": model([relu()], [value("x"), value("x")]),
        "duplicate_attribute": twice,
        "undefined": model([relu("z", "y", "r")]),
        "undefined_output": model([relu("x", "z")]),
        "cycle": model([relu("b", "a", "n1"), relu("a", "b", "n2"), relu("b", "y")]),
        "unsupported": model([
            h.make_node("Loop", ["x"], ["a"], name="l"),
            h.make_node("Gelu", ["a"], ["b"], domain="com.example"),
            h.make_node("If", ["b"], ["y"], name="if", then_branch=then, else_branch=then)]),
        "function_cycle": with_functions(
            [call], [function("First", [calls("Second")]), function("Second", [calls("First")])]),
        "function_twice": with_functions([call], [function("First", [relu("a", "b")])] * 2),
        "function_operands": with_functions([call], [function("First", [], ())]),
        "function_growth": with_functions([call], [function("First", [calls("C0")])] + [
            function(f"C{k}", [calls(f"C{k + 1}")] * 8) for k in range(9)]),
        "reference": model([refers(relu(name="r"), alpha="slope")]),
        "opset": model([relu()], opset=6),
        "ir": model([relu()], ir=2),
        "no_opset": no_opset, "no_graph": no_graph, "no_shape": no_shape,
        "attribute_type": no_type,
        "rule": model([h.make_node("Refuse", ["x"], ["y"], name="r")]),
        "alias": model([h.make_node("Identity", ["x"], ["y"])]),
    }.items():
        with open(os.path.join(out, f"broken_{name}.onnx"), "wb") as f:
            f.write(m.SerializeToString())
    for name, data in {
        "nesting": bomb(700),
        "varint": b"\x08" + b"\xff" * 11,
        "length": b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        "wire_type": b"\x0b\x0c",
        "nul": field(1, varint(8), 0) + field(7, field(2, b"a\0b")),
        "kind": field(7, varint(3), 0),
        "empty": b"",
    }.items():
        with open(os.path.join(out, f"broken_{name}.onnx"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    encodings(os.path.join(out, "encodings.onnx"))
    constants(os.path.join(out, "constants.onnx"))
    functions(os.path.join(out, "functions.onnx"))
    net(os.path.join(out, "net.onnx"))
    externals(out)
    carried_external(os.path.join(out, "carried_external.onnx"))
    carried_external(os.path.join(out, "broken_carried_external.onnx"), T.FLOAT8E4M3FN)
    broken(out)
