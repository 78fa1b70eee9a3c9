#!/usr/bin/env python3
"""Count from outside how much of a model's work shrank: multiply-accumulates by the files alone.

    mac_share.py FULL.onnx SLIM.onnx [--inputs X.npz] [--layers]

Extents are those that onnxruntime gives for one sample; layers of both files are matched by the name
of their result.  A layer shrank if it does fewer multiply-accumulates in SLIM.  --layers lists those
that didn't.
"""
import argparse
import math
import pathlib
import sys

import numpy as np
import onnx

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from channel_masks import attributes, quiet_session  # noqa: E402

CONTRACTIONS = {"Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum"}


def contractions(model):
    """The nodes that multiply something computed from the inputs."""
    constants = {t.name for t in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if all(i in constants for i in node.input if i):
            constants.update(node.output)
        elif node.op_type in CONTRACTIONS and not node.domain:
            found.append(node)
    return found


def shapes(path, model, nodes, image):
    """The extents of what the nodes read and give, for one sample."""
    weights = {t.name: list(t.dims) for t in model.graph.initializer}
    inputs = {i.name for i in model.graph.input}
    wanted = {n for node in nodes for n in [*node.input, *node.output] if n}
    wanted = sorted(wanted - set(weights) - inputs)
    watched = onnx.load(str(path))
    del watched.graph.output[:]
    watched.graph.output.extend(onnx.ValueInfoProto(name=n) for n in wanted)
    name = next(i.name for i in model.graph.input if i.name not in weights)
    results = quiet_session(watched, optimise=False).run(wanted, {name: image})
    found = {n: list(r.shape) for n, r in zip(wanted, results)}
    return {**weights, **found, name: list(image.shape)}


def macs(node, extents):
    """The multiply-accumulates of one node."""
    a, b = (extents[i] for i in node.input[:2]) if len(node.input) > 1 else (None, [])
    made = math.prod(extents[node.output[0]])
    if node.op_type == "Conv":
        return made * math.prod(b[1:])
    if node.op_type == "ConvTranspose":
        return math.prod(a) * math.prod(b[1:])
    if node.op_type == "Gemm":
        return made * a[0 if attributes(node).get("transA") else 1]
    if node.op_type == "MatMul":
        return made * a[-1]
    terms = attributes(node)["equation"].decode().replace(" ", "").split("->")[0].split(",")
    letters = {}
    for term, name in zip(terms, node.input):
        if "." in term:
            raise ValueError(f"an Einsum of {terms}")
        letters.update(zip(term, extents[name]))
    return math.prod(letters.values()) if len(terms) > 1 else 0


def count(path, image):
    """The multiply-accumulates of every contraction, by the name of its result."""
    model = onnx.load(str(path))
    nodes = contractions(model)
    extents = shapes(path, model, nodes, image)
    return {node.output[0]: macs(node, extents) for node in nodes}


def share(full, slim, image):
    """(the share of FULL's multiply-accumulates in layers that shrank, all of FULL, all of SLIM,
    the layers that didn't shrink with theirs)."""
    before, after = count(full, image[:1]), count(slim, image[:1])
    unknown = set(before) - set(after)
    if unknown:
        raise ValueError(f"{len(unknown)} layers are not in the other file: {sorted(unknown)[:3]}")
    kept = {name: n for name, n in before.items() if after[name] >= n}
    total = sum(before.values())
    return 1 - sum(kept.values()) / max(total, 1), total, sum(after.values()), kept


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("full", type=pathlib.Path)
    ap.add_argument("slim", type=pathlib.Path)
    ap.add_argument("--inputs", type=pathlib.Path, help="an .npz with in_0")
    ap.add_argument("--layers", action="store_true")
    a = ap.parse_args()
    if a.inputs:
        with np.load(a.inputs) as case:
            image = case["in_0"]
    else:
        edge = onnx.load(str(a.full), load_external_data=False).graph.input[0]
        image = np.zeros([d.dim_value or 1 for d in edge.type.tensor_type.shape.dim], np.float32)
    part, total, left, kept = share(a.full, a.slim, image)
    print(f"{100 * part:.2f} % of {total:,} multiply-accumulates stand in layers that shrank; "
          f"{left:,} are left")
    if a.layers:
        for name, n in sorted(kept.items(), key=lambda pair: -pair[1]):
            print(f"{100 * n / total:7.3f} %  {name}")


if __name__ == "__main__":
    main()
